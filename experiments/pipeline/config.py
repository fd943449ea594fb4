"""What a pipeline is made of, as frozen dataclasses; ``experiments/NAME.py`` holds the values."""

import dataclasses
from typing import Annotated, Literal

import tyro

from experiments.pipeline.judges import MEASURED_ANYWAY, check_judges
from quals_jax.decoding.options import BeamSearch, Sampling
from quals_jax.metrics.quals import QualsOptions
from quals_jax.selection import SelectionOptions
from train.config import Experiment

RuleKind = Literal["quals", "answer", "min", "f1", "oracle", "rouge", "random"]


@dataclasses.dataclass(frozen=True)
class SetRule:
    """One way to make S+ and S-, written to ``sets/NAME.jsonl``.

    ``by`` quals, answer, min: scores of QUALS; f1: its agreement of answers (``metric.answer_f1``);
    oracle: the exact judge of the synthetic world; rouge, random: as many documents as the set of
    the rule ``size_of``.
    """

    name: str
    by: RuleKind = "quals"
    options: SelectionOptions = dataclasses.field(default_factory=SelectionOptions)
    size_of: str = "quals"


@dataclasses.dataclass(frozen=True)
class System:
    """A summarizer that is evaluated.

    Without a rule it is the MLE summarizer; otherwise that one trained further on the rule's sets.
    ``negative_weight`` replaces the one of ``Pipeline.conseq``; 0 trains on S+ alone, in the same
    batches.
    """

    name: str
    label: str
    rule: str = ""
    negative_weight: float | None = None


@dataclasses.dataclass(frozen=True)
class Decoder:
    """How summaries are written for the evaluation."""

    name: str
    search: BeamSearch | Sampling
    scored: bool = True  # by QUALS too, the slowest of the metrics


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """All stages of one run: see ``experiments/pipeline/plan.py`` for how they depend on another.

    The first ``num_documents`` training documents of ``mle`` are sampled and selected from (0:
    all). ``test`` are sources of the evaluation (``train/sources.py``). ``oracle``: the documents
    are the synthetic world's, whose exact judge then evaluates too. ``clean_test`` are sources of
    the same ids with references known to be faithful.
    """

    title: str
    qagen: Experiment
    mle: Experiment
    conseq: Experiment
    test: tuple[str, ...]
    sampling: Sampling
    rules: Annotated[tuple[SetRule, ...], tyro.conf.Suppress]
    systems: Annotated[tuple[System, ...], tyro.conf.Suppress]
    decoders: Annotated[tuple[Decoder, ...], tyro.conf.Suppress]
    metric: QualsOptions = dataclasses.field(default_factory=QualsOptions)  # that selects
    test_metric: QualsOptions | None = None  # that evaluates; None: the same
    qagen_folder: str = ""  # a model folder that takes the place of training QAGen
    mle_folder: str = ""  # a model folder that takes the place of training the MLE summarizer
    mle_from_qagen: bool = False  # it starts from QAGen's weights: what it knows of language
    num_documents: int = 0
    max_test_rows: int = 0  # the first rows; 0: all
    clean_test: tuple[str, ...] = ()
    oracle: bool = False
    num_planted: int = 0  # articles of the world on which QUALS must find planted errors
    planted_metric: QualsOptions | None = None  # that finds them; None: the one that selects
    judges: tuple[str, ...] = ()  # more metrics for scored outputs: NAME or NAME=MODEL_FOLDER
    dtype: Literal["float32", "bfloat16"] = "float32"  # of matrix products outside training
    shard_rows: int = 256  # rows worked on and saved together
    notes: Annotated[tuple[str, ...], tyro.conf.Suppress] = ()  # paragraphs of the report
    seed: int = 1

    def __post_init__(self) -> None:
        """Every rule that is named exists, and names are unique."""
        rules = [rule.name for rule in self.rules]
        if not rules or not self.systems:
            raise ValueError("a pipeline has at least one rule and one system")
        if self.num_planted and not self.oracle:
            raise ValueError("num_planted: only the synthetic world has planted errors")
        for name in check_judges(self.judges):
            if name in MEASURED_ANYWAY:
                raise ValueError(f"judges: {name} is measured in any case")
        for kind in ("rules", "systems", "decoders"):
            names = [item.name for item in getattr(self, kind)]
            if len(set(names)) < len(names):
                raise ValueError(f"{kind}: a name occurs twice in {', '.join(names)}")
        for system in self.systems:
            if system.rule and system.rule not in rules:
                raise ValueError(
                    f"system {system.name!r}: no rule {system.rule!r} (rules: {', '.join(rules)})"
                )
        for i, rule in enumerate(self.rules):
            if rule.by in ("rouge", "random") and rule.size_of not in rules[:i]:
                raise ValueError(
                    f"rule {rule.name!r} takes its size from {rule.size_of!r}, which must stand "
                    "before it"
                )
            if rule.by == "f1" and self.metric.answer_f1 is None:
                raise ValueError(f"rule {rule.name!r} needs metric.answer_f1")
            if rule.by == "oracle" and not self.oracle:
                raise ValueError(f"rule {rule.name!r}: only the synthetic world has an oracle")
