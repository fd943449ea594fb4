"""What the demo prints when it is done: examples, planted errors, the table of systems."""

from collections.abc import Mapping
from typing import Any

from quals_jax.report.conseq_results import BASELINE, MAIN

_COLUMNS = (  # heading, decoder, metric, written as
    ("factual", "beam4", "factual", "%"),
    ("greedy", "greedy", "factual", "%"),
    ("sampled", "sampled", "factual", "%"),
    ("parsed", "beam4", "parsed", "%"),
    ("facts right", "beam4", "precision", "%"),
    ("optional", "beam4", "optional", ".2f"),
    ("QUALS", "beam4", "quals", ".3f"),
    ("R-L", "beam4", "rougeL", ".3f"),
    ("R-L clean", "beam4", "rougeL_clean", ".3f"),
)
_LEGEND = (
    "factual: share of summaries of which the article states every fact, by the exact oracle, with "
    "beam search (4);\ngreedy, sampled: the same when decoded so; the other columns are of beam "
    "search. parsed: share that is\nwell-formed; optional: supported facts beyond those every "
    "summary states; R-L: ROUGE-L against the references\nof the kind the summarizer learned from, "
    "and against clean ones."
)
_HONEST = (
    "The world is built so that this effect can exist: its careless references guess in a "
    "systematic way, and\nenough careful ones show how to do without. The figures say nothing "
    "about news."
)


def example_lines(results: Mapping[str, Any], count: int = 2) -> list[str]:
    """A few documents with their S+ and S- and their scores."""
    lines = ["What QUALS chose for training (S+ to write like, S- not to write like):"]
    examples = (results["sets"] or {}).get(MAIN, {}).get("examples") or []
    for example in examples[:count]:
        lines.append(f"  article  {example['document']}")
        for side, name in (("S+", "positive"), ("S-", "negative")):
            if example[name] is not None:
                lines.append(f"  {side} {example[f'{name}_score']:+.3f}  {example[name]}")
        if example.get("unsupported"):
            lines.append(f"  not in the article: {', '.join(example['unsupported'])}")
    return lines


def planted_lines(results: Mapping[str, Any]) -> list[str]:
    """How well QUALS finds errors that are known to be there, by kind."""
    aurocs, coverage, counts = results["auroc"], results["coverage"], results["counts"]
    lines = [f"{'AUROC by kind of planted error':36}QUALS  answers  worst pair  asked about"]
    for kind, label in [*results["error_kinds"].items(), ("all", "all of them")]:
        quals, answer, worst = (
            _text(aurocs[name][kind]["value"], ".3f") for name in ("quals", "answer", "min")
        )
        share = _text(coverage[kind], "%")
        lines.append(f"  {label:34}{quals:>5}  {answer:>7}  {worst:>10}  {share:>11}")
    told = f"{counts['faithful']} faithful and {counts['corrupted']:,} corrupted summaries"
    if counts["without_score"]:
        told += f"; {counts['without_score']} got no question and no score"
    lines.append(f"  ({told})")
    return lines


def result_lines(results: Mapping[str, Any]) -> list[str]:
    """The table of systems, collapses, and the main result."""
    systems = {system["name"]: system for system in results["systems"]}
    lines = [f"{'':30}" + "".join(f"{heading:>{_width(heading)}}" for heading, *_ in _COLUMNS)]
    for system in systems.values():
        cells = (
            f"{_text(_value(system, decoder, metric), form):>{_width(heading)}}"
            for heading, decoder, metric, form in _COLUMNS
        )
        lines.append(f"{system['label']:30}" + "".join(cells))
    lines.append(_LEGEND)
    for name, curves in (results["training"] or {}).items():
        if curves["collapsed_at"] is not None:
            lines.append(
                f"{systems[name]['label']}: COLLAPSE at update {curves['collapsed_at']}; its row "
                "is the last good model's."
            )
    lines += [_HONEST, f"All stages took {sum(results['timings'].values()):.0f} s."]
    main, before = (_value(systems.get(name), "beam4", "factual") for name in (MAIN, BASELINE))
    if main is not None and before is not None:
        gains = ", ".join(
            f"{100 * (main - value):+.1f} on {system['label']}"
            for name, system in systems.items()
            if name != MAIN and (value := _value(system, "beam4", "factual")) is not None
        )
        lines.append(f"ConSeq-QUALS: {_text(main, '%')} factual; points: {gains}")
    return lines


def _value(system: Mapping[str, Any] | None, decoder: str, metric: str) -> float | None:
    figure = (system or {"decoders": {}})["decoders"].get(decoder, {}).get(metric)
    return figure["value"] if isinstance(figure, Mapping) else figure


def _text(value: float | None, form: str) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if form == "%" else f"{value:{form}}"


def _width(heading: str) -> int:
    return max(len(heading), 6) + 3
