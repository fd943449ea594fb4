"""How the report calls the metrics of a system, and how it writes their values."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quals_jax.report.axes import fixed
from quals_jax.report.conseq_results import System


@dataclass(frozen=True)
class Metric:
    """A column of the table of systems. ``scale`` 100 turns shares into per cent.

    ``least`` and ``most`` bound what it can be, ``axis`` is its name on one.
    """

    name: str
    label: str
    meaning: str = ""
    unit: str = ""
    scale: float = 1.0
    decimals: int = 3
    axis: str = ""
    least: float = -math.inf
    most: float = math.inf

    @property
    def axis_label(self) -> str:
        """What an axis of this metric is called."""
        return self.axis or self.heading

    @property
    def heading(self) -> str:
        """Label and unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def text(self, value: float | None) -> str:
        """The value without its unit; a dash where there is none."""
        if value is None or not math.isfinite(value):
            return "–"
        return fixed(self.scale * value, self.decimals)

    def with_unit(self, value: float | None) -> str:
        """The value as in a sentence."""
        return f"{self.text(value)}\u00a0{self.unit}".strip()

    def difference(self, value: float) -> str:
        """A difference of two values with its sign."""
        return fixed(self.scale * value, self.decimals, "+")


def _share(name: str, label: str, meaning: str, unit: str = "%", axis: str = "") -> Metric:
    return Metric(name, label, meaning, unit, 100.0, 1, axis, 0.0, 1.0)


KNOWN = (
    _share(
        "factual",
        "factual",
        "summaries whose facts are all stated in the article, by the exact oracle",
        axis="factual summaries, %",
    ),
    _share("factual_thin", "factual, thin", "the same for articles that state few facts"),
    _share("factual_rich", "factual, rich", "the same for articles that state most facts"),
    _share("precision", "precision", "supported facts among the facts of a summary"),
    _share(
        "parsed",
        "parsed",
        "summaries that the oracle can read; one that it cannot read counts as not factual",
    ),
    Metric(
        "optional",
        "optional",
        "supported facts per summary beyond those that every summary of its kind states: it falls "
        "where factuality is bought by saying less",
        decimals=2,
    ),
    Metric(
        "quals", "QUALS", "mean score in nats per token", "nats", axis="mean QUALS, nats per token"
    ),
    _share("qags", "QAGS", "agreement of the answers from summary and document", ""),
    _share("factcc", "FactCC", "mean probability that a sentence is consistent", ""),
    _share("rouge1", "R-1", "ROUGE-1 F against the references", ""),
    _share("rouge2", "R-2", "ROUGE-2 F against the references", ""),
    _share("rougeL", "R-L", "ROUGE-L F against the references", "", "ROUGE-L against references"),
    _share(
        "rougeL_clean",
        "R-L clean",
        "ROUGE-L F against references without unsupported facts",
        "",
        "ROUGE-L against clean references",
    ),
)
_BY_NAME = {metric.name: metric for metric in KNOWN}

DECODERS = {
    "beam4": "beam search, 4 beams",
    "beam6": "beam search, 6 beams",
    "greedy": "greedy search",
    "sampled": "sampling",
}


def metric_of(name: str) -> Metric:
    """The metric of that name; an unknown one is called by its name."""
    return _BY_NAME.get(name, Metric(name, name.replace("_", " ")))


def metrics_of(systems: Iterable[System]) -> list[Metric]:
    """All metrics of the systems: known ones in their order, then the others as they come."""
    names = dict.fromkeys(
        name for system in systems for figures in system["decoders"].values() for name in figures
    )
    known = [metric for metric in KNOWN if metric.name in names]
    return known + [metric_of(name) for name in names if name not in _BY_NAME]


def decoders_of(systems: Iterable[System]) -> dict[str, str]:
    """Names of all decoders with what to call them, in the order in which they come."""
    names = dict.fromkeys(name for system in systems for name in system["decoders"])
    return {name: DECODERS.get(name, name) for name in names}


def headline_metric(systems: Iterable[System]) -> Metric:
    """What a reader wants to know first: the oracle's verdict where there is one, else QUALS."""
    metrics = metrics_of(systems)
    return next((m for name in ("factual", "quals") for m in metrics if m.name == name), metrics[0])


def figure_of(system: System, decoder: str, metric: str) -> tuple[float | None, Any]:
    """Value and interval of a metric; both are None where there is no finite value."""
    value, interval = system["decoders"].get(decoder, {}).get(metric), None
    if isinstance(value, Mapping):
        value, interval = value["value"], value.get("interval")
    return (value, interval) if value is not None and math.isfinite(value) else (None, None)
