"""The main job on a laptop: train a QAGen and let QUALS find errors that are known to be there.

    python -m experiments.demo --workdir runs/demo            # about 3 minutes on two cores
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
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from experiments import world_qagen
from quals_jax.data.world import (
    FAITHFUL,
    SummaryExample,
    held_out_articles,
    qa_rows,
    summary_examples,
)
from quals_jax.data.world_corruptions import ERROR_KINDS
from quals_jax.evaluation.auroc import auroc, auroc_interval
from quals_jax.jobs.progress import Progress
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.metrics.quals_result import QualsResult
from quals_jax.report.quals_report import quals_report
from train.config import Experiment
from train.metric_log import read_metrics

SCORES = ("quals", "answer", "min")
# The paper's 60 beams would ask the same few questions about a 15-word summary again and again.
METRIC = QualsOptions(num_beams=16, num_groups=16, max_pair_tokens=32)


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


Scored = tuple[SummaryExample, QualsResult]


def run(demo: Demo) -> dict[str, Any]:
    """Runs everything; returns what is also in ``results.json``."""
    started = time.monotonic()
    demo.workdir.mkdir(parents=True, exist_ok=True)
    examples = summary_examples(held_out_articles(demo.num_articles, demo.seed), demo.seed)
    _write_rows(demo.workdir / "summaries.jsonl", map(dataclasses.asdict, examples))

    _say(f"1/3  training QAGen, {demo.qagen.num_steps} updates")
    training = _train(demo)
    trained = time.monotonic()

    _say(f"2/3  scoring {len(examples):,} summaries of {demo.num_articles} held-out articles")
    metric = Quals.from_pretrained(
        demo.workdir / "qagen" / "model", **dataclasses.asdict(demo.metric)
    )
    scored = _score(metric, examples)
    _write_rows(
        demo.workdir / "scores.jsonl",
        ({"id": example.id} | result.to_row() for example, result in scored),
    )

    _say("3/3  writing the report")
    now = time.monotonic()
    results = _results(demo, scored) | {
        "training": training,
        "timings": {
            "training": round(trained - started, 1),
            "scoring": round(now - trained, 1),
            "total": round(now - started, 1),
        },
        "signature": metric.signature,
        "settings": _settings(demo),
    }
    text = json.dumps(results, indent=1)
    (demo.workdir / "results.json").write_text(text + "\n", encoding="utf-8")
    (demo.workdir / "report.html").write_text(quals_report(results), encoding="utf-8")
    return results


def _train(demo: Demo) -> dict[str, Any]:
    """Trains QAGen in ``workdir/qagen``, from scratch; returns its curves and sizes."""
    from train.loop import train

    folder = demo.workdir / "qagen"
    if (folder / "config.json").exists():  # an earlier demo's, not just any folder
        shutil.rmtree(folder)
    num_passages = int(demo.qagen.data.train[0].split(":")[1])
    num_dev = int(demo.qagen.data.dev[0].split(":")[1])
    data = dataclasses.replace(
        demo.qagen.data,
        train=(f"world:{num_passages}:{demo.seed}",),
        dev=(f"world:{num_dev}:{1_000_000 + demo.seed}",),
    )
    _, summary = train(dataclasses.replace(demo.qagen, data=data, seed=demo.seed), folder)
    if summary.stopped_by:
        raise KeyboardInterrupt
    rows = list(read_metrics(folder / "metrics.jsonl"))
    environment = json.loads((folder / "env.json").read_text(encoding="utf-8"))
    return {
        "curves": {
            "train": [(row["step"], row["nll"]) for row in rows if row["kind"] == "train"],
            "dev": [(row["step"], row["loss"]) for row in rows if row["kind"] == "dev"],
        },
        "num_parameters": environment["num_parameters"],
        "num_steps": summary.num_steps,
        "num_compilations": summary.num_compilations,
        "num_passages": num_passages,
        "num_pairs": sum(1 for _ in qa_rows(num_passages, demo.seed)),
    }


def _score(metric: Quals, examples: Sequence[SummaryExample]) -> list[Scored]:
    """Scores all summaries; each article is read once for all of its summaries."""
    groups: dict[str, list[SummaryExample]] = defaultdict(list)
    for example in examples:
        groups[example.document].append(example)
    with Progress("     scoring", total=len(examples)) as progress:
        results = metric.score_grouped(
            list(groups),
            [[e.summary for e in group] for group in groups.values()],
            progress.advance,
        )
    return [
        (example, result)
        for group, some in zip(groups.values(), results, strict=True)
        for example, result in zip(group, some, strict=True)
    ]


def _results(demo: Demo, scored: Sequence[Scored]) -> dict[str, Any]:
    by_kind: dict[str, list[Scored]] = defaultdict(list)
    for example, result in scored:
        by_kind[example.error].append((example, result))
    faithful = by_kind.pop(FAITHFUL)
    kinds = {kind: label for kind, label in ERROR_KINDS.items() if by_kind[kind]}
    wrong = [row for kind in kinds for row in by_kind[kind]]
    aurocs = {
        name: {
            kind: _auroc(faithful, rows, name)
            for kind, rows in [("all", wrong), *((kind, by_kind[kind]) for kind in kinds)]
        }
        for name in SCORES
    }
    return {
        "seed": demo.seed,
        "error_kinds": kinds,
        "counts": {
            "faithful": len(faithful),
            "corrupted": len(wrong),
            "by_kind": {kind: len(by_kind[kind]) for kind in kinds},
            "without_score": sum(result.quals is None for _, result in scored),
        },
        "auroc": aurocs,
        "coverage": {kind: _coverage(by_kind[kind]) for kind in kinds},
        "scores": {FAITHFUL: _values(faithful, "quals")}
        | {kind: _values(by_kind[kind], "quals") for kind in kinds},
        "examples": [_median_example(by_kind[kind], faithful) for kind in kinds],
        "picture": _picture(by_kind, faithful),
    }


def _auroc(faithful: Sequence[Scored], wrong: Sequence[Scored], name: str) -> dict[str, Any]:
    """The AUROC of one score with its 95 % interval over articles."""
    sides = [[row for row in rows if row[1].quals is not None] for rows in (faithful, wrong)]
    values = [_values(rows, name) for rows in sides]
    documents = [[example.document for example, _ in rows] for rows in sides]
    return {
        "value": auroc(*values),
        "interval": auroc_interval(*values, *documents),
    }


def _values(rows: Sequence[Scored], name: str) -> list[float]:
    return [getattr(result, name) for _, result in rows if result.quals is not None]


def _coverage(rows: Sequence[Scored]) -> float:
    """Share of the summaries in which some pair names the wrong value."""
    asked = [
        any(example.wrong in (pair.question + " " + pair.answer) for pair in result.pairs)
        for example, result in rows
        if example.wrong
    ]
    return float(np.mean(asked))


def _median_example(rows: Sequence[Scored], faithful: Sequence[Scored]) -> dict[str, Any]:
    """The summary whose score is the median of its kind, beside its faithful twin."""
    ranked = sorted((row for row in rows if row[1].pairs), key=lambda row: row[1].quals or 0.0)
    return _explained(*ranked[len(ranked) // 2], faithful)


def _picture(by_kind: dict[str, list[Scored]], faithful: Sequence[Scored]) -> dict[str, Any]:
    """A summary with a wrong entity or date, a pair about the error and one about a true fact."""
    candidates = []
    for example, result in [*by_kind["entity_elsewhere"], *by_kind["date"]]:
        about = [pair for pair in result.pairs if pair.answer.strip() == example.wrong]
        others = [pair for pair in result.pairs if example.wrong not in pair.question + pair.answer]
        if about and others:
            bad = min(about, key=lambda pair: pair.score)
            good = max(others, key=lambda pair: (pair.score > -0.1, len(pair.tokens)))
            candidates.append((bad.score, example, result, bad, good))
    candidates.sort(key=lambda row: row[0])
    _, example, result, bad, good = candidates[len(candidates) // 2]
    shown = _explained(example, result, faithful)
    return shown | {"supported": _pair_row(good), "unsupported": _pair_row(bad)}


def _explained(
    example: SummaryExample, result: QualsResult, faithful: Sequence[Scored]
) -> dict[str, Any]:
    twin = next(r for e, r in faithful if e.document == example.document)
    return {
        "document": example.document,
        "summary": example.summary,
        "error": example.error,
        "error_label": ERROR_KINDS[example.error],
        "right": example.right,
        "wrong": example.wrong,
        "quals": result.quals,
        "quals_faithful": twin.quals,
        "pairs": [_pair_row(pair) for pair in result.pairs],
    }


def _pair_row(pair) -> dict[str, Any]:
    return {
        "question": pair.question.strip(),
        "answer": pair.answer.strip(),
        "score": pair.score,
        "tokens": list(pair.tokens),
        "num_answer_tokens": pair.num_answer_tokens,
        "log_probs_document": list(pair.log_probs_document),
        "log_probs_summary": list(pair.log_probs_summary),
    }


def _settings(demo: Demo) -> dict[str, Any]:
    model, optim = demo.qagen.model, demo.qagen.optim
    return {
        "seed": demo.seed,
        "model": (
            f"BART, {model.encoder_layers}+{model.decoder_layers} layers, width {model.d_model}, "
            f"{model.encoder_heads} heads"
        ),
        "training": (
            f"{demo.qagen.num_steps} updates of {demo.qagen.batch.max_tokens:,} tokens, Adam, "
            f"learning rate {optim.learning_rate:g}, {optim.schedule.name}"
        ),
        "search": (
            f"{demo.metric.num_beams} beams in {demo.metric.num_groups} groups, strength "
            f"{demo.metric.diversity_strength:g}, at most {demo.metric.num_pairs} pairs"
        ),
    }


def summary_lines(results: dict[str, Any]) -> list[str]:
    """The main figures, for the end of the output."""
    aurocs, coverage = results["auroc"], results["coverage"]
    lines = [f"{'AUROC by kind of error':34} QUALS  answers  worst pair  asked about"]
    for kind, label in results["error_kinds"].items():
        values = [aurocs[name][kind]["value"] for name in SCORES]
        lines.append(
            f"  {label:32} {values[0]:.3f}   {values[1]:.3f}     {values[2]:.3f}"
            f"       {100 * coverage[kind]:3.0f} %"
        )
    main = aurocs["quals"]["all"]
    low, high = main["interval"]
    counts, timings = results["counts"], results["timings"]
    lines += [
        f"AUROC over all errors: {main['value']:.3f} (95 % {low:.3f} to {high:.3f}), "
        f"{counts['faithful']} faithful against {counts['corrupted']:,} corrupted summaries",
        f"training {timings['training']:.0f} s, scoring {timings['scoring']:.0f} s, "
        f"together {timings['total']:.0f} s",
    ]
    return lines


def _explain_lines(results: dict[str, Any]) -> list[str]:
    """A few pairs in words."""
    lines = []
    for example in results["examples"][:3]:
        lines += [
            f"\n  article   {example['document']}",
            f"  summary   {example['summary']}",
            f"  error     {example['error_label']}: {example['wrong']}"
            + (f" instead of {example['right']}" if example["right"] else ""),
            f"  QUALS     {example['quals']:+.3f}"
            f"  (faithful summary {example['quals_faithful']:+.3f})",
        ]
        for pair in sorted(example["pairs"], key=lambda pair: pair["score"])[:3]:
            lines.append(f"     {pair['score']:+.3f}  {pair['question']}  {pair['answer']}")
    return lines


def _write_rows(path: Path, rows) -> None:
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
    print("\n".join([*_explain_lines(results), "", *summary_lines(results)]))
    print(f"report: {demo.workdir / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
