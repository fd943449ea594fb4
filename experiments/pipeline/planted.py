"""What QAGen is worth: the test of planted errors in the world, the picture elsewhere."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from experiments.pipeline.planted_figures import Scored, collect, pair_row
from experiments.pipeline.rows import Dtype, load_quals, read_rows
from quals_jax.data.json_file import read_json
from quals_jax.data.world import held_out_articles, qa_rows, summary_examples
from quals_jax.jobs.claim import write_json
from quals_jax.jobs.progress import Progress
from quals_jax.metrics.quals import Quals, QualsOptions
from train.config import Experiment
from train.metric_log import read_metrics

_PICTURE_ROWS = 32  # S- summaries that the picture is chosen from


def find_planted_errors(
    qagen: Path, metric: QualsOptions, dtype: Dtype, num_articles: int, seed: int, output: Path
) -> None:
    """Scores held-out summaries with one known error each beside faithful ones: AUROC by kind."""
    quals = load_quals(qagen / "model", metric, dtype)
    examples = summary_examples(held_out_articles(num_articles, seed), seed)
    groups: dict[str, list[Any]] = defaultdict(list)
    for example in examples:
        groups[example.document].append(example)
    summaries = [[example.summary for example in group] for group in groups.values()]
    with Progress("  planted errors", total=len(examples)) as progress:
        results = quals.score_grouped(list(groups), summaries, progress.advance)
    scored: list[Scored] = [
        pair
        for group, some in zip(groups.values(), results, strict=True)
        for pair in zip(group, some, strict=True)
    ]
    write_json(output, collect(scored))


def training_of_qagen(experiment: Experiment, workdir: Path, secs: float) -> dict[str, Any]:
    """Curves and sizes of QAGen's training in the world, as the report shows them."""
    rows = list(read_metrics(workdir / "metrics.jsonl"))
    environment = read_json(workdir / "env.json")
    count, seed = (int(part) for part in experiment.data.train[0].split(":")[1:])
    return {
        "training": {
            "curves": {
                "train": [(row["step"], row["nll"]) for row in rows if row["kind"] == "train"],
                "dev": [(row["step"], row["loss"]) for row in rows if row["kind"] == "dev"],
            },
            "num_parameters": environment["num_parameters"],
            "num_steps": environment["num_steps"],
            "num_passages": count,
            "num_pairs": sum(1 for _ in qa_rows(count, seed)),
        },
        "timings": {"training": secs},
    }


def draw_picture(qagen: Path, metric: QualsOptions, dtype: Dtype, sets: Path, output: Path) -> None:
    """A negative with its best and its worst pair; that whose worst pair is the median of some.

    The median flatters nobody. Null where no negative has two pairs.
    """
    quals: Quals = load_quals(qagen / "model", metric, dtype)
    rows = [row for row in read_rows(sets) if row["negative"] is not None][:_PICTURE_ROWS]
    results = quals.score([r["document"] for r in rows], [r["negative"] for r in rows])
    shown = [
        (row, result) for row, result in zip(rows, results, strict=True) if result.num_pairs > 1
    ]
    shown.sort(key=lambda item: item[1].min or 0.0)
    if not shown:
        write_json(output, None)
        return
    row, result = shown[len(shown) // 2]
    pairs = sorted(result.pairs, key=lambda pair: pair.score)
    write_json(
        output,
        {
            "document": row["document"],
            "summary": row["negative"],
            "quals": result.quals,
            "supported": pair_row(pairs[-1]),
            "unsupported": pair_row(pairs[0]),
        },
    )
