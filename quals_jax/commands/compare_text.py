"""The figures of `quals compare` for a terminal."""

from quals_jax.commands.text_table import between, plain, signed, text_table
from quals_jax.evaluation.system_comparison import Results, rows_that_differ_most

_SHOWN = 3  # rows that differ most, for each side


def comparison_text(results: Results) -> str:
    """A table with a row per score, and the ids of the rows that differ most."""
    first, second = results["systems"]
    counts = f"{results['num_rows']:,} rows of {results['num_documents']:,} documents"
    counts += f"; a difference is {first} less {second}"
    for system, count in zip((first, second), results["num_only"], strict=True):
        if count:
            counts += f"\n{count:,} rows that only {system} has were left out"
    header = ["score", "rows", first, second, "difference", "95 %", "p", "wins", "ties", "losses"]
    lines = [header]
    for metric in results["metrics"]:
        apart = metric["difference"]
        lines.append(
            [
                f"-{metric['name']}" if metric["lower_is_better"] else metric["name"],
                f"{metric['num_rows']:,}",
                *(plain(mean) for mean in metric["means"]),
                signed(apart["value"]),
                between(apart["interval"], sign="+"),
                plain(metric["p"], 4),
                *(f"{metric[key]:,}" for key in ("wins", "ties", "losses")),
            ]
        )
    blocks = [counts, text_table(lines), *_most(results)]
    missing = _missing(results)
    return "\n\n".join([*blocks, "\n".join(missing)] if missing else blocks)


def _most(results: Results) -> list[str]:
    metric = results["metrics"][0]["name"]
    sides = rows_that_differ_most(results, metric, _SHOWN)
    lines = []
    for system, rows in zip(results["systems"], sides, strict=True):
        shown = ", ".join(f"{row['id']} ({signed(row['differences'][metric])})" for row in rows)
        if shown:
            lines.append(f"{system} is better by most ({metric}) in rows {shown}")
    return ["\n".join(lines)] if lines else []


def _missing(results: Results) -> list[str]:
    return [
        f"{count:,} rows without {metric['name']} of {system} were left out of it"
        for metric in results["metrics"]
        for system, count in zip(results["systems"], metric["num_missing"], strict=True)
        if count
    ]
