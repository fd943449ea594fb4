"""All metrics by name: what each needs, and how it is loaded.

    metrics = load_metrics(["ngram", "rouge"], MetricOptions())

A metric is one entry of `METRICS`. Nothing is imported before it is loaded.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from quals_jax.checkpoints.open_qagen import OPEN_QAGEN
from quals_jax.metrics.metric import Metric

if TYPE_CHECKING:
    from quals_jax.data.entity_analysis import EntityKind


@dataclasses.dataclass(frozen=True)
class MetricOptions:
    """Settings of the metrics; each reads those it knows.

    ``models`` are folders by the metric's name, ``dtype`` is that of all models' matrix products.
    """

    models: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    dtype: Literal["float32", "bfloat16"] = "float32"
    quals_mode: Literal["clean", "paper"] = "clean"
    quals_num_beams: int = 60
    qags_refill: bool = False
    entity_spans: "EntityKind" = "auto"
    entity_level: int = 2


@dataclasses.dataclass(frozen=True)
class MetricEntry:
    """A metric: a line for people with its main numbers, its loader, and what it needs.

    ``model`` says which folder is given as ``--NAME-model``, or must be where there is no
    ``default_model``; empty: no model. ``reference``: whether every row must have a reference, or
    it is used where there is one.
    """

    help: str
    load: Callable[[MetricOptions], Metric]
    model: str = ""
    default_model: Path | None = None
    reference: Literal["", "optional", "needed"] = ""


def _quals(options: MetricOptions) -> Metric:
    from quals_jax.checkpoints.model_folder import load_model_folder
    from quals_jax.metrics.quals import Quals, QualsOptions
    from quals_jax.metrics.quals_metric import QualsMetric

    beams = options.quals_num_beams
    search = QualsOptions(mode=options.quals_mode, num_beams=beams, num_groups=beams)
    return QualsMetric(Quals(load_model_folder(options.models["quals"], options.dtype), search))


def _qags(options: MetricOptions) -> Metric:
    from quals_jax.metrics.qags import Qags
    from quals_jax.metrics.qags_options import QagsOptions

    settings = QagsOptions(candidates=options.entity_spans, refill=options.qags_refill)
    return Qags.from_folder(options.models["qags"], settings, options.dtype)


def _factcc(options: MetricOptions) -> Metric:
    from quals_jax.classifying import ClaimClassifier
    from quals_jax.metrics.factcc import FactCC

    return FactCC(ClaimClassifier.from_folder(options.models["factcc"], dtype=options.dtype))


def _rouge(options: MetricOptions) -> Metric:
    from quals_jax.metrics.rouge import Rouge

    return Rouge()


def _entities(options: MetricOptions) -> Metric:
    from quals_jax.data.entity_analysis import entity_analyser
    from quals_jax.metrics.entities import EntityOverlap

    return EntityOverlap(entity_analyser(options.entity_spans), options.entity_level)


def _ngram(options: MetricOptions) -> Metric:
    from quals_jax.metrics.ngrams import NgramPrecision

    return NgramPrecision()


def _bartscore(options: MetricOptions) -> Metric:
    from quals_jax.checkpoints.model_folder import load_model_folder
    from quals_jax.metrics.bartscore import BartScore

    return BartScore(load_model_folder(options.models["bartscore"], options.dtype))


METRICS: dict[str, MetricEntry] = {
    "quals": MetricEntry(
        "quals, quals_answer, quals_min (nats per token), quals_low_share",
        _quals,
        model="a QAGen, as --model of quals score",
        default_model=OPEN_QAGEN,
    ),
    "qags": MetricEntry(
        "qags: agreement of the answers from summary and document, 0 to 1",
        _qags,
        model="a folder with questions/ (BART) and answers/ (span model)",
    ),
    "factcc": MetricEntry(
        "factcc: probability of a consistent sentence, 0 to 1", _factcc, model="a claim classifier"
    ),
    "rouge": MetricEntry(
        "rouge1, rouge2, rougeL, rougeLsum: F1 against the reference", _rouge, reference="needed"
    ),
    "entities": MetricEntry(
        "entity_precision: names that the document has; entity_precision_target,\n"
        "             entity_recall_target: shared with the reference",
        _entities,
        reference="optional",
    ),
    "ngram": MetricEntry(
        "ngram1_precision, ngram2_…, ngram3_…: what is copied, the floor for other metrics", _ngram
    ),
    "bartscore": MetricEntry(
        "bartscore: log-probability given the document, nats per token",
        _bartscore,
        model="a BART summarizer",
    ),
}


def load_metrics(names: Iterable[str], options: MetricOptions) -> list[Metric]:
    """The metrics of these names, with their default models where ``options`` names none.

    KeyError where one is unknown or lacks its model.
    """
    defaults = {name: entry.default_model for name, entry in METRICS.items() if entry.default_model}
    options = dataclasses.replace(options, models={**defaults, **options.models})
    return [METRICS[name].load(options) for name in names]
