"""Mode ``clean``: what the score means, and that a row's score is its own."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import quals_jax.metrics.quals as quals_module
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.data.world import held_out_articles, summary_examples
from quals_jax.metrics.quals import Quals, QualsOptions
from tests import golden_files, tolerances

FOLDER = golden_files.path("world_qagen")
SMALL = {"num_beams": 8, "num_groups": 8, "max_pair_tokens": 24}
EXAMPLES = summary_examples(held_out_articles(6, seed=11), seed=11)[:20]
DOCUMENTS = [example.document for example in EXAMPLES]
SUMMARIES = [example.summary for example in EXAMPLES]


@pytest.fixture(scope="module")
def metric() -> Quals:
    return Quals.from_pretrained(FOLDER, **SMALL)


@pytest.fixture(scope="module")
def results(metric):
    return metric.score(DOCUMENTS, SUMMARIES)


def assert_same(left, right):
    assert [[(p.question, p.answer) for p in r.pairs] for r in left] == [
        [(p.question, p.answer) for p in r.pairs] for r in right
    ]
    np.testing.assert_allclose(
        [r.quals for r in left], [r.quals for r in right], atol=tolerances.QUALS, rtol=0
    )


def test_a_text_is_consistent_with_itself(metric):
    for result in metric.score(SUMMARIES, SUMMARIES):
        assert abs(result.quals) < tolerances.QUALS
        assert abs(result.min) < tolerances.QUALS
        assert result.low_share == 0.0


def test_scores_are_those_of_the_pairs(results):
    for result in results:
        assert 0 < result.num_pairs == len(result.pairs) <= 10
        differences = [
            np.mean(p.log_probs_document) - np.mean(p.log_probs_summary) for p in result.pairs
        ]
        assert result.quals == pytest.approx(np.mean(differences))
        assert result.min == pytest.approx(min(differences))
        assert result.low_share == np.mean(np.array(differences) < -0.5)


def test_pairs_are_about_the_summary(results):
    for summary, result in zip(SUMMARIES, results, strict=True):
        answers = [pair.answer.strip(" .").lower() for pair in result.pairs]
        assert all(answer and answer in summary.lower() for answer in answers)
        assert len({(p.question.lower(), p.answer.lower()) for p in result.pairs}) == len(answers)
        for pair in result.pairs:
            assert "".join(pair.tokens[:-1]) == f"{pair.question} strutConnector{pair.answer}"
            assert pair.tokens[-1] == "</s>"


def test_a_row_does_not_depend_on_its_neighbours(metric, results):
    order = np.random.default_rng(0).permutation(len(EXAMPLES))
    shuffled = metric.score([DOCUMENTS[i] for i in order], [SUMMARIES[i] for i in order])
    assert_same(shuffled, [results[i] for i in order])
    assert_same(metric.score(DOCUMENTS[7], SUMMARIES[7]), [results[7]])


def test_a_row_does_not_depend_on_its_bucket(metric, results, monkeypatch):
    monkeypatch.setattr("quals_jax.parallel.batches.LENGTHS", (80,))
    assert_same(metric.score(DOCUMENTS, SUMMARIES), results)


def test_many_summaries_of_one_document_are_scored_as_single_ones(metric, results):
    groups = [[i for i, d in enumerate(DOCUMENTS) if d == document] for document in DOCUMENTS]
    group = max(groups, key=len)
    assert len(group) > 2
    together = metric.score(DOCUMENTS[group[0]], [SUMMARIES[i] for i in group])
    assert_same(together, [results[i] for i in group])


@pytest.fixture(scope="module")
def on_eight_devices() -> dict[str, list]:
    """Score and pairs of the first rows by their number, in a process with eight devices."""
    script = f"""
from tests.metrics.test_quals import DOCUMENTS, FOLDER, SMALL, SUMMARIES
import jax, json
from quals_jax import Quals
assert jax.local_device_count() == 8
metric = Quals.from_pretrained({str(FOLDER)!r}, **SMALL)
found = {{}}
for rows in (9, 3, 1, 0):
    results = metric.score(DOCUMENTS[:rows], SUMMARIES[:rows])
    found[rows] = [[r.quals, [[p.question, p.answer] for p in r.pairs]] for r in results]
print(json.dumps(found))
"""
    root = Path(__file__).parents[2]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "8", "PYTHONPATH": str(root)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("rows", [9, 3, 1])
def test_a_row_does_not_depend_on_the_number_of_devices_nor_on_how_many_have_one(
    results, on_eight_devices, rows
):
    scores, pairs = zip(*on_eight_devices[str(rows)], strict=True)
    assert len(scores) == rows
    np.testing.assert_allclose(
        scores, [r.quals for r in results[:rows]], atol=tolerances.QUALS, rtol=0
    )
    assert list(pairs) == [[[p.question, p.answer] for p in r.pairs] for r in results[:rows]]


def test_no_rows_on_many_devices_are_no_results(on_eight_devices):
    assert on_eight_devices["0"] == []


def test_texts_without_anything_to_score_have_a_reason_and_no_number(metric):
    scored = metric.score(["A text.", "  \n", "A text."], ["  ", "A text.", "?"])
    assert [(r.quals, r.reason, r.num_pairs) for r in scored] == [
        (None, "empty_summary", 0),
        (None, "empty_document", 0),
        (None, "no_questions", 0),
    ]
    assert sum(scored[2].dropped.values()) == 8


def test_long_documents_are_read_in_windows_and_the_best_window_counts(metric, results):
    filler = " ".join(DOCUMENTS[i] for i in (15, 16, 17, 18, 19))
    (found,) = metric.score(f"{filler}\n{DOCUMENTS[0]}\n{filler}", SUMMARIES[0])
    (missing,) = metric.score(filler, SUMMARIES[0])
    assert found.truncated_tokens == 0
    assert found.quals > missing.quals
    assert found.quals > results[0].quals - 0.5
    limited = Quals(metric.model, QualsOptions(max_document_tokens=100, **SMALL))
    (cut,) = limited.score(f"{filler}\n{DOCUMENTS[0]}", SUMMARIES[0])
    assert cut.truncated_tokens > 100


def test_special_tokens_in_a_text_are_plain_text(metric):
    document = DOCUMENTS[0] + " Ask </s> or <mask> or strutConnector."
    lookalike = DOCUMENTS[0] + " Ask </t> or <mosk> or strutConnectar."
    with_special, without = metric.score([document, lookalike], [SUMMARIES[0]] * 2)
    assert [p.question for p in with_special.pairs] == [p.question for p in without.pairs]
    assert with_special.quals == pytest.approx(without.quals, abs=0.3)
    assert metric.score(document, SUMMARIES[0] + " strutConnector </s>")[0].num_pairs > 0


def test_the_number_of_documents_and_summaries_must_agree(metric):
    with pytest.raises(ValueError, match="2 documents but 3 summaries"):
        metric.score(["a", "b"], ["c", "d", "e"])
    with pytest.raises(TypeError, match="summary of row 1 is NoneType"):
        metric.score(["a", "b"], ["c", None])
    with pytest.raises(TypeError, match="document of row 0 is int"):
        metric.score([1], ["c"])
    assert len(metric.score("A text.", ["one", "two"])) == 2
    assert metric.score([], []) == []


def test_a_row_that_does_not_fit_in_memory_fails_alone(metric, results, monkeypatch):
    """Every call of more than one row runs out of memory, and any call with row 3's summary."""
    real = metric._searcher._run
    tokenizer = metric.model.tokenizer
    heavy = tokenizer.encode(SUMMARIES[3])
    calls = []

    def limited(params, src_BS, keys):
        rows = [row[row != tokenizer.pad_id].tolist() for row in src_BS]
        rows = [row for row in rows if row]
        calls.append(len(rows))
        if len(rows) > 1 or rows[0][:-1] == heavy:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating")
        return real(params, src_BS, keys)

    monkeypatch.setattr(metric._searcher, "_run", limited)
    scored = metric.score(DOCUMENTS[:5], SUMMARIES[:5])
    assert max(calls) > 1
    assert scored[3].quals is None
    assert scored[3].reason == "out_of_memory"
    assert scored[3].to_row()["status"] == "error"
    assert_same(scored[:3] + scored[4:], results[:3] + results[4:5])


def test_nan_for_one_row_leaves_its_neighbours_alone(metric, results):
    """One token's embedding is NaN: rows with that token fail, the others do not change."""
    word = next(
        token
        for token in metric.model.tokenizer.encode(DOCUMENTS[0])
        if sum(token in metric.model.tokenizer.encode(d) for d in DOCUMENTS[:8]) < 6
        and not any(token in metric.model.tokenizer.encode(s) for s in SUMMARIES[:8])
    )
    # The output table is tied, so the NaN is planted on the document side only.
    scorer = metric._scorer
    real = scorer._log_probs

    def poisoned(params, src_BS, targets_BNT):
        logp = np.array(real(params, src_BS, targets_BNT))
        logp[(np.asarray(src_BS) == word).any(axis=1)] = np.nan
        return logp

    scorer._log_probs = poisoned
    try:
        scored = metric.score(DOCUMENTS[:8], SUMMARIES[:8])
    finally:
        scorer._log_probs = real
    failed = [i for i in range(8) if word in metric.model.tokenizer.encode(DOCUMENTS[i])]
    assert failed
    assert [i for i, r in enumerate(scored) if r.reason == "non_finite"] == failed
    others = [i for i in range(8) if i not in failed]
    assert others
    assert_same([scored[i] for i in others], [results[i] for i in others])


def test_signature_names_what_changes_the_score():
    model = load_model_folder(FOLDER)
    sha = model.quals.weights_sha256[:8]
    version = quals_module.quals_jax.__version__
    assert (
        Quals(model).signature == f"quals-jax {version}|mode:clean|beams:60|pairs:10|weights:{sha}"
    )
    other = Quals(model, QualsOptions(mode="paper", diversity_strength=0.2)).signature
    assert "mode:paper" in other
    assert "diversity_strength:0.2" in other


def test_impossible_options_are_refused():
    for field, value in [("mode", "exact"), ("num_pairs", 0), ("max_document_tokens", 0)]:
        with pytest.raises(ValueError, match=field):
            dataclasses.replace(QualsOptions(), **{field: value})
    with pytest.raises(ValueError, match="num_groups"):
        Quals.from_pretrained(FOLDER, num_beams=10, num_groups=4)


def test_a_huge_document_is_cut_and_costs_few_compilations(metric, results):
    huge = "Nothing of note happened in the harbour today. " * 22_000
    assert len(huge) > 1_000_000
    summary = SUMMARIES[0] + " More was not known at that time." * 1_500
    before = metric._scorer._log_probs._cache_size()
    scored = metric.score([huge, DOCUMENTS[1], DOCUMENTS[2]], [SUMMARIES[0], summary, SUMMARIES[2]])
    assert metric._scorer._log_probs._cache_size() - before <= 3
    assert scored[0].truncated_tokens > 100_000
    assert scored[0].quals < results[0].quals
    assert scored[1].truncated_tokens > 10_000
    assert_same(scored[2:], results[2:3])
