"""The charts of a ConSeq run: marks stand where the figures say."""

import itertools
import math
import xml.etree.ElementTree as ET

import pytest

from quals_jax.report.axes import fixed, labelled_ticks, span, tick_label, ticks
from quals_jax.report.labels import _box, place_labels
from quals_jax.report.metric_names import metric_of
from quals_jax.report.scatter import Panel, scatter_chart
from quals_jax.report.score_chart import Pool, score_chart
from quals_jax.report.system_chart import system_chart
from quals_jax.report.training_chart import dev_chart, training_chart


def _systems(**factual):
    """Systems of these names; ROUGE-L falls by as much as factuality rises."""
    return [
        {
            "name": name,
            "label": name.upper(),
            "decoders": {
                "beam4": {"factual": {"value": x, "interval": [x - 0.1, x]}, "rougeL": 1 - x}
            },
        }
        for name, x in factual.items()
    ]


def _curves(positive, negative=(), collapsed_at=None, **rest):
    curves = {"positive_nll": positive, "negative_loss": negative, "collapsed_at": collapsed_at}
    return curves | rest


def _all(svg: str, tag: str, class_: str) -> list[dict]:
    return [e.attrib for e in ET.fromstring(svg).iter(tag) if class_ in e.get("class", "").split()]


def _texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ET.fromstring(svg).iter("text")]


def _points(path: dict) -> list[tuple[float, float]]:
    steps = path["d"].replace("M", "").replace("L", "").strip("Z").split()
    return list(zip(map(float, steps[::2]), map(float, steps[1::2]), strict=True))


def test_systems_stand_in_proportion_to_their_values():
    svg = system_chart(_systems(mle=0.5, rouge=0.6, quals=0.9), metric_of("factual"), {"beam4": ""})
    baseline = float(_all(svg, "rect", "baseline")[1]["x"]) + 4.5  # the first is the legend's
    control, main = (float(_all(svg, "circle", name)[1]["cx"]) for name in ("control", "main"))
    assert (control - baseline) / (main - baseline) == pytest.approx(0.25, abs=0.01)
    (whisker,) = _all(svg, "line", "main")
    assert float(whisker["x2"]) == pytest.approx(main, abs=0.01)
    assert float(whisker["x2"]) - float(whisker["x1"]) == pytest.approx(
        (main - baseline) / 4, abs=0.02
    )
    assert [t for t in _texts(svg) if t.endswith(".0")] == ["50.0", "60.0", "90.0"]


def test_a_system_without_a_value_keeps_its_row_and_gets_no_mark():
    systems = _systems(mle=0.5, quals=0.9)
    systems[1]["decoders"] = {}
    svg = system_chart(systems, metric_of("factual"), {"beam4": ""})
    assert len(_all(svg, "circle", "main")) == 1  # in the legend only
    assert {"QUALS", "–"} <= set(_texts(svg))


def test_the_scatter_has_rouge_across_and_factuality_up():
    panel = Panel("beams", "beam4", metric_of("rougeL"), metric_of("factual"))
    svg = scatter_chart(_systems(rouge=0.5, quals=0.9), [panel])
    control, main = (_all(svg, "circle", name)[1] for name in ("control", "main"))
    assert float(main["cy"]) < float(control["cy"])
    assert float(main["cx"]) < float(control["cx"])
    assert {"ROUGE", "QUALS", "↑ factual summaries, %", "ROUGE-L against references →"} <= set(
        _texts(svg)
    )


def test_panels_of_a_scatter_share_the_scale_upwards():
    systems = _systems(rouge=0.5, quals=0.9)
    for system in systems:
        figures = system["decoders"]["beam4"]
        system["decoders"]["greedy"] = figures | {"rougeL": figures["rougeL"] / 2}
    systems[0]["decoders"]["greedy"]["factual"] = 0.1
    panels = [
        Panel(name, name, metric_of("rougeL"), metric_of("factual")) for name in ("beam4", "greedy")
    ]
    svg = scatter_chart(systems, panels)
    _, first, second = _all(svg, "circle", "main")
    assert first["cy"] == second["cy"]
    assert float(second["cx"]) > 300  # the second column
    _, first, second = _all(svg, "circle", "control")
    assert float(second["cy"]) > float(first["cy"]) + 50


def test_labels_cover_neither_points_nor_one_another():
    points = [(100.0 + 9 * i, 100.0 + 7 * (i % 3)) for i in range(7)]
    names = [f"a system, {i}" for i in range(7)]
    frame = (0.0, 0.0, 420.0, 220.0)
    boxes = [
        _box(label, name)
        for label, name in zip(place_labels(points, names, frame), names, strict=True)
    ]
    for (l1, t1, r1, b1), (l2, t2, r2, b2) in itertools.combinations(boxes, 2):
        assert min(r1, r2) <= max(l1, l2) or min(b1, b2) <= max(t1, t2)
    for left, top, right, bottom in boxes:
        assert not any(left < x < right and top < y < bottom for x, y in points)
        assert left >= 0
        assert right <= 420


def test_a_label_stays_inside_the_frame():
    (label,) = place_labels([(395.0, 100.0)], ["a long name"], (0.0, 0.0, 400.0, 200.0))
    assert label.anchor == "end"
    assert not label.far


def test_both_terms_are_drawn_and_their_last_values_written():
    training = {"a": _curves([[1, 0.5], [10, 0.25]], [[1, 1.0], [10, 0.125]])}
    svg = training_chart(training, {"a": "System A"})
    (positive,) = [p for p in _all(svg, "path", "curve") if "second" not in p["class"]]
    (negative,) = _all(svg, "path", "second")
    (_, high), (_, low) = _points(positive)
    (_, highest), (_, lowest) = _points(negative)
    assert highest < high < low < lowest  # y grows downwards
    assert (low - high) * 3.5 == pytest.approx(lowest - highest, abs=0.8)
    assert {"System A", "0.25", "0.125"} <= set(_texts(svg))
    assert "no negatives" not in _texts(svg)


def test_last_values_that_are_alike_are_written_one_below_the_other():
    training = {"a": _curves([[1, 0.5], [10, 0.25]], [[1, 1.0], [10, 0.251]])}
    heights = {
        "".join(e.itertext()): float(e.attrib["y"])
        for e in ET.fromstring(training_chart(training, {})).iter("text")
    }
    assert heights["0.25"] - heights["0.251"] >= 11.9


def test_a_collapse_is_marked_on_its_own_scale_and_leaves_the_others_theirs():
    good = _curves([[1, 0.2], [40, 0.1]], [[1, 0.4], [40, 0.2]])
    bad = _curves([[1, 0.2], [20, 8.0]], [[1, 0.4], [20, 0.2]], collapsed_at=20)
    alone = training_chart({"good": good}, {})
    both = training_chart({"good": good, "bad": bad}, {})
    assert _all(both, "path", "curve")[:2] == _all(alone, "path", "curve")
    assert {"collapsed at 20", "own scale"} <= set(_texts(both))
    assert not {"collapsed at 20", "own scale"} & set(_texts(alone))
    (mark,) = _all(both, "line", "alarm")
    assert float(mark["x1"]) == pytest.approx(_points(_all(both, "path", "curve")[-1])[-1][0])


def test_values_that_are_not_finite_are_left_out_and_empty_curves_said():
    points = [[1, 0.5], [2, None], [3, math.nan], [4, 0.25]]
    svg = training_chart({"a": _curves(points, None)}, {})
    assert len(_points(_all(svg, "path", "curve")[0])) == 2
    assert "no negatives" in _texts(svg)
    empty = training_chart({"a": _curves([[1, math.inf]], [])}, {})
    assert "no finite value recorded" in _texts(empty)


def test_the_watched_criterion_is_drawn_where_it_was_recorded_twice():
    once = _curves([[1, 1.0]], dev=[[1, 0.5]])
    twice = _curves([[1, 1.0]], dev=[[1, -0.5], [2, -0.25]], dev_label="dev QUALS")
    assert dev_chart({"a": once}, {}) is None
    svg = dev_chart({"a": once, "b": twice}, {"b": "System B"})
    assert svg is not None
    assert len(_all(svg, "path", "curve")) == 1
    assert {"System B", "dev QUALS"} <= set(_texts(svg))


def test_the_chosen_scores_are_shaded_up_to_the_threshold():
    scores = [i / 100 - 1 for i in range(101)]
    svg = score_chart(
        [
            Pool("references", scores, "summary", "S+", -0.25),
            Pool("worst", scores, "document", "S−", -0.5, above=False),
        ]
    )
    (good,), (bad,) = _all(svg, "rect", "chosen"), _all(svg, "rect", "tint")
    cut, rest = float(good["x"]), float(good["width"])
    assert float(bad["x"]) < cut
    assert float(bad["x"]) + float(bad["width"]) < cut
    assert float(bad["width"]) / rest == pytest.approx(2, rel=0.1)
    assert {"S+: from −0.250", "S−: up to −0.500"} <= set(_texts(svg))
    assert _texts(svg).count("median −0.500") == 2


def test_the_words_at_a_threshold_stay_on_the_drawing():
    scores = [i / 100 - 1 for i in range(101)]
    svg = score_chart(
        [
            Pool("references", scores, "summary", "S+", -0.99),
            Pool("worst", scores, "document", "S−", -0.01, above=False),
        ]
    )
    anchors = [
        e.get("text-anchor") for e in ET.fromstring(svg).iter("text") if ": " in (e.text or "")
    ]
    assert anchors == ["start", "end"]


def test_differences_below_a_hundredth_look_like_none():
    curves = {"a": _curves([[1, 1.0]], dev=[[1, 3.63395], [2, 3.6338]])}
    svg = dev_chart(curves, {})
    assert svg is not None
    ((_, first), (_, last)) = _points(_all(svg, "path", "curve")[0])
    assert abs(first - last) < 2
    assert all(len(words) <= 5 for words in _texts(svg) if words.startswith("3."))


def test_pools_may_be_empty_or_all_equal():
    svg = score_chart([Pool("none", [], "summary"), Pool("equal", [-0.1] * 9, "document")])
    assert {"no scores", "9 summaries"} <= set(_texts(svg))


def test_ticks_have_the_decimals_that_tell_them_apart():
    assert [words for _, words in labelled_ticks(3.5712, 3.5716, 4)] == [
        *("3.5712", "3.5713", "3.5714", "3.5715", "3.5716"),
    ]
    assert [words for _, words in labelled_ticks(-0.3, 0.2, 2)] == ["−0.25", "0.00"]
    assert [words for _, words in labelled_ticks(0, 40, 4)] == ["0", "10", "20", "30", "40"]


def test_a_rounded_zero_has_no_sign():
    assert fixed(-0.0004, 3) == fixed(0.0004, 3, "+") == "0.000"
    assert fixed(-0.0006, 3) == "−0.001"
    assert fixed(0.5, 1, "+") == "+0.5"


def test_axes_have_round_numbers_and_hold_all_values():
    assert ticks(0.0, 1.0, 4) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [tick_label(x) for x in (-0.25, 0.0, 1234.5)] == ["−0.25", "0", "1.23e+03"]
    low, high = span([1.0, None, math.nan, 3.0])
    assert low < 1.0 < 3.0 < high
    assert span([]) == (-1.0, 1.0)
    assert span([0.0, 0.98], least=0.0, most=1.0) == (0.0, 1.0)
    low, high = span([-1.0, 2.0], least=0.0, most=1.0)  # outside of what the scale should have
    assert (low, high) == (-1.0, 2.0)
    low, high = span([2.0])
    assert low < 2.0 < high
