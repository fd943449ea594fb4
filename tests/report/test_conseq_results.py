"""The input of the report: complete results pass, everything wrong is named with its place."""

import copy
import json

import pytest

from quals_jax.report.conseq_results import check_results
from tests.report.made_up_conseq import made_up_conseq


def _message(results) -> str:
    with pytest.raises(ValueError, match="not the results of a ConSeq run") as error:
        check_results(results)
    return str(error.value)


def test_complete_results_pass_unchanged_also_as_json():
    results = made_up_conseq()
    assert check_results(results) == results
    check_results(json.loads(json.dumps(results)))


def test_every_missing_field_is_named():
    results = made_up_conseq()
    del results["title"], results["systems"][2]["label"]
    del results["training"]["quals"]["collapsed_at"]
    assert _message(results).splitlines()[1:] == [
        "  results.title is missing",
        "  results.systems[2].label is missing",
        "  results.training.quals.collapsed_at is missing",
    ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("seed",), "1", "results.seed: expected int, got '1'"),
        (("seed",), True, "results.seed: expected int, got True"),
        (("scores", "samples"), [0.1, None], "results.scores.samples[1]: expected float, got None"),
        (("sets", "quals", "drops", "short"), 0.5, "sets.quals.drops.short: expected int, got 0.5"),
        (("training", "quals"), [], "results.training.quals: expected an object, got []"),
        (("picture", "supported", "tokens"), None, "picture.supported.tokens: expected list, got"),
        (("qagen", "auroc", "min", "date"), {}, "results.qagen.auroc.min.date.value is missing"),
        (("systems",), [], "results.systems: expected at least one system with a metric"),
        (
            ("systems", 0, "decoders", "beam4", "factual"),
            {"value": 0.5, "interval": [0.4]},
            "results.systems[0].decoders.beam4.factual.interval: expected 2 values, got [0.4]",
        ),
        (
            ("systems", 0, "decoders", "beam4", "factual"),
            {"interval": None},
            "results.systems[0].decoders.beam4.factual.value is missing",
        ),
        (
            ("systems", 0, "decoders", "beam4", "quals"),
            "0.5",
            "results.systems[0].decoders.beam4.quals: expected float, got '0.5'",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place(path, value, expected):
    results = made_up_conseq()
    inside = results
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = value
    assert expected in _message(results)


@pytest.mark.parametrize("name", ["scores", "sets", "training", "picture", "qagen", "notes"])
def test_a_part_that_the_run_does_not_have_is_null(name):
    results = copy.deepcopy(made_up_conseq())
    results[name] = None
    check_results(results)


def test_optional_fields_may_be_left_out():
    results = made_up_conseq()
    for name in ("notes", "comparisons", "unsupported_by"):
        del results[name]
    del results["sets"]["quals"]["purity"], results["training"]["quals"]["dev"]
    check_results(results)
