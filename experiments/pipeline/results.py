"""results.json of a pipeline: everything the report and the tables are made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.pipeline.config import System
from experiments.pipeline.evaluation import differences, figures
from experiments.pipeline.plan import Plan
from experiments.pipeline.planted import training_of_qagen
from experiments.pipeline.rows import read_rows
from experiments.pipeline.sets import read_statistics
from experiments.pipeline.stages import Workspace
from quals_jax.data.json_file import read_json
from quals_jax.data.world_oracle import judge
from quals_jax.metrics.quals import QualsOptions
from quals_jax.models.config import BartConfig
from quals_jax.report.conseq_results import MAIN
from train.config import Experiment
from train.metric_log import read_metrics

_NUM_EXAMPLES = 4  # per rule
_LOW = QualsOptions().low_threshold  # nats per token
_COMPARED = ("factual", "quals", "qags", "factcc", "rougeL")


def collect(plan: Plan, workspace: Workspace) -> dict[str, Any]:
    """The results; their form is that of ``quals_jax/report/conseq_results.py``."""
    pipeline, path = plan.pipeline, workspace.path
    picture = read_json(path(plan.picture))
    planted = None
    if plan.planted is not None:
        planted = read_json(path(plan.planted))
        if not pipeline.qagen_folder:
            secs = workspace.seconds(plan.qagen) or 0.0
            planted |= training_of_qagen(pipeline.qagen, path(plan.qagen), secs)
    return {
        "title": pipeline.title,
        "seed": pipeline.seed,
        "settings": _settings(plan),
        "timings": {stage.name: workspace.seconds(stage) or 0.0 for stage in plan.stages},
        "notes": list(pipeline.notes),
        "scores": _scores(path(plan.sample_scores), path(plan.reference_scores)),
        "unsupported_by": "oracle" if pipeline.oracle else "pairs",
        "sets": {
            name: _sets(path(stage), path(plan.sample_scores), oracle=pipeline.oracle)
            for name, stage in plan.sets.items()
        },
        "training": {
            system.name: _curves(path(plan.systems[system.name]))
            for system in pipeline.systems
            if system.rule
        },
        "systems": [_system(system, plan, workspace) for system in pipeline.systems],
        "comparisons": _comparisons(plan, workspace),
        "picture": (planted or {}).get("picture") or picture,
        "qagen": planted,
    }


def _system(system: System, plan: Plan, workspace: Workspace) -> dict[str, Any]:
    return {
        "name": system.name,
        "label": system.label,
        "decoders": {
            decoder.name: figures(workspace.path(plan.evaluated[system.name, decoder.name]))
            for decoder in plan.pipeline.decoders
        },
    }


def _comparisons(plan: Plan, workspace: Workspace) -> list[dict[str, Any]]:
    """The main system against every other, with the first decoder."""
    systems = [system.name for system in plan.pipeline.systems]
    if MAIN not in systems or not plan.pipeline.decoders:
        return []
    decoder = plan.pipeline.decoders[0].name
    main = workspace.path(plan.evaluated[MAIN, decoder])
    return [
        {"system": MAIN, "against": name, "decoder": decoder, "metric": metric} | figure
        for name in systems
        if name != MAIN
        for metric, figure in differences(
            main, workspace.path(plan.evaluated[name, decoder])
        ).items()
        if metric in _COMPARED
    ]


def _scores(samples: Path, references: Path) -> dict[str, list[float]]:
    groups = [[s.get("quals") for s in row.get("scores", [])] for row in read_rows(samples)]
    known = [[score for score in group if score is not None] for group in groups]
    return {
        "references": [r["quals"] for r in read_rows(references) if r.get("quals") is not None],
        "samples": [score for group in known for score in group],
        "worst_samples": [min(group) for group in known if group],
    }


def _sets(path: Path, sample_scores: Path, *, oracle: bool) -> dict[str, Any]:
    statistics = read_statistics(path)
    rows = list(read_rows(path))
    step = max(1, len(rows) // _NUM_EXAMPLES)  # evenly over the set: none is picked by hand
    chosen = rows[::step][:_NUM_EXAMPLES]
    pairs = {} if oracle else _low_answers(chosen, sample_scores)
    return {
        "num_documents": statistics["num_documents"],
        "num_positives": statistics["num_positives"],
        "num_negatives": statistics["num_negatives"],
        "thresholds": {
            "positives": statistics["thresholds"]["positive"],
            "negatives": statistics["thresholds"]["negative"],
        },
        "drops": statistics["drops"],
        "purity": statistics["purity"],
        "examples": [_example(row, pairs, oracle=oracle) for row in chosen],
    }


def _example(
    row: Mapping[str, Any], low_answers: Mapping[object, list[str]], *, oracle: bool
) -> dict[str, Any]:
    names = ("document", "positive", "negative", "positive_score", "negative_score")
    unsupported = low_answers.get(row["id"])
    if oracle and row["negative"] is not None:
        unsupported = list(judge(row["document"], row["negative"]).wrong.values())
    return {name: row[name] for name in names} | {"unsupported": unsupported}


def _low_answers(rows: Sequence[Mapping[str, Any]], scores: Path) -> dict[object, list[str]]:
    """By id, the answers of the pairs of S- that the document makes improbable.

    The S- sample is known by its score; of equals the first.
    """
    wanted = {row["id"]: row["negative_score"] for row in rows}
    found = {}
    for row in read_rows(scores):
        if row["id"] not in wanted:
            continue
        samples = [s for s in row.get("scores", []) if s["quals"] == wanted[row["id"]]]
        pairs = samples[0]["pairs"] if samples else []
        low = [pair["answer"].strip() for pair in pairs if pair["score"] < _LOW]
        found[row["id"]] = list(dict.fromkeys(filter(None, low)))
    return found


def _curves(workdir: Path) -> dict[str, Any]:
    rows = list(read_metrics(workdir / "metrics.jsonl"))
    train = [row for row in rows if row["kind"] == "train"]
    stopped = [row["step"] for row in rows if row["kind"] == "collapse"]
    return {
        "positive_nll": [[r["step"], r["positive_nll"]] for r in train if "positive_nll" in r],
        "negative_loss": [[r["step"], r["negative_loss"]] for r in train if "negative_loss" in r],
        "dev": [[row["step"], row["loss"]] for row in rows if row["kind"] == "dev"],
        "collapsed_at": stopped[0] if stopped else None,
    }


def _settings(plan: Plan) -> dict[str, Any]:
    """The settings in words."""
    pipeline = plan.pipeline
    conseq = pipeline.conseq.conseq
    weights = {
        system.label: system.negative_weight
        for system in pipeline.systems
        if system.negative_weight is not None
    }
    return {
        "QAGen": _training_in_words(pipeline.qagen, pipeline.qagen_folder),
        "MLE summarizer": _training_in_words(pipeline.mle, pipeline.mle_folder),
        "ConSeq": _training_in_words(pipeline.conseq, ""),
        "weight of the negative term": f"{conseq.negative_weight:g}"
        + "".join(f"; {label}: {weight:g}" for label, weight in weights.items()),
        "documents sampled": pipeline.num_documents or "all of the training set",
        "samples": _in_words(pipeline.sampling),
        "QUALS": _in_words(pipeline.metric),
        "shares of the sets": "; ".join(
            f"{rule.name}: S- {rule.options.negative_ratio:g}, S+ {rule.options.positive_ratio}"
            for rule in pipeline.rules
            if rule.by not in ("rouge", "random")
        ),
        **{f"decoding, {d.name}": _in_words(d.search) for d in pipeline.decoders},
    }


def _training_in_words(experiment: Experiment, folder: str) -> str:
    if folder:
        return f"given: {Path(folder).name}"
    model = experiment.model
    assert isinstance(model, BartConfig)
    length = f"{experiment.num_steps:,} updates"
    if experiment.num_epochs:
        length = f"{experiment.num_epochs:g} epochs"
    return (
        f"BART with {model.encoder_layers}+{model.decoder_layers} layers of width {model.d_model}, "
        f"{model.encoder_heads} heads; {length} of at most {experiment.batch.max_tokens:,} tokens, "
        f"learning rate {experiment.optim.learning_rate:g}, {experiment.optim.schedule.name}"
    )


def _in_words(options: Any) -> str:
    """Options that differ from their defaults."""
    parts = [
        f"{field.name} {value}"
        for field in dataclasses.fields(options)
        if (value := getattr(options, field.name)) != field.default
    ]
    return f"{type(options).__name__}: {', '.join(parts) or 'defaults'}"
