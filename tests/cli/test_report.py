"""`quals report`: the page and the plots, or what is wrong with the file."""

import json
import sys

from quals_jax.report.plots import WITHOUT_MATPLOTLIB
from tests.report.made_up_conseq import made_up_conseq


def _written(path, **changes):
    results = made_up_conseq() | {"qagen": None, "picture": None} | changes
    path.write_text(json.dumps(results), "utf-8")
    return path


def test_page_and_plots_are_written(quals, tmp_path):
    source = _written(tmp_path / "results.json", scores=None, training=None)
    done = quals("report", source, "-o", tmp_path / "out" / "run.html")
    assert (done.status, done.out) == (0, b"")
    assert done.messages.splitlines()[-1].startswith(f"wrote {tmp_path / 'out' / 'run.html'} and ")
    assert "91.8" in (tmp_path / "out" / "run.html").read_text("utf-8")
    names = sorted(path.name for path in (tmp_path / "out" / "plots").iterdir())
    assert names == [f"{n}.{k}" for n in ("factuality_rouge", "systems") for k in ("png", "svg")]


def test_without_matplotlib_the_page_is_written_and_the_extra_is_named(
    quals, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = quals("report", _written(tmp_path / "r.json"), "-o", tmp_path / "run.html")
    assert done.status == 0
    assert WITHOUT_MATPLOTLIB in done.messages
    assert (tmp_path / "run.html").exists()
    assert {path.suffix for path in (tmp_path / "plots").iterdir()} == {".svg"}


def test_what_is_wrong_with_the_file_is_named(quals, tmp_path):
    output = tmp_path / "run.html"
    done = quals("report", _written(tmp_path / "r.json", seed="one"), "-o", output)
    assert done.status == 2
    assert f"{tmp_path / 'r.json'}: not the results of a ConSeq run" in done.messages
    assert "results.seed: expected int, got 'one'" in done.messages
    (tmp_path / "bad.json").write_text("{", "utf-8")
    done = quals("report", tmp_path / "bad.json", "-o", output)
    assert done.status == 2
    assert done.messages.count("bad.json") == 1
    assert "line 1, column 2" in done.messages
    assert quals("report", tmp_path / "none.json", "-o", output).status == 2
    assert not output.exists()
