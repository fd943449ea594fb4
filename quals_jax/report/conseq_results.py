"""What the report of a ConSeq run is made of: the dictionary in ``results.json``.

    results = check_results(json.loads(Path("runs/demo/results.json").read_text()))

`Results` documents every field. A part that a run does not have is null (or left out, where a class
says ``total=False``); the report then says that it is missing. Rates and ROUGE are shares in
[0, 1]; QUALS and losses are nats per token.
"""

from typing import Any, Required, TypeAlias, TypedDict, cast

from quals_jax.data.typed_json import problems
from quals_jax.report.quals_results import Picture, QAGenTest

# Names with a meaning: the report compares MAIN with BASELINE and with the others, the controls;
# BOUND uses knowledge that no real run has. Other names are welcome and count as controls.
MAIN, BASELINE, BOUND = "quals", "mle", "oracle"


Point: TypeAlias = tuple[float, float | None]


class Figure(TypedDict, total=False):
    """A measured value with its 95 % interval ``[low, high]``."""

    value: Required[float | None]
    interval: tuple[float, float] | None


class System(TypedDict):
    """One trained summarizer: ``decoders["beam4"]["factual"]`` is a number, a `Figure` or null."""

    name: str
    label: str
    decoders: dict[str, dict[str, float | Figure | None]]


class Scores(TypedDict):
    """QUALS of the references, of all samples, and of every document's worst sample."""

    references: list[float]
    samples: list[float]
    worst_samples: list[float]


class Sides(TypedDict):
    """A number for S+ and one for S-."""

    positives: float | None
    negatives: float | None


class Example(TypedDict, total=False):
    """A document with its S+ and S- summary.

    ``unsupported`` are the parts of ``negative`` to mark, as texts: in the world the facts that the
    article does not state, elsewhere the answers of the lowest pairs.
    """

    document: Required[str]
    positive: Required[str | None]
    negative: Required[str | None]
    positive_score: float | None
    negative_score: float | None
    unsupported: list[str] | None


class ContrastSets(TypedDict, total=False):
    """The sets that one selection rule made.

    ``thresholds``: the lowest score taken into S+ and the highest taken into S-. ``purity``: by the
    oracle, the share of S+ that is factual and the share of S- that is NOT factual. ``drops``:
    how many documents or summaries were left out, by reason.
    """

    num_documents: Required[int]
    num_positives: Required[int]
    num_negatives: Required[int]
    thresholds: Sides | None
    drops: dict[str, int] | None
    purity: Sides | None
    examples: list[Example] | None


class Curves(TypedDict, total=False):
    """Training curves as ``[step, value]``; a value may be null (not finite).

    ``positive_nll``: nats per S+ token; ``negative_loss``: nats per S- token, empty where the
    training has no negatives; ``dev``: the criterion that training watches, named by ``dev_label``.
    """

    positive_nll: Required[list[Point]]
    negative_loss: Required[list[Point] | None]
    dev: list[Point] | None
    dev_label: str
    collapsed_at: Required[int | None]


class Comparison(TypedDict):
    """A paired difference, ``system`` minus ``against``, with its 95 % interval over documents."""

    system: str
    against: str
    decoder: str
    metric: str
    value: float
    interval: tuple[float, float]


class Results(TypedDict, total=False):
    """A run.

    ``unsupported_by`` says where the marks in the examples come from: "oracle" (exact) or "pairs"
    (answers of the lowest pairs). ``timings`` are seconds per stage, in order; ``notes`` are
    paragraphs shown as they are.
    """

    title: Required[str]
    seed: Required[int | None]
    systems: Required[list[System]]
    comparisons: list[Comparison] | None
    settings: Required[dict[str, Any]]
    timings: Required[dict[str, float]]
    notes: list[str] | None
    scores: Required[Scores | None]
    sets: Required[dict[str, ContrastSets] | None]
    training: Required[dict[str, Curves] | None]
    unsupported_by: str | None
    picture: Required[Picture | None]
    qagen: Required[QAGenTest | None]


def check_results(results: Any) -> Results:
    """The same dictionary; ValueError names everything that is missing or of the wrong kind."""
    found = list(problems(results, Results, "results"))
    if not found and not any(any(s["decoders"].values()) for s in results["systems"]):
        found = ["results.systems: expected at least one system with a metric"]
    if found:
        raise ValueError("not the results of a ConSeq run:\n  " + "\n  ".join(found[:20]))
    return cast(Results, results)
