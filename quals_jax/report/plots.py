"""The drawings of a report as files of their own: SVG, and the same drawing as PNG.

    missing = write_plots(Path("runs/demo/plots"), {"systems": system_chart(...)})

Only PNG needs matplotlib, which is imported when a PNG is written.
"""

import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quals_jax.report.markup import Markup
from quals_jax.report.palette import LIGHT, drawing_rules, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHOUT_MATPLOTLIB = "no PNG files: they need matplotlib (pip install 'quals-jax[report]')"
_MARGIN = 12.0  # pixels around a drawing in a file of its own
_POINTS = 0.72  # of a typographic point per pixel, at 100 pixels per inch
_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
# matplotlib brings this font along, so a PNG is the same everywhere; it runs wider than the fonts
# that the drawings are laid out for.
_PNG_FONT, _PNG_FONT_SCALE = "DejaVu Sans", 0.9


def write_plots(folder: Path, drawings: Mapping[str, Markup]) -> str | None:
    """Writes ``NAME.svg`` and ``NAME.png`` per drawing; without matplotlib only SVG.

    Returns what is to be told to the user if PNG files could not be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        (folder / f"{name}.svg").write_text(svg_file(drawing), encoding="utf-8")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return WITHOUT_MATPLOTLIB
    for name, drawing in drawings.items():
        write_png(folder / f"{name}.png", drawing)
    return None


def svg_file(drawing: Markup) -> str:
    """A drawing as a file: in light colours, with its own stylesheet and a white ground."""
    width, height = _size(drawing)
    left, wide, tall = -_MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:g}" height="{tall:g}" '
        f'viewBox="{left:g} {left:g} {wide:g} {tall:g}" role="img">'
    )
    rules = f"text{{font-family:{_FONT}}}\n{drawing_rules(colours=LIGHT)}"
    ground = f'<rect x="{left:g}" y="{left:g}" width="{wide:g}" height="{tall:g}" fill="#fff"/>'
    content = drawing[drawing.index(">") + 1 :]
    return f"{opening}<style>{rules}</style>{ground}{content}\n"


def write_png(path: Path, drawing: Markup, scale: float = 2.0) -> None:
    """The drawing as an image with `scale` dots per pixel; needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = _size(drawing)
    wide, tall = width + 2 * _MARGIN, height + 2 * _MARGIN
    figure = Figure(figsize=(wide / 100, tall / 100), dpi=100 * scale, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-_MARGIN, width + _MARGIN)
    axes.set_ylim(height + _MARGIN, -_MARGIN)
    axes.set_axis_off()
    for place, shape in enumerate(ET.fromstring(drawing)):
        if shape.tag in _SHAPES:
            style = look(shape.tag, shape.get("class", ""))
            _SHAPES[shape.tag](axes, shape, style, place)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # it draws a box, as browsers do
        figure.savefig(path, format="png", metadata={"Software": None})


def _size(drawing: Markup) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', drawing)
    assert found is not None
    return float(found[1]), float(found[2])


def _numbers(shape: ET.Element, *names: str) -> list[float]:
    return [float(shape.get(name, 0)) for name in names]


def _paint(style: Mapping[str, str], place: int) -> dict[str, Any]:
    """A style as matplotlib's patches take it."""
    from matplotlib.colors import to_rgba

    fill, stroke = style.get("fill", "#000000"), style.get("stroke", "none")
    options: dict[str, Any] = {
        "facecolor": to_rgba(fill, float(style.get("fill-opacity", 1)) if fill != "none" else 0),
        "edgecolor": stroke,
        "linewidth": _POINTS * float(style.get("stroke-width", 1)),
        "zorder": place,
    }
    if "stroke-dasharray" in style:
        dashes = [float(x) for x in style["stroke-dasharray"].split()]
        width = float(style.get("stroke-width", 1))
        options["linestyle"] = (0, [x / width for x in dashes])
    return options


def _rect(axes: "Axes", shape: ET.Element, style: Mapping[str, str], place: int) -> None:
    from matplotlib.patches import Rectangle

    x, y, width, height = _numbers(shape, "x", "y", "width", "height")
    axes.add_artist(Rectangle((x, y), width, height, **_paint(style, place)))


def _circle(axes: "Axes", shape: ET.Element, style: Mapping[str, str], place: int) -> None:
    from matplotlib.patches import Circle

    x, y, radius = _numbers(shape, "cx", "cy", "r")
    axes.add_artist(Circle((x, y), radius, **_paint(style, place)))


def _line(axes: "Axes", shape: ET.Element, style: Mapping[str, str], place: int) -> None:
    x1, y1, x2, y2 = _numbers(shape, "x1", "y1", "x2", "y2")
    _outline(axes, [(x1, y1), (x2, y2)], False, dict(style) | {"fill": "none"}, place)


def _path(axes: "Axes", shape: ET.Element, style: Mapping[str, str], place: int) -> None:
    steps = shape.get("d", "")
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML](\S+) ([^\sLMZ]+)", steps)]
    _outline(axes, points, steps.endswith("Z"), style, place)


def _outline(
    axes: "Axes",
    points: list[tuple[float, float]],
    closed: bool,
    style: Mapping[str, str],
    place: int,
) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if closed:
        points = [*points, points[0]]
    axes.add_artist(PathPatch(Outline(points, closed=closed), **_paint(style, place)))


def _text(axes: "Axes", shape: ET.Element, style: Mapping[str, str], place: int) -> None:
    x, y = _numbers(shape, "x", "y")
    size = float(style["font-size"].removesuffix("px")) * _POINTS * _PNG_FONT_SCALE
    axes.text(
        x,
        y,
        "".join(shape.itertext()),
        ha={"middle": "center", "end": "right"}.get(shape.get("text-anchor", ""), "left"),
        va="baseline",
        fontsize=size,
        fontweight="bold" if "font-weight" in style else "normal",
        fontfamily=_PNG_FONT,
        color=style["fill"],
        zorder=place,
        parse_math=False,
    )


_SHAPES = {"rect": _rect, "circle": _circle, "line": _line, "path": _path, "text": _text}
