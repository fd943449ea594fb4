"""`quals study`: two files in, a page and a key out; answers in, a report out."""

import json

import pytest

from tests.cli.conftest import write_rows
from tests.evaluation.made_up_study import exported


def rows(system, ids=range(5), **more):
    return [
        {"id": i, "document": f"Document {i}.", "summary": f"{system} {i}", **more} for i in ids
    ]


@pytest.fixture
def files(tmp_path):
    """The rows of two systems."""
    return [write_rows(tmp_path / f"{name}.jsonl", rows(name)) for name in ("mle", "conseq")]


def test_page_and_key_are_written_and_the_way_on_is_told(quals, tmp_path, files):
    folder = tmp_path / "study"
    done = quals("study", "make", *files, "-o", folder, "--annotators", "2")
    assert (done.status, done.out) == (0, b"")
    study = json.loads((folder / "study.json").read_text("utf-8"))
    assert study["systems"] == ["mle", "conseq"]
    assert len(study["orders"]) == 2
    assert "5 documents drawn of 5, fewer than the 100 asked for" in done.messages
    assert f"answers-{study['study']}-*.json" in done.messages
    assert study["study"] in (folder / "annotate.html").read_text("utf-8")
    before = (folder / "study.json").read_bytes()
    assert quals("study", "make", *files, "-o", folder, "--annotators", "2").status == 0
    assert (folder / "study.json").read_bytes() == before


def test_the_key_of_another_study_is_never_overwritten(quals, tmp_path, files):
    folder = tmp_path / "study"
    assert quals("study", "make", *files, "-o", folder).status == 0
    before = (folder / "study.json").read_bytes()
    done = quals("study", "make", *files, "-o", folder, "--seed", "2")
    assert done.status == 2
    assert "holds the key of another study" in done.messages
    assert (folder / "study.json").read_bytes() == before


def test_a_report_is_made_of_the_answers(quals, tmp_path, files):
    folder = tmp_path / "study"
    quals("study", "make", *files, "-o", folder, "--names", "MLE", "ConSeq", "--annotators", "2")
    study = json.loads((folder / "study.json").read_text("utf-8"))
    paths = []
    for annotator in (1, 2):
        paths.append(tmp_path / f"answers-{annotator}.json")
        content = exported(study, annotator, lambda item, question: -1)
        paths[-1].write_text(json.dumps(content), "utf-8")
    arguments = ("study", "report", folder / "study.json")
    done = quals(*arguments, *paths, "-o", folder / "report.html")
    assert done.status == 0
    assert "ConSeq in 5" in (folder / "report.html").read_text("utf-8").replace("</b>", "").replace(
        "<b>", ""
    )
    figures = json.loads((folder / "report.json").read_text("utf-8"))
    assert figures["datasets"][0]["questions"]["grammar"]["majority"]["worse"] == 5

    done = quals(*arguments, paths[0], paths[0], "-o", tmp_path / "no.html")
    assert done.status == 2
    assert "annotator 1 is already in" in done.messages
    content["items"].popitem()
    paths[1].write_text(json.dumps(content), "utf-8")
    done = quals(*arguments, *paths, "-o", tmp_path / "no.html")
    assert done.status == 2
    assert "answers-2.json, annotator 2: 1 of 5 documents" in done.messages
    assert "--allow-missing" in done.messages
    assert not (tmp_path / "no.html").exists()
    done = quals(*arguments, *paths, "-o", tmp_path / "no.html", "--allow-missing")
    assert done.status == 0


def test_a_report_never_overwrites_what_it_is_made_of(quals, tmp_path, files):
    folder = tmp_path / "study"
    quals("study", "make", *files, "-o", folder)
    before = (folder / "study.json").read_bytes()
    study = json.loads(before)
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(exported(study, 1, lambda item, question: 0)), "utf-8")
    arguments = ("study", "report", folder / "study.json", answers, "-o")
    for name in (folder / "study.html", tmp_path / "answers.html"):
        done = quals(*arguments, name)
        assert done.status == 2
        assert "which is an input; choose another name" in done.messages
        assert not name.exists()
    assert (folder / "study.json").read_bytes() == before
    done = quals(*arguments, tmp_path / "report.json")
    assert done.status == 2
    assert "ends in .html" in done.messages


def test_data_sets_documents_and_errors_of_the_rows(quals, tmp_path):
    first = rows("a", range(4), dataset="news") + rows("a", range(3), dataset="talk")
    first[0]["document"] = "  "
    second = [
        {key: row[key] for key in ("id", "summary", "dataset")} | {"summary": "b"} for row in first
    ]
    second[2] = {"id": 2, "dataset": "news", "status": "error", "code": "x", "message": "y"}
    paths = [write_rows(tmp_path / n, r) for n, r in (("a.jsonl", first), ("b.jsonl", second))]
    done = quals("study", "make", *paths, "-o", tmp_path / "study", "--num-documents", "2")
    assert done.status == 0
    assert "a.jsonl: 1 summaries of documents that the other file lacks" in done.messages
    assert "1 documents are empty and left out" in done.messages
    assert "news: 2 documents drawn of 2" in done.messages
    assert "talk: 2 documents drawn of 3" in done.messages
    study = json.loads((tmp_path / "study" / "study.json").read_text("utf-8"))
    assert {item["id"] for item in study["items"] if item["dataset"] == "news"} == {1, 3}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (rows("b", range(7, 9)), "have no document in common"),
        (rows("b") + rows("b", [3]), "line 6: the id 3 is already on line 4"),
        ([{"id": 0, "document": "Other.", "summary": "s"}], "document 0 is not the same in"),
        ([{"id": 0, "document": "d"}], "line 1: 'summary' is missing"),
        ([{"id": 0, "summaries": ["a", "b"]}], "line 1: 2 summaries; a study compares one"),
        (rows("b", dataset=3), "line 1: 'dataset' is not a text"),
        ([], "have no document in common"),
    ],
)
def test_rows_that_do_not_fit_are_named(quals, tmp_path, files, second, message):
    other = write_rows(tmp_path / "other.jsonl", second)
    done = quals("study", "make", files[0], other, "-o", tmp_path / "study")
    assert done.status == 2
    assert message in done.messages
    assert "other.jsonl" in done.messages
    assert not (tmp_path / "study").exists()


def test_files_that_are_no_study_are_refused(quals, tmp_path, files):
    answers = tmp_path / "answers.json"
    answers.write_text("{}", "utf-8")
    done = quals("study", "report", answers, answers, "-o", tmp_path / "r.html")
    assert done.status == 2
    assert f"{answers}: not the key of a study" in done.messages
    done = quals("study", "report", files[0], answers, "-o", tmp_path / "r.html")
    assert done.status == 2
    assert "line 2, column 1" in done.messages
    done = quals("study", "make", files[0], files[0], "-o", tmp_path / "study")
    assert done.status == 2
    assert "both systems are called" in done.messages
    done = quals("study", "make", *files, "-o", answers)
    assert done.status == 2
    assert f"{answers} is a file; a folder is expected" in done.messages
