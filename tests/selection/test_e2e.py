"""The recorded run that makes a training set: summaries, pairs, scores, choice; all by our code."""

import json
import re

import numpy as np
import pytest

from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.searcher import Searcher
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.selection import (
    ScoredDocument,
    ScoredText,
    SelectionOptions,
    extreme_sample,
    select,
)
from tests import golden_files, tolerances
from tests.golden_models import qagen
from tests.selection.official import METRICS, SENTINEL, hypotheses

PAIRS = BeamSearch(12, num_groups=12, diversity_strength=0.5, min_len=8, max_len=60)


def lines(name: str) -> list[str]:
    return golden_files.read_text(f"e2e/{name}").split("\n")[:-1]


def rows(name: str) -> list:
    return [json.loads(line) for line in lines(name)]


SOURCES, TARGETS = lines("train.source"), lines("train.target")
HYPOTHESES = [row["summaries"] for row in rows("hyp3/train.source.split00.hypo")]
EVALUATED = "{}/train.source.split00.source_eval_noprepend"


def searched(options: BeamSearch, texts: list[str]):
    model = qagen("full_p")
    sources = [model.tokenizer.encode_source(text.strip(), 1022) for text in texts]
    return Searcher(model.config, model.params, options).search(sources)


def test_same_summaries():
    found = searched(BeamSearch(4, min_len=1, max_len=60), SOURCES)
    decode = qagen("full_p").tokenizer.decode
    for hypotheses_N, official in zip(
        found, rows("hyp/train.source.split00.beam4.hypo"), strict=True
    ):
        assert [decode(h.tokens) for h in hypotheses_N] == official["summaries"]
        scores = [h.score for h in hypotheses_N]
        np.testing.assert_allclose(
            scores, official["scores"], rtol=0, atol=tolerances.LOG_PROBS_FULL
        )


@pytest.fixture(scope="module")
def results():
    """Per document the results of its three hypotheses and of its target."""
    metric = Quals(qagen("full_p"), QualsOptions(mode="paper", num_beams=12, num_groups=12))
    groups = [[*group, target] for group, target in zip(HYPOTHESES, TARGETS, strict=True)]
    return metric.score_grouped(SOURCES, groups)


def test_same_generated_pairs():
    texts = [text for group in HYPOTHESES for text in group]
    official = [row for line in rows("hqas/train.source.split00.hypo.beam12.qas") for row in line]
    texts += TARGETS
    official += [row for (row,) in rows("tqas/train.target.split00.hypo.beam12.qas")]
    decode = qagen("full_p").tokenizer.decode
    for text, found, row in zip(texts, searched(PAIRS, texts), official, strict=True):
        assert row["context"] == text
        assert [h.tokens for h in found] == row["toks"]
        assert [decode(h.tokens) for h in found] == row["qa"]
        for hypothesis, scores in zip(found, row["pos_scores"], strict=True):
            np.testing.assert_allclose(
                hypothesis.search_scores, scores, rtol=0, atol=tolerances.LOG_PROBS_FULL
            )


@pytest.mark.parametrize(("folder", "texts"), [("heval", slice(0, 3)), ("teval", slice(3, 4))])
def test_same_pairs_and_scores(results, folder, texts):
    for group, line in zip(results, rows(EVALUATED.format(folder)), strict=True):
        for result, row in zip(group[texts], line, strict=True):
            assert [(p.question, p.answer) for p in result.pairs] == [
                (qa["q"], qa["a"]) for qa in row["qas"]
            ]
            for pair, qa in zip(result.pairs, row["qas"], strict=True):
                for ours, theirs in [
                    (pair.log_probs_summary, qa["pos_s"]),
                    (pair.log_probs_document, qa["eval_pos_scores"]),
                ]:
                    np.testing.assert_allclose(ours, theirs, atol=tolerances.LOG_PROBS_FULL, rtol=0)


@pytest.fixture(scope="module")
def documents(results):
    return [
        ScoredDocument(
            i,
            source,
            ScoredText(target, group[3].quals),
            (tuple(ScoredText(text, r.quals) for text, r in zip(texts, group, strict=False)),),
        )
        for i, (source, target, texts, group) in enumerate(
            zip(SOURCES, TARGETS, HYPOTHESES, results, strict=True)
        )
    ]


def test_same_worst_hypotheses_by_our_scores(documents):
    for document, line in zip(documents, rows("heval/untarget.index"), strict=True):
        worst = extreme_sample(document.pools)
        assert worst is document.pools[0][line["avg"]["eval_ns-ns"]]
        assert worst.score == pytest.approx(line["avg_value"]["eval_ns-ns"], abs=tolerances.QUALS)
    for document, line in zip(documents, rows("teval/untarget.index"), strict=True):
        official = line["avg_value"]["eval_ns-ns"]
        assert document.reference.score == pytest.approx(official, abs=tolerances.QUALS)


@pytest.mark.parametrize("folder", ["heval", "teval"])
@pytest.mark.parametrize("metric", METRICS)
def test_same_worst_hypotheses_by_every_recorded_score(folder, metric):
    name = EVALUATED.format(folder)
    found = hypotheses({name: golden_files.read_text(f"e2e/{name}")}, folder, metric)
    for texts, line in zip(found, rows(f"{folder}/untarget.index"), strict=True):
        worst = extreme_sample([texts])
        assert worst is not None
        assert [text is worst for text in texts].index(True) == line["avg"][metric]
        assert worst.score == pytest.approx(line["avg_value"][metric], abs=1e-9)
        assert worst.score != SENTINEL


def test_same_contrast_sets(documents):
    chosen = select(documents, SelectionOptions(negative_ratio=0.5, positive_ratio=0.5))
    official = [lines(f"heval/lm-50-50/train.{side}") for side in ("source", "target", "untarget")]
    ours = {(row.document, row.positive, row.negative) for row in chosen.rows}
    assert ours == set(zip(*official, strict=True))
    assert len(chosen.rows) == 3

    log = golden_files.read_json("e2e.json")
    values = re.findall(r"top 5 selected target scores: \[(.*)\]", log["stdout_make"])[0]
    best = sorted((d.reference.score for d in documents), reverse=True)[:5]
    np.testing.assert_allclose(
        best, [float(v) for v in values.split(",")], rtol=0, atol=tolerances.QUALS
    )
    for name, side in (("hypotheses", "worst_samples"), ("targets", "references")):
        means = log[f"stdout_select_{name}"].partition("avg lm scores: ")[2].split()
        assert chosen.statistics["means"][side] == pytest.approx(
            float(means[METRICS.index("eval_ns-ns")]), abs=tolerances.QUALS
        )
