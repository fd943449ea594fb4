"""The colours of pages and drawings, and what the classes of a drawing look like.

One table serves the stylesheet of a page (light and dark), that of an SVG file, and PNG files.
"""

from collections.abc import Mapping

# Okabe and Ito's blue and vermillion, which stay apart for every kind of colour vision; in grey
# print they differ in lightness.
LIGHT = {
    "paper": "#fdfdfb",
    "card": "#ffffff",
    "ink": "#1d2126",
    "soft": "#5c6570",
    "line": "#d9dcd6",
    "faint": "#eceee9",
    "blue": "#0a6aa8",
    "blue-fill": "#bcdcf0",
    "red": "#c4500a",
    "red-fill": "#ef9d5f",
    "mark": "#ffe0c7",
    "good": "#d5ecdd",
}
DARK = {
    "paper": "#14171a",
    "card": "#1b1f23",
    "ink": "#e7e9ea",
    "soft": "#a3acb5",
    "line": "#3a4148",
    "faint": "#272c31",
    "blue": "#6fbdea",
    "blue-fill": "#24506c",
    "red": "#f79a4e",
    "red-fill": "#b25a1b",
    "mark": "#5b3413",
    "good": "#1f4730",
}
PRINT = LIGHT | {"paper": "#ffffff", "ink": "#000000", "soft": "#444444", "line": "#bbbbbb"}

# Per class its properties; "--name" is a colour above. Where an element has several classes, the
# later line wins, as in a stylesheet. The first line is what every text starts with.
DRAWING: dict[str, dict[str, str]] = {
    "text": {"fill": "--ink", "font-size": "12px"},
    "soft": {"fill": "--soft"},
    "small": {"font-size": "10.5px"},
    "strong": {"font-weight": "650"},
    "red": {"fill": "--red"},
    "blue": {"fill": "--blue"},
    "grid": {"stroke": "--line", "stroke-width": "1"},
    "axis": {"stroke": "--soft", "stroke-width": "1"},
    "summary": {"fill": "--blue-fill", "stroke": "--blue", "stroke-width": "1.2"},
    "document": {"fill": "--red-fill", "stroke": "--red", "stroke-width": "1.2"},
    "curve": {"fill": "none", "stroke": "--blue", "stroke-width": "1.8"},
    "second": {"stroke": "--red", "stroke-dasharray": "5 3"},
    "bracket": {"fill": "none", "stroke": "--soft", "stroke-width": "1"},
    "over": {"fill-opacity": "0.7"},
    "tint": {"fill": "--mark", "fill-opacity": "0.65"},
    "chosen": {"fill": "--good", "fill-opacity": "0.8"},
    "track": {"fill": "--faint"},
    "main": {"fill": "--blue", "stroke": "--blue", "stroke-width": "1.6"},
    "baseline": {"fill": "--red", "stroke": "--red", "stroke-width": "1.6"},
    "control": {"fill": "--soft", "stroke": "--soft", "stroke-width": "1.6"},
    "bound": {"fill": "--card", "stroke": "--soft", "stroke-width": "1.6"},
    "alarm": {"stroke": "--red", "stroke-width": "1.2"},
    "guide": {"stroke": "--red", "stroke-width": "1", "stroke-dasharray": "2 3"},
    "whisker": {"stroke-width": "1.6"},
}


def drawing_rules(prefix: str = "", colours: Mapping[str, str] | None = None) -> str:
    """Stylesheet rules of drawings; without colours they refer to the page's."""
    rules = []
    for name, properties in DRAWING.items():
        selector = name if name == "text" else f".{name}"
        body = ";".join(f"{key}:{_css(value, colours)}" for key, value in properties.items())
        rules.append(f"{prefix}{selector}{{{body}}}")
    return "\n".join(rules)


def colour_rules(colours: Mapping[str, str]) -> str:
    """The colours as variables of a stylesheet."""
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


def look(tag: str, classes: str) -> dict[str, str]:
    """The properties of an element of a drawing in the light colours, for PNG files."""
    names = {tag, *classes.split()}
    found: dict[str, str] = {}
    for name, properties in DRAWING.items():
        if name in names:
            found |= {key: LIGHT.get(value[2:], value) for key, value in properties.items()}
    return found


def _css(value: str, colours: Mapping[str, str] | None) -> str:
    if not value.startswith("--"):
        return value
    return f"var({value})" if colours is None else colours[value[2:]]
