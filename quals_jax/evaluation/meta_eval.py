"""Meta-evaluation: how well scores agree with people, each beside what n-gram overlap reaches.

    results = meta_evaluate(judged, {"quals": scores_N})
    results["metrics"][0]["overall"]["pearson"]        # {"value": 0.41, "interval": [0.3, 0.5]}

Rows without a score are left out of the figures of that score, and counted. Differences are
computed on the rows that have both.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from quals_jax.evaluation.auroc import auroc_statistic
from quals_jax.evaluation.balanced_accuracy import (
    balanced_accuracy,
    best_threshold,
    validation_part,
)
from quals_jax.evaluation.bootstrap import NUM_RESAMPLES
from quals_jax.evaluation.correlation import CORRELATIONS
from quals_jax.evaluation.judgements import Judgements, ngram_floors
from quals_jax.evaluation.partial import indicators, partial_pearson
from quals_jax.evaluation.statistic import Statistic, UndefinedError, difference, figure
from quals_jax.metrics.ngrams import NgramPrecision

Results = dict[str, Any]
PARTIALS = ("pearson_less_ngrams", "pearson_less_system", "pearson_less_both")
_FEWEST_SYSTEMS = 3


@dataclass(frozen=True)
class MetaOptions:
    """Settings of a meta-evaluation.

    A summary judged `consistent_from` or better counts as consistent for AUROC and balanced
    accuracy; `validation_share` of the documents choose the threshold of the latter.
    """

    consistent_from: float = 1.0
    validation_share: float = 0.5
    num_resamples: int = NUM_RESAMPLES
    seed: int = 0


def meta_evaluate(
    judged: Judgements,
    scores: Mapping[str, np.ndarray],
    options: MetaOptions | None = None,
    lower_is_better: frozenset[str] = frozenset(),
) -> Results:
    """All figures of every score [N] (NaN: missing) and of the n-gram floors, JSON values only.

    "metrics": per score its name, floor, num_rows, num_missing, "overall" figures and
    "systems": figures per system; "differences": per pair of scores the correlations of the first
    less those of the second; "system_level": correlations of the systems' means. Scores in
    `lower_is_better` are turned round first.
    """
    options = options or MetaOptions()
    given = {name: scores[name] for name in NgramPrecision.keys if name in scores}
    floors = ngram_floors(judged) | given
    columns = {name: -s if name in lower_is_better else s for name, s in scores.items()} | floors
    run = _Run(judged, floors, options)
    is_consistent = judged.human_N >= options.consistent_from
    names = sorted(columns, key=lambda name: name in floors)
    return {
        "num_rows": len(judged.ids),
        "num_documents": len(set(judged.groups)),
        "num_without_judgement": judged.num_without,
        "num_consistent": int(is_consistent.sum()),
        "mean_human": float(judged.human_N.mean()) if len(judged.ids) else None,
        "systems": _counts(judged.systems),
        "floors": list(floors),
        "options": asdict(options),
        "metrics": [
            run.metric(name, columns[name])
            | {"floor": name in floors, "lower_is_better": name in lower_is_better}
            for name in names
        ],
        "differences": [
            run.differences(one, other, columns) for one, other in combinations(names, 2)
        ],
    }


class _Run:
    """What all figures of a meta-evaluation share."""

    def __init__(self, judged: Judgements, floors: Mapping[str, np.ndarray], options: MetaOptions):
        self._judged = judged
        self._options = options
        self._groups = np.array(judged.groups, object)
        self._floors = np.column_stack(list(floors.values())) if floors else None
        self._systems = np.array(judged.systems or [], object)
        self._is_validation = validation_part(
            judged.groups, options.validation_share, seed=options.seed
        )

    def metric(self, name: str, score_N: np.ndarray) -> Results:
        """Everything about one score."""
        has_N = np.isfinite(score_N)
        systems = list(dict.fromkeys(self._judged.systems or ()))
        several = systems if len(systems) > 1 else []
        return {
            "name": name,
            "num_rows": int(has_N.sum()),
            "num_missing": int((~has_N).sum()),
            "overall": self._correlations(score_N, has_N)
            | self._labels(score_N, has_N)
            | self._partials(score_N, has_N),
            "systems": {
                system: self._correlations(score_N, has_N & (self._systems == system))
                for system in several
            },
            "system_level": self._system_level(score_N, has_N, systems),
        }

    def differences(self, one: str, other: str, columns: Mapping[str, np.ndarray]) -> Results:
        """The correlations of one score less those of another, on the rows that have both."""
        both_N = np.isfinite(columns[one]) & np.isfinite(columns[other])
        human = self._judged.human_N[both_N]

        def pair(name: str) -> Callable[[], tuple[Statistic, Statistic]]:
            compute, sides = CORRELATIONS[name], (columns[one][both_N], columns[other][both_N])
            return lambda: (compute(sides[0], human), compute(sides[1], human))

        found = {
            name: difference(pair(name), list(self._groups[both_N]), **self._drawing)
            for name in CORRELATIONS
        }
        return {"metric": one, "against": other, "num_rows": int(both_N.sum())} | found

    @property
    def _drawing(self) -> dict[str, int]:
        return {"num_resamples": self._options.num_resamples, "seed": self._options.seed}

    def _figure(self, compute: Callable[[], Statistic], rows_N: np.ndarray) -> Results:
        return figure(compute, list(self._groups[rows_N]), **self._drawing)

    def _correlations(self, score_N: np.ndarray, rows_N: np.ndarray) -> Results:
        score, human = score_N[rows_N], self._judged.human_N[rows_N]
        found = {
            name: self._figure(lambda compute=compute: compute(score, human), rows_N)
            for name, compute in CORRELATIONS.items()
        }
        return found | {"num_rows": len(score)}

    def _labels(self, score_N: np.ndarray, rows_N: np.ndarray) -> Results:
        """AUROC, and balanced accuracy with the threshold that the validation part chose."""
        is_consistent_N = self._judged.human_N >= self._options.consistent_from
        for_choice, for_test = rows_N & self._is_validation, rows_N & ~self._is_validation
        found = {
            "auroc": self._figure(
                lambda: auroc_statistic(score_N[rows_N], is_consistent_N[rows_N]), rows_N
            )
        }
        try:
            threshold = best_threshold(score_N[for_choice], is_consistent_N[for_choice])
        except UndefinedError as error:
            none = {"value": None, "interval": None, "reason": str(error)}
            return found | {"balanced_accuracy": none | {"threshold": None}}
        accuracy = self._figure(
            lambda: balanced_accuracy(score_N[for_test], is_consistent_N[for_test], threshold),
            for_test,
        )
        accuracy |= {"threshold": threshold, "num_rows": int(for_test.sum())}
        return found | {"balanced_accuracy": accuracy}

    def _partials(self, score_N: np.ndarray, has_N: np.ndarray) -> Results:
        """What is left of Pearson's r when n-gram overlap, system or both are accounted for."""
        overlap = self._floors
        several = len(set(self._systems)) > 1
        systems = indicators(list(self._systems)) if several else None
        both = None if overlap is None or systems is None else np.hstack([overlap, systems])
        found = {}
        for name, controls in zip(PARTIALS, (overlap, systems, both), strict=True):
            if controls is not None:
                rows_N = has_N & np.isfinite(controls).all(1)
                found[name] = self._partial(score_N, controls, rows_N)
        return found

    def _partial(self, score_N: np.ndarray, controls: np.ndarray, rows_N: np.ndarray) -> Results:
        sides = score_N[rows_N], self._judged.human_N[rows_N], controls[rows_N]
        found = self._figure(lambda: partial_pearson(*sides), rows_N)
        return found | {"num_rows": int(rows_N.sum())}

    def _system_level(
        self, score_N: np.ndarray, has_N: np.ndarray, systems: list[str]
    ) -> Results | None:
        """Correlations of the means of the systems, without intervals: there are few systems."""
        rows = [has_N & (self._systems == system) for system in systems]
        rows = [some_N for some_N in rows if some_N.any()]
        if len(rows) < _FEWEST_SYSTEMS:
            return None
        means = np.array([[score_N[r].mean(), self._judged.human_N[r].mean()] for r in rows])
        found: Results = {"num_systems": len(rows)}
        for name, compute in CORRELATIONS.items():
            try:
                found[name] = compute(means[:, 0], means[:, 1]).value
            except UndefinedError:
                found[name] = None
        return found


def _counts(names: list[str] | None) -> dict[str, int]:
    return {name: names.count(name) for name in dict.fromkeys(names)} if names else {}


def best_floor(results: Results) -> str | None:
    """The n-gram precision with the highest Pearson correlation overall."""
    found = {
        metric["name"]: metric["overall"]["pearson"]["value"]
        for metric in results["metrics"]
        if metric["floor"] and metric["overall"]["pearson"]["value"] is not None
    }
    return max(found, key=found.__getitem__) if found else None
