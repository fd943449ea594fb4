"""What the report of a ConSeq run is made of: the dictionary in ``results.json``.

    results = check_results(json.loads(Path("runs/demo/results.json").read_text()))

`Results` documents every field. A part that a run does not have is null (or left out, where a class
says ``total=False``); the report then says that it is missing. Rates and ROUGE are shares in
[0, 1]; QUALS and losses are nats per token.
"""

import types
from collections.abc import Iterator, Mapping
from typing import (
    Any,
    Required,
    TypeAlias,
    TypedDict,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

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
    """A run. ``picture`` and ``qagen`` are as `quals_report` reads them.

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
    picture: Required[dict[str, Any] | None]
    qagen: Required[dict[str, Any] | None]


def check_results(results: Any) -> Results:
    """The same dictionary; ValueError names everything that is missing or of the wrong kind."""
    found = list(_problems(results, Results, "results"))
    if not found and not any(any(s["decoders"].values()) for s in results["systems"]):
        found = ["results.systems: expected at least one system with a metric"]
    if found:
        raise ValueError("not the results of a ConSeq run:\n  " + "\n  ".join(found[:20]))
    return cast(Results, results)


def _problems(value: Any, kind: Any, place: str) -> Iterator[str]:
    """What keeps `value` from being of `kind`: one line each, with its place."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if origin in (Union, types.UnionType):
        found = [list(_problems(value, part, place)) for part in parts]
        if all(found):
            # The one that came furthest: a dictionary is compared with the dictionary type.
            yield from max(found, key=lambda lines: len(lines[0].split(" ", 1)[0]))
    elif is_typeddict(kind):
        yield from _fields(value, kind, place)
    elif origin is list and isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _problems(item, parts[0], f"{place}[{i}]")
    elif origin is tuple and isinstance(value, list | tuple):
        if len(value) != len(parts):
            yield f"{place}: expected {len(parts)} values, got {value!r:.60}"
        for i, (item, part) in enumerate(zip(value, parts, strict=False)):
            yield from _problems(item, part, f"{place}[{i}]")
    elif origin is dict and isinstance(value, Mapping):
        for name, item in value.items():
            yield from _problems(item, parts[1], f"{place}.{name}")
    elif not _is_a(value, origin or kind):
        name = "null" if kind is type(None) else (origin or kind).__name__
        yield f"{place}: expected {name}, got {value!r:.60}"


def _fields(value: Any, kind: Any, place: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place}: expected an object, got {value!r:.60}"
        return
    hints = get_type_hints(kind)
    for name in hints:
        if name in value:
            yield from _problems(value[name], hints[name], f"{place}.{name}")
        elif name in kind.__required_keys__:
            yield f"{place}.{name} is missing"


def _is_a(value: Any, kind: type) -> bool:
    if kind in (float, int):
        numbers = (int, float) if kind is float else (int,)
        return isinstance(value, numbers) and not isinstance(value, bool)
    return isinstance(value, kind)
