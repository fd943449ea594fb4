"""The oracle's sets of a pipeline: true S+ and wrong S-, without a liking for long summaries."""

import json

from experiments.pipeline.config import SetRule
from experiments.pipeline.rows import read_rows
from experiments.pipeline.sets import make_sets
from quals_jax.data.world import contrast_rows, reference_rows, train_articles
from quals_jax.data.world_oracle import judge
from quals_jax.selection import SelectionOptions


def test_the_oracle_takes_the_first_factual_references_and_not_the_fullest(tmp_path):
    articles = train_articles(60, seed=1)
    wrong = {row[0]: row[3] for row in contrast_rows(articles, seed=1)}
    rows = [row for row in reference_rows(articles, seed=1) if row[0] in wrong]
    files = {
        "documents": [{"id": i, "document": d, "summary": s} for i, d, s in rows],
        "samples": [{"id": i, "document": d, "summaries": [wrong[i]]} for i, d, _ in rows],
        "of_samples": [{"id": i, "scores": [{}]} for i, _, _ in rows],
        "of_references": [{"id": i} for i, _, _ in rows],
    }
    for name, lines in files.items():
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    rule = SetRule("oracle", "oracle", SelectionOptions(1.0, 0.3))
    paths = {name: tmp_path / name for name in files}
    make_sets(rule, paths, tmp_path / "sets", size_of=None, oracle=True, seed=1)
    chosen = [row["id"] for row in read_rows(tmp_path / "sets")]
    factual = [i for i, document, summary in rows if judge(document, summary).factual]
    assert 5 < len(chosen) < len(factual)
    assert chosen == factual[: len(chosen)]
