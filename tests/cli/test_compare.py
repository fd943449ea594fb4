"""`quals compare`: the table, the file and the page, and what is wrong with the rows."""

import json

import pytest

from quals_jax.commands.text_table import text_table
from tests.cli.conftest import write_rows


@pytest.fixture
def systems(tmp_path):
    """Scores of two systems that also hold the summaries."""
    paths = []
    for name, gain in (("mle", 0.0), ("conseq", 0.2)):
        rows = [
            {
                "id": i,
                "document": f"Document {i}.",
                "summary": f"{name} wrote {i}.",
                "rouge1": 0.4,
                "quals": -i / 10 + (gain if i % 4 else 0.0),
            }
            for i in range(12)
        ]
        paths.append(write_rows(tmp_path / f"{name}.jsonl", rows))
    return paths


def test_table_file_and_page(quals, systems, tmp_path):
    output, page = tmp_path / "new" / "c.json", tmp_path / "page" / "c.html"
    done = quals("compare", *systems, "-o", output, "--page", page, "--num-resamples", "50")
    assert done.status == 0
    text = done.out.decode()
    assert "12 rows of 12 documents; a difference is mle less conseq" in text
    # By hand: nine of twelve rows differ by 0.2; of 2**12 exchanges of these nine, 2 in 512.
    (line,) = [line.split() for line in text.splitlines() if line.startswith("quals ")]
    assert line[1:5] == ["12", "-0.550", "-0.400", "-0.150"]
    assert line[-4:] == ["0.0039", "0", "3", "9"]
    assert "conseq is better by most (quals) in rows " in text
    results = json.loads(output.read_text("utf-8"))
    assert [m["name"] for m in results["metrics"]] == ["quals", "rouge1"]
    assert results["rows"][1]["summaries"] == ["mle wrote 1.", "conseq wrote 1."]
    html = page.read_text("utf-8")
    assert "<mark>conseq</mark> wrote 1." in html
    assert "There is no row where mle is better." in html
    assert (page.parent / "plots" / "comparison.svg").exists()


def test_names_and_ids_of_the_files_cannot_steer_the_terminal(quals, tmp_path):
    steer = "\x1b]0;owned\x07\x1b[2J"
    scores = [
        [{"id": f"{i}{steer}", f"quals{steer}": i * gain} for i in range(12)] for gain in (1, 2)
    ]
    assert text_table([["a\x1b", "1"], ["bbbbb", "22"]]) == "a\\x1b   1\nbbbbb  22"
    files = [write_rows(tmp_path / f"{i}.jsonl", rows) for i, rows in enumerate(scores)]
    done = quals("compare", *files, "--num-resamples", "20")
    assert done.status == 0
    shown = done.out.decode() + done.messages
    assert r"quals\x1b]0;owned" in shown
    assert r"11\x1b]0;owned" in shown
    write_rows(files[1], scores[1] + scores[1])
    done = quals("compare", *files)
    assert done.status == 2
    (tmp_path / "row\x1b.jsonl").touch()
    failed = quals("compare", tmp_path / "rows.jsonl", files[0])
    assert r"did you mean row\x1b.jsonl" in failed.messages
    assert (shown + done.messages + failed.messages).replace("\n", "").isprintable()


def test_texts_come_from_other_files(quals, systems, tmp_path):
    bare = []
    for path in systems:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        scores = [{"id": row["id"], "metrics": {"quals": row["quals"]}} for row in rows]
        bare.append(write_rows(tmp_path / f"{path.stem}.scores.jsonl", scores))
    page = tmp_path / "c.html"
    done = quals("compare", *bare, "--page", page)
    assert "the page has no summaries: --texts names the files" in done.messages
    assert "the text was not given" in page.read_text("utf-8")
    done = quals("compare", *bare, "--texts", *systems, "--page", page, "--names", "M", "C")
    assert done.status == 0
    assert "<mark>conseq</mark> wrote 1." in page.read_text("utf-8")
    assert "M beside C" in page.read_text("utf-8")


def test_bad_rows_and_usage_are_status_2(quals, systems, tmp_path):
    a, b = systems
    bad = write_rows(tmp_path / "bad.jsonl", [{"id": "x", "quals": 1}])
    for arguments, message in (
        ((a, bad), "the files have no id in common"),
        ((a, b, "--metrics", "qual"), "did you mean quals?"),
        ((a, b, "-o", a), "name another output"),
        ((a, b, "--tie-within", "-1"), "--tie-within must not be below 0"),
        ((a, tmp_path / "conse.jsonl"), "did you mean conseq.jsonl"),
        ((a, b, "--texts", a, bad), "'summary' is no text or missing"),
        ((a,), "required: B"),
    ):
        done = quals("compare", *arguments)
        assert done.status == 2
        assert message in done.messages
        assert done.out == b""
    nan = write_rows(tmp_path / "nan.jsonl", [{"id": 1, "quals": float("nan")}])
    assert "line 1: 'quals' is nan" in quals("compare", a, nan).messages
    twice = write_rows(tmp_path / "twice.jsonl", [{"id": 1, "quals": 1}] * 2)
    assert "occurs in lines 1 and 2" in quals("compare", a, twice).messages
