"""What the demo prints: every system, every control, and what went wrong."""

import pytest

from experiments import demo, world
from experiments.demo_lines import example_lines, planted_lines, result_lines
from quals_jax.report.conseq_results import BASELINE, BOUND, MAIN
from tests.report.made_up_conseq import made_up_conseq


@pytest.fixture
def results():
    return made_up_conseq()


def _cells(lines: list[str], label: str) -> list[str]:
    (line,) = [line for line in lines if line.startswith(f"{label} ")]
    return line.removeprefix(label).replace(" %", "%").split()


def test_the_table_has_every_system_under_every_decoder(results):
    lines = result_lines(results)
    for system in results["systems"]:
        cells = _cells(lines, system["label"])
        decoders = system["decoders"]
        for cell, decoder in zip(cells, ("beam4", "greedy", "sampled"), strict=False):
            assert cell == f"{100 * decoders[decoder]['factual']['value']:.1f}%"
        for cell, name in zip(cells[-2:], ("rougeL", "rougeL_clean"), strict=True):
            assert cell == f"{decoders['beam4'][name]['value']:.3f}"
    widths = {len(line) for line in lines[: len(results["systems"]) + 1]}
    assert len(widths) == 1


def test_the_last_line_is_the_main_result(results):
    assert result_lines(results)[-1] == (
        "ConSeq-QUALS: 91.8 % factual; points: +34.2 on MLE, "
        "+31.8 on more training on references, +26.4 on ConSeq, random sets, +24.8 on "
        "ConSeq-ROUGE, +6.4 on S+ by QUALS only, -2.6 on ConSeq, sets by the oracle"
    )


def test_the_demo_says_that_its_world_is_built_for_the_effect(results):
    assert any("built so that this effect can exist" in line for line in result_lines(results))


def test_a_collapse_is_told(results):
    for curves in results["training"].values():
        curves["collapsed_at"] = None
    assert not any("COLLAPSE" in line for line in result_lines(results))
    results["training"]["random"]["collapsed_at"] = 30
    (told,) = [line for line in result_lines(results) if "COLLAPSE" in line]
    assert told.startswith("ConSeq, random sets: COLLAPSE at update 30")


def test_figures_that_are_missing_are_dashes(results):
    (main,) = [system for system in results["systems"] if system["name"] == MAIN]
    main["decoders"] = {"greedy": {"factual": None}}
    lines = result_lines(results)
    assert set(_cells(lines, main["label"])) == {"–"}
    assert not any(line.startswith("ConSeq-QUALS: ") for line in lines)


def test_planted_errors_are_told_by_kind(results):
    results["qagen"]["counts"]["without_score"] = 3
    results["qagen"]["coverage"]["all"] = 0.5
    lines = planted_lines(results["qagen"])
    for label in results["qagen"]["error_kinds"].values():
        assert _cells(lines, f"  {label}") == ["0.951", "0.951", "0.951", "97.0%"]
    assert _cells(lines, "  all of them")[-1] == "50.0%"
    assert "3 got no question" in lines[-1]


def test_examples_show_both_sides_and_what_is_unsupported(results):
    (example, *_) = results["sets"][MAIN]["examples"]
    text = "\n".join(example_lines(results, 1))
    assert example["positive"] in text
    assert example["negative"] in text
    assert ", ".join(example["unsupported"]) in text
    results["sets"] = None
    assert len(example_lines(results)) == 1


def test_the_demo_has_every_control_and_the_bound():
    names = {system.name for system in world.DEMO_PIPELINE.systems}
    assert {MAIN, BASELINE, BOUND, "rouge", "random", "positives"} <= names
    assert [d.name for d in world.DEMO_PIPELINE.decoders] == ["beam4", "greedy", "sampled"]
    assert world.DEMO_PIPELINE.clean_test


def test_a_full_demo_and_another_seed_are_other_pipelines(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        demo, "run_pipeline", lambda pipeline, *_, **__: asked.append(pipeline) or {}
    )
    demo.run(demo.Demo(tmp_path))
    demo.run(demo.Demo(tmp_path, seed=5, full=True, judges=("ngram",)))
    assert [pipeline.seed for pipeline in asked] == [1, 5]
    assert [pipeline.judges for pipeline in asked] == [(), ("ngram",)]
    assert asked[1].systems == world.SYSTEMS
