"""results.json of a pipeline: everything the report and the tables are made of."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.pipeline.evaluation import figures
from experiments.pipeline.plan import Plan
from experiments.pipeline.rows import read_rows
from experiments.pipeline.sets import read_statistics
from experiments.pipeline.stages import Workspace
from quals_jax.data.world_oracle import judge
from train.metric_log import read_metrics

_NUM_EXAMPLES = 4  # per rule


def collect(plan: Plan, workspace: Workspace) -> dict[str, Any]:
    """The results; their form is that of ``quals_jax/report/conseq_results.py``."""
    pipeline = plan.pipeline
    samples, references = plan.sample_scores, plan.reference_scores
    timings = {stage.name: workspace.seconds(stage) or 0.0 for stage in plan.stages}
    return {
        "title": pipeline.title,
        "seed": pipeline.seed,
        "settings": _settings(plan),
        "timings": timings,
        "notes": list(pipeline.notes),
        "scores": _scores(workspace.path(samples), workspace.path(references)),
        "unsupported_by": "oracle" if pipeline.oracle else None,
        "sets": {
            name: _sets(workspace.path(stage), oracle=pipeline.oracle)
            for name, stage in plan.sets.items()
        },
        "training": {
            system.name: _curves(workspace.path(plan.systems[system.name]))
            for system in pipeline.systems
            if system.rule
        },
        "systems": [
            {
                "name": system.name,
                "label": system.label,
                "decoders": {
                    decoder.name: figures(workspace.path(plan.evaluated[system.name, decoder.name]))
                    for decoder in pipeline.decoders
                },
            }
            for system in pipeline.systems
        ],
        "picture": None,
        "qagen": None,
    }


def _scores(samples: Path, references: Path) -> dict[str, list[float]]:
    groups = [[s.get("quals") for s in row.get("scores", [])] for row in read_rows(samples)]
    known = [[score for score in group if score is not None] for group in groups]
    return {
        "references": [r["quals"] for r in read_rows(references) if r.get("quals") is not None],
        "samples": [score for group in known for score in group],
        "worst_samples": [min(group) for group in known if group],
    }


def _sets(path: Path, *, oracle: bool) -> dict[str, Any]:
    statistics = read_statistics(path)
    rows = list(read_rows(path))
    step = max(1, len(rows) // _NUM_EXAMPLES)  # evenly over the set: none is picked by hand
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
        "examples": [_example(row, oracle=oracle) for row in rows[::step][:_NUM_EXAMPLES]],
    }


def _example(row: Mapping[str, Any], *, oracle: bool) -> dict[str, Any]:
    names = ("document", "positive", "negative", "positive_score", "negative_score")
    unsupported = None
    if oracle and row["negative"] is not None:
        unsupported = list(judge(row["document"], row["negative"]).wrong.values())
    return {name: row[name] for name in names} | {"unsupported": unsupported}


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
    pipeline = plan.pipeline
    return {
        "seed": pipeline.seed,
        "documents sampled": pipeline.num_documents or "all",
        "sampling": str(pipeline.sampling),
        "metric": str(pipeline.metric),
        "rules": {rule.name: str(dataclasses.asdict(rule)) for rule in pipeline.rules},
    }
