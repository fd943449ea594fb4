"""Every recorded choice of the official code (select, make); its sentinels are our None."""

import dataclasses
import json
import re

import pytest

from quals_jax.selection import ScoredDocument, SelectionOptions, extreme_sample, select
from tests.selection.official import (
    CASES,
    METRICS,
    SENTINEL,
    documents_300,
    documents_of,
    hypotheses,
    written,
)


def cases(mode: str):
    return [name for name, case in CASES.items() if case["mode"] == mode]


@pytest.mark.parametrize("name", cases("select_unlikelihood_hypos_lm_score"))
@pytest.mark.parametrize("metric", METRICS)
def test_extreme_sample_is_the_official_one(name, metric):
    case = CASES[name]
    highest = case["args"].get("select_highest", False)
    ((path, index),) = case["outputs"].items()
    lines = [json.loads(line) for line in index.splitlines()]
    files = case["inputs"]
    if isinstance(files, str):
        assert files == "same as select_300_hypotheses"
        files = CASES["select_300_hypotheses"]["inputs"]
    rows = hypotheses(files, path.partition("/")[0], metric)
    assert len(rows) == len(lines) > 0
    for texts, line in zip(rows, lines, strict=True):
        chosen = extreme_sample([texts], highest=highest)
        if chosen is None:
            assert line["avg_value"][metric] == (-SENTINEL if highest else SENTINEL)
        else:
            assert [text is chosen for text in texts].index(True) == line["avg"][metric]
            assert chosen.score == pytest.approx(line["avg_value"][metric], abs=1e-9)


@pytest.mark.parametrize("name", cases("select_unlikelihood_hypos_lm_score"))
def test_mean_of_the_extreme_samples_is_the_printed_one(name):
    case = CASES[name]
    printed = re.search(r"avg lm scores: (.*)\n", case["stdout"])
    assert printed
    values = dict(zip(METRICS, map(float, printed[1].split()), strict=True))
    # Documents count officially when all ten metrics have a value, so none without token scores.
    counted = "no_tokens" not in name
    assert ("count = 0\n" in case["stdout"]) != counted
    for metric in METRICS if counted else ():
        files = case["inputs"]
        if isinstance(files, str):
            files = CASES["select_300_hypotheses"]["inputs"]
        folder = next(iter(case["outputs"])).partition("/")[0]
        documents = [
            ScoredDocument(i, "d", None, (tuple(texts),))
            for i, texts in enumerate(hypotheses(files, folder, metric))
        ]
        highest = case["args"].get("select_highest", False)
        chosen = select(documents, SelectionOptions(1.0, None, highest=highest))
        assert chosen.statistics["means"]["negatives"] == pytest.approx(values[metric], abs=1e-9)


# Ratios so large that the official code takes documents without a score.
TAKES_SENTINELS = {
    "make_lm_1.0_0.3",
    "make_lm_0.3_1.0",
    "make_lm_1.0_1.0",
    "make_lm_0.98_0.99",
    "make_ties_separate",
}
# Ranks the worst samples of both pools from the top, where the sentinels of lowest scores are.
OTHER_POOLS = "make_lm_additional_highest=True"
# Its own refusals and crashes; what ours says to the like is tested with the command.
NO_SETS = {name for name in cases("make_unlikelihood_dataset") if CASES[name]["exception"]}


def options_of(args) -> SelectionOptions:
    return SelectionOptions(
        negative_ratio=args["unlike_select_ratio"],
        positive_ratio=args["target_select_ratio"] if "target_index_file" in args else None,
        separate=args.get("separate_target_untarget", False),
        highest=args.get("select_highest", False),
    )


def documents_for(case) -> list[ScoredDocument]:
    if not isinstance(case["inputs"], str):
        return documents_of(case["inputs"])
    metric = case["args"].get("metric_choice", "eval_ns-ns")
    return documents_300(metric, additional="additional_index_file" in case["args"])


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in cases("make_unlikelihood_dataset")
        if name not in NO_SETS | {OTHER_POOLS, "make_lm_target_index_without_ratio"}
    ],
)
def test_sets_are_the_official_ones(name):
    case = CASES[name]
    documents = documents_for(case)
    options = options_of(case["args"])
    chosen = select(documents, options)

    no_sample = {d.document for d in documents if extreme_sample(d.pools) is None}
    no_reference = set()
    if options.positive_ratio is not None:
        no_reference = {d.document for d in documents if d.reference.score is None}
    if not options.separate:
        no_sample = no_reference = no_sample | no_reference
    negatives = {(row.document, row.negative) for row in chosen.rows if row.negative}
    positives = {(row.document, row.positive) for row in chosen.rows if row.positive}
    sides = [("untarget", negatives, no_sample), ("target", positives, no_reference)]
    if case["args"].get("make_only_untarget"):
        del sides[1]
    took_sentinels = False
    for side, ours, unscored in sides:
        official = written(case["outputs"], side)
        assert ours == {pair for pair in official if pair[0] not in unscored}
        took_sentinels |= len(ours) < len(official)
    assert took_sentinels == (name in TAKES_SENTINELS)
    assert (len(chosen.rows) == 0) == (name == "make_round_0.1_of_3")
    order = [document.id for document in documents]
    assert [order.index(row.id) for row in chosen.rows] == sorted(row.id for row in chosen.rows)


def test_highest_of_two_pools_without_their_missing_scores():
    """Differs: officially a document without a score in either pool comes first of all here."""
    case = CASES[OTHER_POOLS]
    worst = [
        dataclasses.replace(
            document,
            pools=tuple((text,) for pool in document.pools if (text := extreme_sample([pool]))),
        )
        for document in documents_for(case)
    ]
    scored = [d if len(d.pools) == 2 else dataclasses.replace(d, pools=()) for d in worst]
    num_sentinels = sum(not document.pools for document in scored)
    assert num_sentinels == 26
    options = dataclasses.replace(
        options_of(case["args"]), negative_ratio=(90 - num_sentinels) / 300
    )
    ours = {(row.document, row.negative) for row in select(scored, options).rows}
    unscored = {document.document for document in scored if not document.pools}
    official = written(case["outputs"], "untarget")
    assert ours == {pair for pair in official if pair[0] not in unscored}
    assert {text.partition(" ")[0] for _, text in ours} == {"hyp", "add"}


def test_without_a_ratio_references_are_taken_as_they_are():
    """Differs: officially scores of references without a ratio give an empty set, by accident."""
    case = CASES["make_lm_target_index_without_ratio"]
    assert set(case["outputs"].values()) == {""}
    options = SelectionOptions(case["args"]["unlike_select_ratio"], None)
    chosen = select(documents_for(case), options)
    assert len(chosen.rows) == 90
    assert chosen.rows == select(documents_300("eval_ns-ns"), options).rows


def test_every_recorded_case_is_accounted_for():
    assert len(cases("select_unlikelihood_hypos_lm_score")) == 15
    assert len(cases("make_unlikelihood_dataset")) == 40
    assert sorted(NO_SETS) == [
        "make_bad_metric",
        "make_bad_ratio",
        "make_bad_type",
        "make_empty_hypothesis_list",
        "make_lm_additional_without_patterns",
        "make_rouge_separate",
        "make_source_file_too_short",
    ]
