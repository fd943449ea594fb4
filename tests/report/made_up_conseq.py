"""Results of a ConSeq run as the pipeline writes them, with made-up numbers."""

from typing import Any

import numpy as np

from tests.report.made_up_results import made_up_results

# factual, QUALS, ROUGE-L of beam search; greedy and sampled are worked out from them.
_SYSTEMS = {
    "mle": ("MLE", 0.576, -0.086, 0.704),
    "references": ("more training on references", 0.600, -0.086, 0.691),
    "random": ("ConSeq, random sets", 0.654, -0.072, 0.695),
    "rouge": ("ConSeq-ROUGE", 0.670, -0.070, 0.674),
    "positives": ("S+ by QUALS only", 0.854, -0.050, 0.677),
    "quals": ("ConSeq-QUALS", 0.918, -0.045, 0.673),
    "oracle": ("ConSeq, sets by the oracle", 0.944, -0.048, 0.679),
}


def made_up_conseq(text: str = "") -> dict[str, Any]:
    """`text` is put into every field that holds text."""
    rng = np.random.default_rng(0)
    qagen = made_up_results(text)
    references = np.concatenate([-np.abs(rng.normal(0, 0.04, 1600)), rng.normal(-0.3, 0.12, 900)])
    samples = np.concatenate([-np.abs(rng.normal(0, 0.06, 2300)), rng.normal(-0.34, 0.15, 2700)])
    return {
        "title": f"The synthetic world, seed 1{text}",
        "seed": 1,
        "systems": [_system(name, *values, text) for name, values in _SYSTEMS.items()],
        "comparisons": [
            _comparison(name, metric, _SYSTEMS["quals"][i] - _SYSTEMS[name][i])
            for name in ("mle", "random", "rouge", "positives")
            for metric, i in (("quals", 2), ("factual", 1))
        ],
        "settings": {"negative weight": 0.1, "updates": 40, "samples": f"2, top-k 5{text}"},
        "timings": {"qagen": 160.0, "mle": 175.2, "samples": 21.0, "sets": 0.4, "report": 1.2},
        "notes": [f"Thin articles carry the gain: 10 % to 93 %; rich ones 81 % to 91 %.{text}"],
        "scores": {
            "references": references.tolist(),
            "samples": samples.tolist(),
            "worst_samples": np.sort(samples)[:2500].tolist(),
        },
        "sets": {rule: _sets(rule, text) for rule in ("random", "rouge", "quals", "oracle")},
        "training": {name: _curves(name) for name in list(_SYSTEMS)[1:]},
        "unsupported_by": "oracle",
        "picture": qagen["picture"],
        "qagen": qagen,
    }


def _system(
    name: str, label: str, factual: float, quals: float, rouge: float, text: str
) -> dict[str, Any]:
    decoders = {}
    for decoder, loss in (("beam4", 0.0), ("greedy", 0.06), ("sampled", 0.16)):
        share = factual - loss * factual
        decoders[decoder] = {
            "factual": {"value": share, "interval": [share - 0.03, share + 0.03]},
            "precision": {"value": 1 - 0.3 * (1 - share), "interval": None},
            "parsed": {"value": 0.994, "interval": [0.986, 1.0]},
            "optional": {"value": 1.57, "interval": [1.49, 1.64]},
            "quals": {"value": quals - loss / 5, "interval": [quals - loss - 0.004, quals + 0.004]},
            "rouge1": {"value": rouge + 0.03, "interval": [rouge + 0.02, rouge + 0.04]},
            "rouge2": {"value": rouge - 0.14, "interval": [rouge - 0.15, rouge - 0.13]},
            "rougeL": {"value": rouge - loss, "interval": [rouge - loss - 0.01, rouge + 0.01]},
            "rougeL_clean": {"value": rouge + 0.1 * share, "interval": [0.7, 0.8]},
        }
    return {"name": name, "label": label + text, "decoders": decoders}


def _comparison(against: str, metric: str, difference: float) -> dict[str, Any]:
    return {
        "system": "quals",
        "against": against,
        "decoder": "beam4",
        "metric": metric,
        "value": difference,
        "interval": [difference - 0.035, difference + 0.035],
    }


def _sets(rule: str, text: str) -> dict[str, Any]:
    pure = {"quals": (0.977, 0.977), "oracle": (1.0, 1.0), "rouge": (0.57, 0.63)}
    example = {
        "document": f"A jury convicted David Jones of burglary. He, who is 54, wept.{text}",
        "positive": f"A court has sent David Jones to prison over burglary.{text}",
        "negative": f"A court in London has sent David Jones, 5, to prison for 54 days.{text}",
        "positive_score": -0.012,
        "negative_score": -0.408,
        "unsupported": ["London", "5"],
    }
    positives, negatives = pure.get(rule, (0.65, 0.43))
    return {
        "num_documents": 145,
        "num_positives": 145,
        "num_negatives": 145,
        "thresholds": {"positives": -0.01, "negatives": -0.31} if rule == "quals" else None,
        "drops": {f"score above the threshold{text}": 1750, "in one set only": 605},
        "purity": {"positives": positives, "negatives": negatives},
        "examples": [
            example,
            example | {"positive": None, "positive_score": None},
            example | {"unsupported": None},
        ],
    }


def _curves(name: str) -> dict[str, Any]:
    steps = np.arange(1, 41)
    collapsed = name == "random"  # made up: the report has to show one
    end = 29 if collapsed else 40
    positive = 0.18 - 0.001 * steps + (0.9 * (steps / 29) ** 8 if collapsed else 0)
    negative = 0.9 * np.exp(-steps / 9) + 0.1
    has_negatives = name not in ("references", "positives")
    return {
        "positive_nll": _points(steps[:end], positive),
        "negative_loss": _points(steps[:end], negative) if has_negatives else [],
        "dev": _points(steps[9:end:10], 0.2 - 0.001 * steps[9::10]),
        "dev_label": "dev loss, nats per token",
        "collapsed_at": 29 if collapsed else None,
    }


def _points(steps: np.ndarray, values: np.ndarray) -> list[list[float]]:
    return [[int(step), float(value)] for step, value in zip(steps, values, strict=False)]
