"""Plot files: the drawing of the page, as a file that stands alone, and the same as an image."""

import struct
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.image import imread

from quals_jax.report.palette import LIGHT
from quals_jax.report.plots import WITHOUT_MATPLOTLIB, svg_file, write_plots, write_png
from quals_jax.report.svg import box, dot, drawing, line, path, text

SVG = "{http://www.w3.org/2000/svg}"
DRAWING = drawing(
    200,
    100,
    "a < b",
    box(10, 10, 40, 20, "summary"),
    dot(100, 50, 8, "main"),
    line(0, 90, 200, 90, "axis"),
    path([(150, 10), (190, 10), (190, 40)], "document", closed=True),
    text(10, 80, "costs $5 < $6", "strong red", "start"),
)


def _rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def test_the_svg_file_holds_the_shapes_of_the_drawing_and_its_own_style():
    root = ET.fromstring(svg_file(DRAWING))
    assert root.tag == f"{SVG}svg"
    assert (root.get("width"), root.get("height")) == ("224", "124")
    inside = [element.get("class") for element in root if element.get("class")]
    assert inside == ["summary", "main", "axis", "document", "strong red"]
    style = root.findtext(f"{SVG}style")
    assert f".summary{{fill:{LIGHT['blue-fill']};" in style
    assert "var(" not in style


def test_the_svg_file_names_no_address_but_its_language():
    assert svg_file(DRAWING).count("://") == 1


def test_the_image_shows_every_shape_where_the_drawing_has_it(tmp_path):
    write_png(tmp_path / "a.png", DRAWING, scale=2)
    pixels = np.round(imread(tmp_path / "a.png")[..., :3] * 255).astype(int)
    assert pixels.shape == (248, 448, 3)

    def at(x: float, y: float) -> list[int]:
        return pixels[int(2 * (y + 12)), int(2 * (x + 12))].tolist()

    assert at(30, 20) == _rgb(LIGHT["blue-fill"])
    assert at(100, 50) == _rgb(LIGHT["blue"])
    assert at(180, 20) == _rgb(LIGHT["red-fill"])
    assert at(155, 35) == at(60, 50) == [255, 255, 255]


def test_a_dollar_is_a_letter_and_not_the_start_of_a_formula(tmp_path):
    def width(words: str) -> int:
        write_png(tmp_path / "a.png", drawing(200, 30, "", text(0, 20, words)))
        columns = (imread(tmp_path / "a.png")[..., 0] < 0.5).any(axis=0).nonzero()[0]
        return int(columns[-1] - columns[0])

    assert width("$x$") > 2 * width("x")


def test_files_of_every_drawing_are_written(tmp_path):
    assert write_plots(tmp_path / "new" / "plots", {"a": DRAWING, "b": DRAWING}) is None
    names = sorted(path.name for path in (tmp_path / "new" / "plots").iterdir())
    assert names == ["a.png", "a.svg", "b.png", "b.svg"]
    head = (tmp_path / "new" / "plots" / "b.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:]) == (448, 248)


def test_without_matplotlib_svg_files_are_written_and_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert write_plots(tmp_path, {"a": DRAWING}) == WITHOUT_MATPLOTLIB
    assert "quals-jax[report]" in WITHOUT_MATPLOTLIB
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.parametrize("bad", ["\x00", "\x1b[0m", "\ud800", "\uffff"])
def test_texts_that_no_file_can_hold_are_replaced(bad, tmp_path):
    shape = drawing(50, 20, bad, text(0, 10, f"x{bad}"))
    write_plots(tmp_path, {"a": shape})
    (words,) = ET.parse(tmp_path / "a.svg").getroot().iter(f"{SVG}text")
    assert words.text.startswith("x\ufffd")
