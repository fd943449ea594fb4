"""What depends on what: a change of a setting touches the stages that read it, and no other."""

import dataclasses
import json

import pytest

from experiments import world
from experiments.pipeline.command import find_pipeline, main, parse
from experiments.pipeline.config import SetRule, System
from experiments.pipeline.plan import Plan, until
from experiments.pipeline.sources import portable, with_seed, world_seed
from experiments.pipeline.training import training_settings
from experiments.sweep.grid import applied
from train.command import names_with

PIPELINES = names_with(type(world.PIPELINE), "PIPELINE")


def changed_by(**overrides) -> set[str]:
    """First parts of the names of the stages that the overrides change."""
    before = {stage.name: stage.key for stage in Plan(world.PIPELINE).stages}
    plan = Plan(applied(world.PIPELINE, {n.replace("__", "."): v for n, v in overrides.items()}))
    after = {stage.name: stage.key for stage in plan.stages}
    return {name for name, key in after.items() if before.get(name) != key}


def test_every_stage_stands_after_those_it_reads():
    for name in PIPELINES:
        for variant in ("", ":smoke"):
            seen = set()
            for stage in Plan(find_pipeline(name + variant)).stages:
                assert {read.name for read in stage.inputs} <= seen, stage.name
                seen.add(stage.name)


def test_fields_are_json_that_reads_back_as_it_was_written():
    for stage in Plan(world.PIPELINE).stages:
        assert json.loads(json.dumps(stage.fields)) == stage.fields


def test_another_negative_weight_trains_and_evaluates_one_system_again():
    changed = changed_by(systems__quals__negative_weight=0.7)
    assert {"systems/quals", "outputs/quals.beam4", "evaluated/quals.greedy"} <= changed
    assert all(name.partition("/")[2].partition(".")[0] == "quals" for name in changed)


def test_other_samples_leave_both_trained_models_and_the_reference_scores():
    changed = changed_by(sampling__num_samples=5)
    assert {"samples", "scores.samples", "sets/quals", "systems/oracle"} <= changed
    assert not changed & {"documents", "test", "qagen", "mle", "scores.references"}
    assert not changed & {"outputs/mle.beam4", "evaluated/mle.beam4"}


def test_another_share_of_documents_changes_the_sets_and_what_follows():
    changed = changed_by(rules__quals__options__negative_ratio=0.9)
    # ROUGE and random sets take their size from those of QUALS.
    assert {"sets/quals", "sets/rouge", "sets/random", "systems/random"} <= changed
    assert not changed & {"samples", "scores.samples", "sets/oracle", "systems/oracle"}


def test_the_metric_that_evaluates_can_be_held_while_the_one_that_selects_changes():
    ablation = applied(world.ABLATION, {"metric.num_beams": 8})
    before = {stage.name: stage.key for stage in Plan(world.ABLATION).stages}
    after = {stage.name: stage.key for stage in Plan(ablation).stages}
    changed = {name for name in after if after[name] != before[name]}
    assert "scores.samples" in changed
    assert "scores/mle.beam4" not in changed


def test_another_seed_changes_everything():
    assert changed_by(seed=2) == {stage.name for stage in Plan(world.PIPELINE).stages}


def test_cadence_of_logs_and_checkpoints_changes_nothing():
    assert not changed_by(mle__log_every_steps=3, conseq__checkpoint_every_steps=7)


def test_a_seed_moves_the_worlds_of_training_dev_and_test():
    assert world_seed("world-held-out:50:1", 4) == "world-held-out:50:4"
    assert world_seed("world:50:1000001", 4) == "world:50:1000004"
    assert world_seed("rows:a.jsonl", 4) == "rows:a.jsonl"
    moved = with_seed(world.PIPELINE.mle, 4)
    assert moved.seed == 4
    assert moved.data.train[0].endswith(":4")


def test_files_count_by_what_they_say(tmp_path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("{}\n")
    other.write_text("{}\n")
    assert portable(f"rows:{one}").startswith("rows:sha256-")
    assert portable(f"rows:{one}") == portable(f"rows:{other}")
    assert portable(f"newsqa:{one}:train").endswith(":train")
    other.write_text("[]\n")
    assert portable(f"rows:{one}") != portable(f"rows:{other}")
    assert portable("rows:missing.jsonl") == "rows:missing.jsonl"
    assert portable("world:5:1") != portable("world:6:1")


def test_settings_of_a_training_name_no_place(tmp_path):
    rows = tmp_path / "train.jsonl"
    rows.write_text("{}\n")
    data = dataclasses.replace(world.PIPELINE.mle.data, train=(f"rows:{rows}",))
    experiment = dataclasses.replace(world.PIPELINE.mle, data=data, init_from=str(tmp_path))
    assert str(tmp_path) not in json.dumps(training_settings(experiment))


def test_until_takes_the_stages_up_to_the_last_of_that_name():
    stages = Plan(world.PIPELINE).stages
    assert [stage.name for stage in until(stages, "mle")][-1] == "mle"
    assert [stage.name for stage in until(stages, "sets")][-1] == "sets/oracle"
    with pytest.raises(ValueError, match=r"no stage 'set' \(stages: documents, test, qagen"):
        list(until(stages, "set"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"systems": (System("a", "A", "no"),)}, "no rule 'no'"),
        ({"systems": (System("a", "A"), System("a", "B"))}, "a name occurs twice"),
        ({"rules": world.RULES[::-1]}, "must stand before it"),
        ({"oracle": False, "num_planted": 0}, "only the synthetic world has an oracle"),
        ({"rules": (*world.RULES, SetRule("f1", "f1"))}, "needs metric.answer_f1"),
        ({"rules": ()}, "at least one rule"),
    ],
)
def test_a_pipeline_that_cannot_work_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(world.PIPELINE, **changes)


def test_every_field_can_be_set_on_the_command_line():
    arguments = "world --workdir w --seed 3 --mle.num-steps 5 --conseq.conseq.negative-weight 0.3"
    command = parse([*arguments.split(), "--metric.mode", "paper", "--until", "sets"])
    assert command.pipeline.seed == 3
    assert command.pipeline.mle.num_steps == 5
    assert command.pipeline.conseq.conseq.negative_weight == 0.3
    assert command.pipeline.metric.mode == "paper"
    assert command.pipeline.rules == world.PIPELINE.rules
    assert parse(["world", "--smoke", "--workdir", "w"]).pipeline == world.SMOKE_PIPELINE


def test_bad_usage_is_told(capsys):
    assert main(["wrld", "--workdir", "w"]) == 2
    assert "did you mean 'world'" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "dialogsum" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main(["world", "--workdir", "w", "--mle.num-step", "5"])
    assert stopped.value.code == 2
