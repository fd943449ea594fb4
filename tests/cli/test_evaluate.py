"""`quals evaluate`: rows, reasons and means of several metrics in one pass."""

import json
import shutil
import sys

import pytest

from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.commands.evaluate import DEFAULT_METRICS
from quals_jax.metrics.bartscore import BartScore
from quals_jax.metrics.metric import Example
from quals_jax.metrics.ngrams import NgramPrecision
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.metrics.registry import METRICS, MetricOptions, load_metrics
from tests import golden_files, tolerances
from tests.checkpoints import write_encoder
from tests.cli.conftest import read_rows, write_rows

WORLD = golden_files.path("world_qagen")
ROWS = [
    {"id": "a", "document": "Ann Lee met Bob in Rome.", "summary": "Ann met Carl."},
    {"id": "b", "document": "It rained in Paris.", "summary": ""},
    {"document": "It rained in Paris.", "summaries": ["In Paris it rained.", "no"]},
    {"id": "c", "document": "It rained in Paris.", "summary": 7},
]


@pytest.fixture
def source(tmp_path):
    return write_rows(tmp_path / "in.jsonl", ROWS)


def test_every_number_is_there_or_has_its_reason(quals, tmp_path, source):
    done = quals("evaluate", source, "-o", tmp_path / "out.jsonl", "--entity-spans", "rules")
    assert done.status == 2  # one row cannot be used
    assert "line 4: 'summary' is the number 7" in done.messages
    first, second, third, fourth = read_rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in (first, second, third, fourth)] == ["a", "b", 3, "c"]
    no_reference = {"entity_precision_target": None, "entity_recall_target": None}
    grams = dict.fromkeys(NgramPrecision.keys)
    assert first["metrics"] == no_reference | {
        "entity_precision": 0.0,
        "ngram1_precision": 0.666667,
        "ngram2_precision": 0.0,
        "ngram3_precision": 0.0,
    }
    assert first["reasons"] == {}
    assert second["metrics"] == no_reference | grams | {"entity_precision": None}
    assert second["reasons"] == {"ngram": "empty_summary", "entities": "empty_summary"}
    assert [score["metrics"]["ngram1_precision"] for score in third["scores"]] == [1.0, 0.0]
    assert third["scores"][1]["reasons"] == {"entities": "no_entities"}
    assert second["document_sha256"] == third["document_sha256"] != first["document_sha256"]
    assert (fourth["status"], fourth["code"]) == ("error", "bad_type")


def test_the_summary_has_means_intervals_and_signatures(quals, tmp_path, source):
    out = tmp_path / "out.jsonl"
    done = quals("evaluate", source, "-o", out, "--metrics", "ngram")
    path = tmp_path / "out.jsonl.summary.json"
    summary = json.loads(path.read_text("utf-8"))
    assert summary["signatures"] == {"ngram": NgramPrecision.signature}
    # Three summaries of two documents: 2/3 | 1, 0; a resample has one of them or both.
    assert summary["metrics"]["ngram1_precision"] == {
        "value": pytest.approx(5 / 9, abs=1e-6),
        "interval": [0.5, pytest.approx(2 / 3, abs=1e-6)],
        "num_rows": 3,
    }
    assert summary["metrics"]["ngram3_precision"]["num_rows"] == 2
    assert "ngram1_precision  0.5556  0.5000 to 0.6667          3" in done.messages
    assert "no number: ngram empty_summary 1" in done.messages
    # Lost between the rows and their sums: the same command again makes it anew.
    before = path.read_bytes()
    path.unlink()
    again = quals("evaluate", source, "-o", out, "--metrics", "ngram")
    assert "finished already" in again.messages
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl.xz"])
def test_other_formats_come_to_the_same_figures(quals, tmp_path, source, suffix):
    sums = []
    for name in ("out.jsonl", f"out.{suffix}"):
        made = quals("evaluate", source, "-o", tmp_path / name).messages
        path = tmp_path / f"{name}.summary.json"
        sums.append(path.read_bytes())
    path.unlink()
    again = quals("evaluate", source, "-o", tmp_path / f"out.{suffix}").messages
    assert sums == [path.read_bytes()] * 2
    assert made.partition("\nmean")[2] == again.partition("\nmean")[2] != ""


def test_standard_output_has_the_rows_and_the_table_goes_to_the_messages(quals, source):
    done = quals("evaluate", source, "--metrics", "ngram")
    assert len(done.out.splitlines()) == 4
    assert "ngram1_precision  0.5556" in done.messages
    assert quals("evaluate", source, "--metrics", "ngram", "--quiet").messages == ""


def test_references_are_needed_by_rouge_and_may_be_unknown(quals, tmp_path):
    row = {"document": "d", "summary": "the cat"}
    rows = [row | {"target": "the cat"}, row | {"target": None}, row | {"target": ""}, row]
    source = write_rows(tmp_path / "in.jsonl", rows)
    command = ("evaluate", source, "--metrics", "rouge", "--reference-key", "target")
    done = quals(*command)
    assert done.status == 2
    assert "'target' is missing" in done.messages
    assert "where it is not known, write null" in done.messages
    found = [json.loads(line) for line in done.out.splitlines()]
    assert found[0]["metrics"]["rouge2"] == 1.0
    assert [row["reasons"] for row in found[1:3]] == [{"rouge": "no_reference"}] * 2
    assert found[3]["code"] == "missing_key"
    done = quals(*command, "--max-errors", "0")
    assert done.status == 2
    assert done.out == b""


def test_a_model_gives_the_numbers_of_the_library(quals, tmp_path):
    texts = [("Ann Lee moved to Rome. She sings.", "Ann Lee moved to Paris."), ("It rained.", " ")]
    source = write_rows(
        tmp_path / "in.jsonl", [{"document": document, "summary": text} for document, text in texts]
    )
    command = ("evaluate", source, "--metrics", "bartscore,ngram")
    done = quals(*command, "--bartscore-model", WORLD)
    assert done.status == 0, done.messages
    first, second = (json.loads(line) for line in done.out.splitlines())
    bartscore = BartScore(load_model_folder(WORLD))
    (row,) = bartscore.evaluate([Example(*texts[0])])
    assert first["metrics"]["bartscore"] == pytest.approx(row["bartscore"], abs=tolerances.QUALS)
    assert second["reasons"] == {"bartscore": "empty_summary", "ngram": "empty_summary"}
    assert f"bartscore: {bartscore.signature}" in done.messages


def test_settings_reach_their_metrics(quals, tmp_path):
    """Rows without texts: the models are loaded, and nothing is compiled."""
    source = write_rows(tmp_path / "in.jsonl", [{"document": "d", "summary": ""}])
    write_encoder.write(tmp_path / "qags" / "answers")
    shutil.copytree(WORLD, tmp_path / "qags" / "questions")
    done = quals(
        *("evaluate", source, "-o", tmp_path / "out.jsonl"),
        *("--metrics", "quals,qags,bartscore,entities", "--dtype", "bfloat16"),
        *("--quals-model", WORLD, "--qags-model", tmp_path / "qags", "--bartscore-model", WORLD),
        *("--quals-mode", "paper", "--quals-num-beams", 8, "--qags-refill"),
        *("--entity-spans", "rules", "--entity-level", 1),
    )
    assert done.status == 0, done.messages
    summary = json.loads((tmp_path / "out.jsonl.summary.json").read_text("utf-8"))
    found = summary["signatures"]
    assert list(found) == ["quals", "qags", "bartscore", "entities"]
    options = {"mode": "paper", "num_beams": 8, "num_groups": 8}
    metric = Quals(load_model_folder(WORLD, "bfloat16"), QualsOptions(**options))
    assert found["quals"] == f"{metric.signature}|low:-0.5"
    assert "|questions:10|refill|" in found["qags"]
    assert found["bartscore"].endswith("|bfloat16")
    assert found["entities"] == "entities:rules|match level:1"
    assert summary["metrics"]["quals"] == {"value": None, "interval": None, "num_rows": 0}


def test_nan_is_null_and_an_error_of_its_row(quals, source, monkeypatch):
    def broken(self, examples, report):
        return [dict.fromkeys(self.keys, float("nan")) for _ in examples]

    monkeypatch.setattr("quals_jax.metrics.entities.EntityOverlap.evaluate", broken)
    done = quals("evaluate", source)
    row = json.loads(done.out.splitlines()[0])
    assert (row["status"], row["code"]) == ("error", "non_finite")
    assert row["message"].startswith("entities: entity_precision, ")
    assert row["metrics"]["entity_precision"] is None
    assert row["metrics"]["ngram1_precision"] == 0.666667
    assert row["reasons"] == {"entities": "non_finite"}


def test_another_entity_rule_is_another_job(quals, tmp_path, source):
    out = tmp_path / "out.jsonl"
    quals("evaluate", source, "-o", out, "--entity-spans", "rules")
    done = quals("evaluate", source, "-o", out, "--entity-spans", "rules", "--entity-level", 0)
    assert done.status == 2
    assert "settings.entity_level: 2 there, 0 now" in done.messages


def test_another_model_is_another_job(quals, tmp_path):
    source = write_rows(tmp_path / "in.jsonl", [{"document": "d", "summary": ""}])
    folder = shutil.copytree(WORLD, tmp_path / "model")
    command = ("evaluate", source, "-o", tmp_path / "out.jsonl", "--metrics", "bartscore")
    assert quals(*command, "--bartscore-model", folder).status == 0
    (folder / "quals.json").unlink()
    done = quals(*command, "--bartscore-model", folder)
    assert done.status == 2
    assert "models.bartscore.quals.json:" in done.messages


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--metrics rogue", "'rogue' is none of "),
        ("--metrics rogue", "did you mean rouge?"),
        ("--metrics ngram,ngram", "ngram is named twice"),
        ("--metrics qags", "qags needs a model and none is given: pass --qags-model DIR"),
        ("--metrics quals --quals-model facebook/bart", "--quals-model: there is no model folder"),
        ("--metrics quals --quals-model facebook/bart", "hf download facebook/bart"),
        ("--quals-model x", "--quals-model: none of the metrics (ngram, entities) is quals"),
        ("--dtype bfloat16", "--dtype: none of the metrics (ngram, entities) has a model"),
        ("--qags-refill", "--qags-refill: none of the metrics (ngram, entities) is qags"),
        ("--metrics ngram --entity-level 0", "--entity-level: none of the metrics (ngram) is"),
        ("--metrics ngram --reference-key x", "none of the metrics (ngram) reads references"),
        ("--entity-spans spacy", "python -m spacy download en_core_web_lg"),
    ],
)
def test_wrong_usage_says_what_to_do(quals, source, arguments, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    done = quals("evaluate", source, *arguments.split())
    assert done.status in (1, 2)
    assert message in done.messages
    assert done.out == b""


def test_the_default_needs_neither_model_nor_reference():
    for name in DEFAULT_METRICS.split(","):
        assert not METRICS[name].model
        assert METRICS[name].reference != "needed"


def test_the_help_names_every_metric_and_its_numbers(quals):
    text = quals("evaluate", "--help").out.decode()
    for name, entry in METRICS.items():
        assert f"  {name} " in text
        assert not entry.model or f"--{name}-model DIR" in text


def test_every_entry_loads_the_metric_of_its_name(quals, tmp_path, monkeypatch):
    bert = golden_files.path("bert")
    shutil.copytree(WORLD, tmp_path / "qags" / "questions")
    shutil.copytree(bert / "span", tmp_path / "qags" / "answers")
    models = {"quals": WORLD, "bartscore": WORLD, "qags": tmp_path / "qags"}
    models["factcc"] = bert / "classification"
    assert models.keys() == {name for name, entry in METRICS.items() if entry.model}
    metrics = load_metrics(METRICS, MetricOptions(models, entity_spans="rules"))
    assert [metric.name for metric in metrics] == list(METRICS)
    text = quals("evaluate", "--help").out.decode()
    keys = [key for metric in metrics for key in metric.keys]
    assert len(set(keys)) == len(keys)
    assert [key for key in keys if key not in text] == ["ngram2_precision", "ngram3_precision"]
    monkeypatch.setitem(sys.modules, "spacy", None)
    for name in ("qags", "entities"):
        with pytest.raises(ModuleNotFoundError, match="spacy"):
            load_metrics([name], MetricOptions(models, entity_spans="spacy"))
