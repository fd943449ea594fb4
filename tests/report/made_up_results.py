"""The part ``qagen`` of a run's results, with made-up numbers."""

from typing import Any

import numpy as np

from quals_jax.data.world_corruptions import ERROR_KINDS


def made_up_results(text: str = "") -> dict[str, Any]:
    """`text` is put into every field that holds text."""
    rng = np.random.default_rng(0)
    kinds = dict(ERROR_KINDS)
    scores = {kind: (rng.normal(-0.25, 0.12, 60)).tolist() for kind in kinds}
    scores["none"] = (-np.abs(rng.normal(0, 0.05, 100))).tolist()
    value = {"value": 0.951, "interval": (0.94, 0.96)}
    example = {
        "document": f"A fire at a school has left 3 people injured.{text} It began in York.",
        "summary": f"A fire at a school in Leeds has injured 3 people.{text}",
        "error": "entity_elsewhere",
        "error_label": kinds["entity_elsewhere"] + text,
        "right": "York",
        "wrong": "Leeds",
        "quals": -0.31,
        "quals_faithful": -0.02,
        "pairs": [_pair("Where was the fire?", "Leeds", -4.0, text)],
    }
    return {
        "error_kinds": {kind: label + text for kind, label in kinds.items()},
        "counts": {
            "faithful": 100,
            "corrupted": 60 * len(kinds),
            "by_kind": dict.fromkeys(kinds, 60),
            "without_score": 0,
        },
        "auroc": {
            name: dict.fromkeys(["all", *kinds], value) for name in ("quals", "answer", "min")
        },
        "coverage": dict.fromkeys(kinds, 0.97),
        "scores": scores,
        "examples": [example, example | {"right": None}],
        "picture": example
        | {
            "supported": _pair("How many people were hurt?", "3", -0.05, text),
            "unsupported": example["pairs"][0],
        },
        "training": {
            "curves": {
                "train": [(50 * i, 6 * 0.7**i + 0.26) for i in range(1, 13)],
                "dev": [(200 * i, 2 * 0.5**i + 0.27) for i in range(1, 4)],
            },
            "num_parameters": 489_000,
            "num_steps": 600,
            "num_passages": 6000,
            "num_pairs": 45_000,
        },
        "timings": {"training": 120.0},
    }


def _pair(question: str, answer: str, drop: float, text: str) -> dict[str, Any]:
    words = question[:-1].split()
    tokens = [words[0], *(f" {word}" for word in words[1:]), "?", " strutConnector", answer + text]
    tokens.append("</s>")
    given_summary = [-0.9, -0.3] + [-0.02] * (len(tokens) - 2)
    given_document = [x - 0.05 for x in given_summary]
    given_document[-2] += drop
    return {
        "question": question + text,
        "answer": answer + text,
        "score": float(np.mean(given_document) - np.mean(given_summary)),
        "tokens": tokens,
        "num_answer_tokens": 1,
        "log_probs_document": given_document,
        "log_probs_summary": given_summary,
    }
