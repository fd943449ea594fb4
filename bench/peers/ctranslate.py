"""CTranslate2, float32, without diverse search and without shared sources: it has neither."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import numpy as np

from bench.peers.tasks import TASKS


def versions() -> dict[str, str]:
    """Of what decides the speed."""
    return {"ctranslate2": ctranslate2.__version__}


def _translator(folder: Path) -> tuple[ctranslate2.Translator, np.ndarray]:
    """The model, converted once beside its folder, and the spelling of every id."""
    converted = folder.with_name(f"{folder.name}_ctranslate2")
    if not converted.exists():
        from ctranslate2.converters import TransformersConverter

        TransformersConverter(str(folder)).convert(str(converted))
    threads = len(os.sched_getaffinity(0))
    translator = ctranslate2.Translator(
        str(converted), compute_type="float32", inter_threads=1, intra_threads=threads
    )
    vocabulary = json.loads((converted / "shared_vocabulary.json").read_text("utf-8"))
    return translator, np.array(vocabulary)


def _score(folder: Path) -> Callable[[], float]:
    task = TASKS["score"]
    translator, spelling = _translator(folder)
    N = task.num_targets
    sources = [row for row in spelling[task.documents()].tolist() for _ in range(N)]
    targets = [row[:-1] for rows in spelling[task.targets()].tolist() for row in rows]

    def score() -> float:
        results = translator.score_batch(sources, targets, max_batch_size=N)
        return sum(sum(result.log_probs) for result in results)

    return score


def _search(name: str) -> Callable[[Path], Callable[[], float]]:
    task = TASKS[name]

    def load(folder: Path) -> Callable[[], float]:
        translator, spelling = _translator(folder)
        sources = spelling[task.sources()].tolist()

        def search() -> float:
            results = translator.translate_batch(
                sources,
                beam_size=task.num_beams,
                min_decoding_length=task.new_tokens,
                max_decoding_length=task.new_tokens,
                max_batch_size=task.num_sources,
            )
            return float(sum(len(result.hypotheses[0]) for result in results))

        return search

    return load


JOBS = {"score": _score, "beam4": _search("beam4"), "greedy": _search("greedy")}
