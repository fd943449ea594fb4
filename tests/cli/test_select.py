"""`quals select`: files in, contrast rows out; what it refuses."""

import csv
import json

import pytest

from tests.cli.conftest import read_rows, write_rows
from tests.selection.official import CASES, documents_300, written

FILES = ("samples", "scores", "references", "reference_scores")


def write_files(folder, documents):
    """The documents as the four files of the command; its arguments for them."""
    rows = {name: [] for name in FILES}
    for document in documents:
        (pool,) = document.pools
        texts = [sample.text for sample in pool]
        scores = [{"quals": sample.score, "answer": -5.0} for sample in pool]
        rows["samples"].append(
            {"id": document.id, "document": document.document, "summaries": texts}
        )
        rows["scores"].append({"id": document.id, "scores": scores})
        reference = document.reference
        rows["references"].append(
            {"id": document.id, "document": document.document, "summary": reference.text}
        )
        rows["reference_scores"].append(
            {"id": document.id, "quals": reference.score, "answer": -float(document.id)}
        )
    paths = {name: write_rows(folder / f"{name}.jsonl", rows[name]) for name in FILES}
    return [paths["samples"], *flags(paths, "scores", "references", "reference_scores")]


def flags(paths, *names):
    return [part for name in names for part in (f"--{name.replace('_', '-')}", paths[name])]


@pytest.fixture
def arguments(tmp_path):
    return write_files(tmp_path, documents_300("eval_ns-ns"))


def test_the_official_sets_come_out_of_our_files(quals, tmp_path, arguments):
    output = tmp_path / "contrast.jsonl"
    done = quals("select", *arguments, "-o", output)
    assert done.status == 0, done.messages
    rows = read_rows(output)
    official = CASES["make_lm_0.3_0.3"]["outputs"]
    assert {(row["document"], row["negative"]) for row in rows} == written(official, "untarget")
    assert {(row["document"], row["positive"]) for row in rows} == written(official, "target")
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids)
    assert list(rows[0]) == [
        "id",
        "document",
        "negative",
        "negative_score",
        "positive",
        "positive_score",
    ]
    drops = read_rows(tmp_path / "contrast.jsonl.drops.jsonl")
    assert sorted(ids + [row["id"] for row in drops]) == list(range(300))
    statistics = json.loads((tmp_path / "contrast.jsonl.statistics.json").read_text("utf-8"))
    assert statistics["num_documents"] == len(rows) == 25
    assert sum(statistics["drops"].values()) == len(drops) == 275
    assert statistics["settings"]["rule"] == "quals"
    positive, negative = (
        sum(row[f"{side}_score"] for row in rows) / 25 for side in ("positive", "negative")
    )
    assert negative < -2 < positive
    wanted = f"25 of 300 documents, S+ 25 (mean {positive:.4g}), S- 25 (mean {negative:.4g})"
    assert wanted in done.messages
    assert not list(tmp_path.glob("*.part"))


def test_the_same_command_again_gives_the_same_bytes(quals, tmp_path, arguments):
    output = tmp_path / "contrast.jsonl"
    command = ("select", *arguments, "-o", output, "--rule", "random", "--seed", 3)
    contents = []
    for _ in range(2):
        assert quals(*command, "--quiet").messages == ""
        contents.append([path.read_bytes() for path in sorted(tmp_path.glob("contrast*"))])
    assert contents[0] == contents[1]
    assert len(contents[0]) == 3
    done = quals("select", *arguments, "-o", output, "--rule", "random", "--seed", 4)
    assert done.status == 2
    assert "seed: 3 there, 4 now" in done.messages
    assert [path.read_bytes() for path in sorted(tmp_path.glob("contrast*"))] == contents[0]
    assert quals(*command[:-1], 4, "--restart").status == 0
    assert len(read_rows(output)) == 25  # as many as by QUALS
    assert output.read_bytes() not in contents[0]


@pytest.mark.parametrize("rule", ["quals", "random"])
def test_separate_sets_as_csv(quals, tmp_path, arguments, rule):
    output = tmp_path / "sets.csv"
    done = quals("select", *arguments, "-o", output, "--separate", "--rule", rule)
    assert done.status == 0
    rows = list(csv.DictReader(output.open(encoding="utf-8")))
    assert sum(row["negative"] != "" for row in rows) == 90
    assert sum(row["positive"] != "" for row in rows) == 90
    assert any(row["positive"] == "" for row in rows)


def test_rule_answer_reads_the_answer_score(quals, tmp_path, arguments):
    output = tmp_path / "sets.jsonl"
    ratios = ("--negative-ratio", 1, "--positive-ratio", 0.01)
    assert quals("select", *arguments, "-o", output, "--rule", "answer", *ratios).status == 0
    assert [row["id"] for row in read_rows(output)] == [0, 1, 2]
    assert read_rows(output)[1]["positive_score"] == -1.0


def test_rouge_needs_no_scores_when_its_size_is_given(quals, tmp_path):
    texts = [("a b c", ["a b c", "a b x"]), ("a b c", ["x y z", "a b c"]), ("a b c", ["a b c"])]
    rows = [
        {"document": f"d{i}", "summary": reference, "summaries": samples}
        for i, (reference, samples) in enumerate(texts)
    ]
    samples = [{k: row[k] for k in ("document", "summaries")} for row in rows]
    references = [{"text": row["summary"]} for row in rows]
    done = quals(
        "select",
        write_rows(tmp_path / "samples.jsonl", samples),
        *("--references", write_rows(tmp_path / "references.jsonl", references)),
        *("--summary-key", "text", "--rule", "rouge", "--num-documents", 2),
        *("-o", tmp_path / "out.jsonl"),
    )
    assert done.status == 0, done.messages
    assert [(row["id"], row["negative"]) for row in read_rows(tmp_path / "out.jsonl")] == [
        (1, "a b x"),
        (2, "x y z"),
    ]


def test_pools_are_merged_and_failed_rows_are_dropped(quals, tmp_path):
    error = {"status": "error", "code": "empty_document", "message": "…"}
    rows = [{"id": i, "document": f"d{i}", "summaries": [f"s{i}", "t"]} for i in range(4)]
    rows[3] = {"id": 3, **error}
    scores = [{"id": i, "scores": [{"quals": -i}, {"quals": None}]} for i in range(3)]
    more = [{"id": str(i), "document": f"d{i}", "summary": f"more {i}"} for i in range(4)]
    more_scores = [{"id": i, "quals": [-1, -1, -1, None][i]} for i in range(4)]
    done = quals(
        *("select", write_rows(tmp_path / "s.jsonl", rows)),
        *("--scores", write_rows(tmp_path / "c.jsonl", [*scores, {"id": 3, **error}])),
        *("--pool", write_rows(tmp_path / "s2.jsonl", more)),
        *(write_rows(tmp_path / "c2.jsonl", more_scores), "--negative-ratio", 1),
        *("-o", tmp_path / "out.jsonl"),
    )
    assert done.status == 0, done.messages
    assert [(row["negative"], row["positive"]) for row in read_rows(tmp_path / "out.jsonl")] == [
        ("more 0", None),
        ("more 1", None),
        ("s2", None),
    ]
    (drop,) = read_rows(tmp_path / "out.jsonl.drops.jsonl")
    assert drop == {"id": 3, "side": "negative", "reason": "no_sample"}


def test_scores_are_read_from_tables_too(quals, tmp_path, arguments):
    samples, scores = tmp_path / "samples.jsonl", tmp_path / "scores.csv"
    with scores.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "scores"])
        writer.writeheader()
        for row in read_rows(tmp_path / "scores.jsonl"):
            writer.writerow({"id": row["id"], "scores": json.dumps(row["scores"])})
    for name, path in (("csv", scores), ("jsonl", tmp_path / "scores.jsonl")):
        output = tmp_path / f"{name}.out.jsonl"
        assert quals("select", samples, "--scores", path, "-o", output).status == 0
    outputs = [(tmp_path / f"{name}.out.jsonl").read_bytes() for name in ("csv", "jsonl")]
    assert outputs[0] == outputs[1] != b""


def test_nothing_chosen_is_a_failure_that_shows_why(quals, tmp_path):
    rows = [{"id": 1, "document": "d", "summaries": ["s"]}]
    scores = [{"id": 1, "scores": [{"quals": None}]}]
    done = quals(
        *("select", write_rows(tmp_path / "s.jsonl", rows)),
        *("--scores", write_rows(tmp_path / "c.jsonl", scores)),
        *("-o", tmp_path / "out.jsonl", "--negative-ratio", 1),
    )
    assert done.status == 1
    assert "error: " in done.messages
    assert "0 of 1 documents" in done.messages
    assert "dropped: sample_not_scored 1" in done.messages
    assert read_rows(tmp_path / "out.jsonl") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "--rule quals needs --scores"),
        ("--rule rouge --num-documents 3", "--rule rouge needs --references"),
        ("--rule random", "needs --scores, or its size by --num-documents"),
        ("--scores S --positive-ratio 0.5", "--positive-ratio needs --reference-scores"),
        ("--scores S --reference-scores S", "--reference-scores needs --references"),
        ("--scores S --separate", "--separate needs --reference-scores"),
        ("--scores S --negative-ratio 0", "negative_ratio is 0.0, expected 0 < negative_ratio"),
        ("--scores S --num-documents 3", "--num-documents is for --rule rouge and --rule random"),
        (
            "--rule rouge --references S --num-documents 3 --negative-ratio 1",
            "--num-documents and ratios exclude each other",
        ),
        ("--scores S --rule random --references S --highest", "--highest means nothing"),
        ("--scores S --seed 3", "--seed is for --rule random"),
        (
            "--scores S --rule rouge --references S --reference-scores S --separate",
            "--rule rouge has no --separate",
        ),
        ("--scores scors.jsonl", "scors.jsonl: no such file"),
    ],
)
def test_options_that_do_not_fit_are_refused(quals, tmp_path, options, message):
    path = write_rows(tmp_path / "s.jsonl", [{"id": 1, "document": "d", "summaries": ["s"]}])
    given = [path if part == "S" else part for part in options.split()]
    done = quals("select", path, "-o", tmp_path / "out.jsonl", *given)
    assert done.status == 2
    assert message in done.messages
    assert [file.name for file in tmp_path.iterdir()] == ["s.jsonl"]


SAMPLE = {"id": 1, "document": "d", "summaries": ["s", "t"]}
SCORE = {"id": 1, "scores": [{"quals": -1.0}, {"quals": -2.0}]}


@pytest.mark.parametrize(
    ("samples", "scores", "message"),
    [
        ([SAMPLE], [SCORE | {"id": 2}], "only in {folder}/s.jsonl: '1'\n"),
        ([SAMPLE], [SCORE | {"id": 2}], "only in {folder}/c.jsonl: '2'\n"),
        ([SAMPLE], [{"id": 1, "quals": -1.0}], "2 summaries of id 1, but {folder}/c.jsonl, line 1"),
        ([SAMPLE, SAMPLE], [SCORE], "{folder}/s.jsonl: the id 1 occurs in lines 1 and 2"),
        ([SAMPLE], [SCORE, SCORE], "{folder}/c.jsonl: the id 1 occurs in lines 1 and 2"),
        ([SAMPLE], [SAMPLE], "{folder}/c.jsonl, line 1: 'quals' is missing among the scores"),
        (
            [SAMPLE],
            [{"id": 1, "scores": [{"quals": "low"}, {"quals": 0}]}],
            "'quals' is 'low'; a number or null is expected",
        ),
        ([{"id": 1, "document": "d"}], [SCORE], "{folder}/s.jsonl, line 1: 'summary' is missing"),
        ([], [], "there are no documents to select from"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(quals, tmp_path, samples, scores, message):
    done = quals(
        *("select", write_rows(tmp_path / "s.jsonl", samples)),
        *("--scores", write_rows(tmp_path / "c.jsonl", scores), "-o", tmp_path / "out.jsonl"),
    )
    assert done.status == 2
    assert message.replace("{folder}", str(tmp_path)) in done.messages
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.jsonl", "s.jsonl"]


def test_what_is_not_ours_is_not_overwritten(quals, tmp_path, arguments):
    done = quals("select", *arguments, "-o", tmp_path / "samples.jsonl", "--restart")
    assert done.status == 2
    assert "is both input and output" in done.messages
    other = write_rows(tmp_path / "other.jsonl", [{"id": 1}])
    done = quals("select", *arguments, "-o", other)
    assert done.status == 2
    assert "exists and was not written by this command" in done.messages
    assert read_rows(other) == [{"id": 1}]
    done = quals("select", *arguments, "-o", tmp_path / "none" / "out.jsonl")
    assert done.status == 2
    assert "does not exist; create it" in done.messages
