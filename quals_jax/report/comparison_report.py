"""The page that compares two systems side by side, and its drawing as SVG and PNG.

write_comparison_report(compare_systems(files, texts, ("mle", "conseq")), Path("compare.html"))
"""

from pathlib import Path
from typing import Any

from quals_jax.data.writers import atomic_file
from quals_jax.evaluation.system_comparison import Results, rows_that_differ_most
from quals_jax.report.axes import fixed
from quals_jax.report.comparison_chart import comparison_chart
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.page import figure, missing, page, section, table, tiles
from quals_jax.report.plots import write_plots
from quals_jax.report.word_differences import marked_differences


def write_comparison_report(results: Results, path: Path, num_rows: int = 10) -> str | None:
    """Writes the page and ``plots/comparison.svg`` and ``.png`` beside it.

    Returns what is to be told to the user when no PNG could be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(comparison_page(results, num_rows).encode("utf-8", "replace"))
    return write_plots(path.parent / "plots", {"comparison": _chart(results)})


def comparison_page(results: Results, num_rows: int = 10) -> str:
    """One HTML file as text, with up to `num_rows` rows for each side."""
    first, second = results["systems"]
    main = results["metrics"][0]
    return page(
        f"{first} beside {second}",
        _lead(results),
        _tiles(main, results),
        _scores(results),
        *_rows(results, main["name"], num_rows),
        section("About this page", _settings(results)),
    )


def _chart(results: Results) -> Markup:
    shown = [metric | {"name": _name(metric)} for metric in results["metrics"]]
    return comparison_chart(results["systems"], shown)


def _lead(results: Results) -> Markup:
    first, second = results["systems"]
    text = (
        f"{results['num_rows']:,} rows of {results['num_documents']:,} documents that both systems "
        f"summarised. A difference is {first} less {second}: above 0, {first} is better."
    )
    return element("p", text, class_="lead")


def _tiles(main: Results, results: Results) -> Markup:
    values = [
        (_number(mean), f"{_name(main)}, {system}")
        for system, mean in zip(results["systems"], main["means"], strict=True)
    ]
    apart = main["difference"]
    between = ""
    if apart["interval"] is not None:
        low, high = (fixed(end, 3, "+") for end in apart["interval"])
        between = f" ({low} to {high})"
    p = "–" if main["p"] is None else _p(main["p"])
    values += [(_number(apart["value"], "+"), f"difference{between}"), (p, "p, permutation test")]
    return tiles(*values)


def _scores(results: Results) -> Markup:
    first, second = results["systems"]
    caption = (
        f"Share of the rows where {first} has the better score (left), where both are within "
        f"{results['options']['tie_within']:g} of each other, and where {second} has it."
    )
    rows: list[list[Child]] = []
    for metric in results["metrics"]:
        apart = metric["difference"]
        cell: list[Child] = [_number(apart["value"], "+")]
        if apart["interval"] is not None:
            low, high = (fixed(end, 3, "+") for end in apart["interval"])
            cell.append(element("small", f"{low} to {high}"))
        rows.append(
            [
                element("b", _name(metric)),
                f"{metric['num_rows']:,}",
                *map(_number, metric["means"]),
                cell,
                "–" if metric["p"] is None else _p(metric["p"]),
                *(f"{metric[key]:,}" for key in ("wins", "ties", "losses")),
            ]
        )
    header = ["score", "rows", first, second, "difference", "p", "wins", "ties", "losses"]
    intro = (
        "95\u00a0% intervals by paired bootstrap over documents; p by a two-sided permutation test "
        "that exchanges the systems at random, document by document, not corrected for the number "
        f"of scores. Wins are rows where {first} is better."
    )
    return section(
        "Every score",
        figure(_chart(results), caption),
        element("p", intro, class_="note"),
        table(header, rows, tuple(range(1, len(header))), "dense"),
    )


def _rows(results: Results, metric: str, count: int) -> list[Markup]:
    """Cards of the rows that differ most, for each side."""
    sections = []
    sides = rows_that_differ_most(results, metric, count)
    for system, rows in zip(results["systems"], sides, strict=True):
        cards = [_card(row, results) for row in rows]
        content: Child = element("div", *cards, class_="stack")
        if not rows:
            content = missing(f"There is no row where {system} is better.")
        words = f"Ordered by the difference of {metric}. Marked: words the other one does not have."
        intro = element("p", words, class_="note") if rows else None
        sections.append(section(f"Where {system} is better by most", intro, content))
    return sections


def _card(row: Results, results: Results) -> Markup:
    heading = element("p", element("b", "Row "), element("code", row["id"]), class_="sans")
    document = None
    if row["document"] is not None:
        text = element("span", row["document"], class_="long")
        document = element("div", _labelled("Document", text), class_="texts one")
    texts = row["summaries"]
    shown: list[Child] = [_no_text() if text is None else text for text in texts]
    if None not in texts:
        shown = list(marked_differences(*texts))
    sides = [
        _labelled(system, side) for system, side in zip(results["systems"], shown, strict=True)
    ]
    return element(
        "div",
        heading,
        document,
        element("div", *sides, class_="texts"),
        _card_scores(row, results),
        class_="card",
    )


def _card_scores(row: Results, results: Results) -> Markup:
    rows: list[list[Child]] = []
    for metric in results["metrics"]:
        name = metric["name"]
        apart = row["differences"][name]
        rows.append([name, *map(_number, row["scores"][name]), _number(apart, "+")])
    header = ["score", *results["systems"], "difference"]
    return table(header, rows, (1, 2, 3), "dense")


def _settings(results: Results) -> Markup:
    first, second = results["systems"]
    rows: list[list[Child]] = [[name, str(path)] for name, path in results.get("files", {}).items()]
    rows += [[name.replace("_", " "), f"{value:g}"] for name, value in results["options"].items()]
    for system, count in zip((first, second), results["num_only"], strict=True):
        rows.append([f"rows that only {system} has, left out", f"{count:,}"])
    for metric in results["metrics"]:
        for system, count in zip((first, second), metric["num_missing"], strict=True):
            if count:
                rows.append([f"rows without {metric['name']} of {system}", f"{count:,}"])
    return table(["setting", "value"], rows)


def _labelled(label: str, content: Child) -> Markup:
    return element("p", element("span", label, class_="sans"), content)


def _no_text() -> Markup:
    return element("span", "the text was not given", class_="note")


def _name(metric: dict[str, Any]) -> str:
    return f"−{metric['name']}" if metric["lower_is_better"] else metric["name"]


def _number(value: float | None, sign: str = "") -> str:
    return "–" if value is None else fixed(value, 3, sign)


def _p(value: float) -> str:
    return "<\u00a00.001" if value < 0.001 else fixed(value, 3)
