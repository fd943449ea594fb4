"""The main job on a laptop: train a QAGen and let QUALS find errors that are known to be there.

    python -m experiments.demo --workdir runs/demo            # 4 to 6 minutes on two cores
    python -m experiments.demo --workdir runs/demo --seed 2   # other articles, another model

Nothing is downloaded. The articles, summaries and errors come from a synthetic world in which it
is known exactly what an article supports. Leaves in the workdir: ``qagen/model`` (a model folder
for ``quals score``), ``summaries.jsonl`` (what was scored), ``scores.jsonl``, ``results.json`` and
``report.html``.
"""

import dataclasses
import json
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments import world_qagen
from experiments.demo_results import Scored, collect, explained_lines, last_lines
from quals_jax.data.world import SummaryExample, held_out_articles, qa_rows, summary_examples
from quals_jax.jobs.progress import Progress
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.report.quals_report import quals_report
from train.config import Experiment, QAData
from train.metric_log import read_metrics

# A summary of 15 words has few facts: 60 beams in 60 groups run out of sensible questions, and the
# penalties drive the late ones to nonsense. Two groups of 16 beams cover more facts than 16 groups.
METRIC = QualsOptions(
    num_beams=32, num_groups=2, num_pairs=6, min_question_tokens=4, max_pair_tokens=32
)


@dataclasses.dataclass(frozen=True)
class Demo:
    """What the demo does. The same settings give the same results on the same machine."""

    workdir: Path
    """Folder for the model, the scores and the report; what an earlier demo left is replaced."""
    seed: int = 1
    """Draws the articles, their errors, the training data and the first weights."""
    num_articles: int = 250
    """Held-out articles; each has a faithful summary and about four corrupted ones."""
    qagen: Annotated[Experiment, tyro.conf.Suppress] = world_qagen.EXPERIMENT
    metric: Annotated[QualsOptions, tyro.conf.Suppress] = METRIC


def run(demo: Demo) -> dict[str, Any]:
    """Trains, scores and writes the report; returns what is also in ``results.json``."""
    started = time.monotonic()
    demo.workdir.mkdir(parents=True, exist_ok=True)
    examples = summary_examples(held_out_articles(demo.num_articles, demo.seed), demo.seed)
    _write_rows(demo.workdir / "summaries.jsonl", map(dataclasses.asdict, examples))
    _say(f"1/3  training QAGen: {demo.qagen.num_steps} updates")
    training = _train(demo)
    trained = time.monotonic()
    _say(f"2/3  scoring {len(examples):,} summaries of {demo.num_articles} held-out articles")
    metric = Quals.from_pretrained(
        demo.workdir / "qagen" / "model", **dataclasses.asdict(demo.metric)
    )
    scored = score(metric, examples)
    _say("3/3  writing the report")
    results = collect(scored)
    now = time.monotonic()
    results |= {
        "seed": demo.seed,
        "training": training,
        "signature": metric.signature,
        "settings": _settings(demo),
        "timings": {
            "training": round(trained - started, 1),
            "scoring": round(now - trained, 1),
            "total": round(now - started, 1),
        },
    }
    write(demo.workdir, scored, results)
    return results


def score(metric: Quals, examples: Sequence[SummaryExample]) -> list[Scored]:
    """Scores all summaries; each article is read once for all of its summaries."""
    groups: dict[str, list[SummaryExample]] = defaultdict(list)
    for example in examples:
        groups[example.document].append(example)
    summaries = [[example.summary for example in group] for group in groups.values()]
    with Progress("     scored", total=len(examples)) as progress:
        results = metric.score_grouped(list(groups), summaries, progress.advance)
    return [
        scored
        for group, some in zip(groups.values(), results, strict=True)
        for scored in zip(group, some, strict=True)
    ]


def write(workdir: Path, scored: Sequence[Scored], results: Mapping[str, Any]) -> None:
    """Writes scores.jsonl, results.json and report.html."""
    rows = ({"id": example.id} | result.to_row() for example, result in scored)
    _write_rows(workdir / "scores.jsonl", rows)
    text = json.dumps(results, indent=1) + "\n"
    (workdir / "results.json").write_text(text, encoding="utf-8")
    # Made of the file's content only, so the report of an old run can be made again.
    (workdir / "report.html").write_text(quals_report(json.loads(text)), encoding="utf-8")


def _train(demo: Demo) -> dict[str, Any]:
    """Trains QAGen in ``workdir/qagen``, from scratch; returns its curves and sizes."""
    from train.loop import train

    folder = demo.workdir / "qagen"
    if (folder / "config.json").exists():  # an earlier demo's, not just any folder
        shutil.rmtree(folder)
    experiment = _of_seed(demo.qagen, demo.seed)
    _, summary = train(experiment, folder)
    if summary.stopped_by:
        raise KeyboardInterrupt
    rows = list(read_metrics(folder / "metrics.jsonl"))
    environment = json.loads((folder / "env.json").read_text(encoding="utf-8"))
    num_passages = int(demo.qagen.data.train[0].split(":")[1])
    return {
        "curves": {
            "train": [(row["step"], row["nll"]) for row in rows if row["kind"] == "train"],
            "dev": [(row["step"], row["loss"]) for row in rows if row["kind"] == "dev"],
        },
        "num_parameters": environment["num_parameters"],
        "num_steps": summary.num_steps,
        "num_passages": num_passages,
        "num_pairs": sum(1 for _ in qa_rows(num_passages, demo.seed)),
    }


def _of_seed(experiment: Experiment, seed: int) -> Experiment:
    """The same experiment on the data of another seed."""

    def drawn(sources: tuple[str, ...], offset: int) -> tuple[str, ...]:
        return tuple(f"world:{source.split(':')[1]}:{offset + seed}" for source in sources)

    data = experiment.data
    assert isinstance(data, QAData)
    data = dataclasses.replace(
        data, train=drawn(data.train, 0), dev=drawn(data.dev, world_qagen.DEV_SEEDS)
    )
    return dataclasses.replace(experiment, data=data, seed=seed)


def _settings(demo: Demo) -> dict[str, Any]:
    """The settings in words, for the report."""
    model, optim, metric = demo.qagen.model, demo.qagen.optim, demo.metric
    return {
        "seed": demo.seed,
        "QAGen": (
            f"BART with {model.encoder_layers}+{model.decoder_layers} layers of width "
            f"{model.d_model}, {model.encoder_heads} heads, from random weights"
        ),
        "training": (
            f"{demo.qagen.num_steps} updates of at most {demo.qagen.batch.max_tokens:,} tokens; "
            f"Adam, learning rate {optim.learning_rate:g}, {optim.schedule.name}"
        ),
        "questions": (
            f"{metric.num_beams} beams in {metric.num_groups} groups, strength "
            f"{metric.diversity_strength:g}; at most {metric.num_pairs} pairs are kept"
        ),
    }


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo from the command line."""
    demo = tyro.cli(Demo, args=argv, prog="python -m experiments.demo", description=__doc__)
    try:
        results = run(demo)
    except KeyboardInterrupt:
        _say("stopped; the same command starts the demo again")
        return 130
    report = f"report: {demo.workdir / 'report.html'}"
    print("\n".join(["", *explained_lines(results), report, *last_lines(results)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
