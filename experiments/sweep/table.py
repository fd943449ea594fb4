"""The table of a sweep: mean ± standard error over seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.sweep.ledger import Ledger, Sweep

Row = Mapping[str, Any]


def table_rows(sweep: Sweep, ledger: Ledger) -> list[dict[str, Any]]:
    """A row per setting, system and decoder: {"mean", "standard_error", "num_seeds"} per metric.

    Settings are the overrides less the seed. The standard error is that of the mean over seeds
    (sample deviation / sqrt(n)); null for one seed. Runs that left the grid are left out.
    """
    values: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    seeds: dict[tuple[str, str, str], list[int]] = {}
    for entry in ledger.entries():
        if entry.status != "finished" or entry.removed:
            continue
        setting = ", ".join(f"{n}={v}" for n, v in entry.overrides.items() if n != "seed")
        results = ledger.results(entry.key)
        for system in results["systems"]:
            for decoder, metrics in system["decoders"].items():
                if decoder in sweep.decoders:
                    place = (setting, system["label"], decoder)
                    seeds.setdefault(place, []).append(results["seed"])
                    row = values.setdefault(place, {})
                    for metric in sweep.metrics:
                        if (value := _value(metrics.get(metric))) is not None:
                            row.setdefault(metric, []).append(value)
    return [
        {"setting": setting, "system": system, "decoder": decoder, "seeds": sorted(seeds[place])}
        | {"metrics": {name: _summary(found) for name, found in row.items()}}
        for place, row in values.items()
        for setting, system, decoder in [place]
    ]


def table_text(sweep: Sweep, rows: Sequence[Row]) -> str:
    """The rows for people, the columns aligned."""
    shown = [m for m in sweep.metrics if any(m in row["metrics"] for row in rows)]
    lines = [["setting", "system", "decoder", "seeds", *shown]]
    for row in rows:
        cells = [_cell(row["metrics"].get(metric)) for metric in shown]
        names = [row["setting"] or "-", row["system"], row["decoder"]]
        lines.append([*names, str(len(row["seeds"])), *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join(padded)


def _value(figure: Any) -> float | None:
    return figure["value"] if isinstance(figure, Mapping) else figure


def _summary(values: Sequence[float]) -> dict[str, float | int | None]:
    count = len(values)
    mean = sum(values) / count
    error = None
    if count > 1:
        variance = sum((value - mean) ** 2 for value in values) / (count - 1)
        error = math.sqrt(variance / count)
    return {"mean": mean, "standard_error": error, "num_seeds": count}


def _cell(summary: Mapping[str, Any] | None) -> str:
    if summary is None:
        return "-"
    error = summary["standard_error"]
    return f"{summary['mean']:.3f}" + ("" if error is None else f" ± {error:.3f}")
