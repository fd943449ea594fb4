import dataclasses
import os
import signal

import pytest

from quals_jax.jobs.lock import FileLock
from train.command import experiment_names, find_experiment, main, parse
from train.config import Experiment, TextData
from train.step import Trainer


def test_without_arguments_the_experiments_are_listed(capsys):
    assert main([]) == 2
    shown = capsys.readouterr().err
    for name in experiment_names():
        assert name in shown
    assert "--workdir" in shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("qagen_sqad", "did you mean 'qagen_squad'"),
        ("qagen_squad:smok", "the only variant is qagen_squad:smoke"),
        ("demo", "experiments/demo.py has no EXPERIMENT"),
    ],
)
def test_an_unknown_experiment_names_the_nearest(name, expected, capsys):
    assert main([name, "--workdir", "x"]) == 2
    assert expected in capsys.readouterr().err


def test_fields_are_set_on_the_command_line():
    command = parse(
        [
            *("denoise", "--workdir", "runs/a", "--optim.learning-rate", "0.5"),
            *("--data.train", "rows:a.jsonl", "rows:b.jsonl", "--data.noise.mask-ratio", "0.2"),
            *("--optim.schedule.name", "fixed", "--num-epochs", "0", "--num-steps", "7"),
        ]
    )
    experiment = command.experiment
    assert str(command.workdir) == "runs/a"
    assert experiment.optim.learning_rate == 0.5
    assert isinstance(experiment.data, TextData)
    assert experiment.data.train == ("rows:a.jsonl", "rows:b.jsonl")
    assert experiment.data.noise.mask_ratio == 0.2
    assert (experiment.num_steps, experiment.num_epochs) == (7, 0)
    # Everything else is as the experiment has it.
    assert experiment.model == find_experiment("denoise").model


def test_an_unknown_field_names_the_nearest(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["denoise", "--workdir", "x", "--optim.lerning-rate", "1"])
    assert exit.value.code == 2
    assert "--optim.learning-rate" in capsys.readouterr().err


def test_help_shows_the_fields_with_the_values_of_the_experiment(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["denoise", "--help"])
    assert exit.value.code == 0
    shown = capsys.readouterr().out
    assert "--optim.learning-rate" in shown
    assert str(find_experiment("denoise").optim.learning_rate) in shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--data.train", "rows:missing.jsonl"], "missing.jsonl"),
        (["--data.train", "newsgroups:x"], "expected one of rows:..., world:..."),
        (["--data.train", "world:many"], "expected world:COUNT"),
        (["--tokenizer.folder", "nowhere"], "nowhere"),
        (["--num-epochs", "3"], "exactly one of num_steps and num_epochs"),
        (["--label-smoothing", "1.5"], "label_smoothing is 1.5"),
        (["--optim.beta1", "1.0"], "beta1"),
        (["--batch.max-shapes", "0"], "batch.max_shapes must be >= 1"),
        (["--model.max-positions", "20"], "max_positions is 20"),
    ],
)
def test_bad_values_end_with_status_2_and_what_to_do(arguments, expected, tmp_path, capsys):
    workdir = str(tmp_path / "run")
    base = ["denoise", "--workdir", workdir, "--data.train", "world:3", "--data.dev"]
    try:
        status = main([*base, *arguments])
    except SystemExit as exit:  # refused while the fields were read
        status = exit.code
    assert status == 2
    assert expected in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_a_signal_while_the_data_is_read_ends_the_run_at_once(tmp_path, monkeypatch, capsys, name):
    number = signal.Signals[name]
    monkeypatch.setattr("train.loop.prepare", lambda *_: os.kill(os.getpid(), number))
    assert main(["denoise:smoke", "--workdir", str(tmp_path)]) == 143
    assert "nothing was trained" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "status"), [("SIGUSR1", 143), ("SIGINT", 130)])
def test_a_signal_to_a_run_at_work_saves_and_tells_its_exit_status(
    tmp_path, monkeypatch, capsys, name, status
):
    update = Trainer.update

    def signalled(*args):
        os.kill(os.getpid(), signal.Signals[name])
        return update(*args)

    monkeypatch.setattr(Trainer, "update", signalled)
    assert main(["qagen_squad:smoke", "--workdir", str(tmp_path)]) == status
    assert f"{name}: saved step 1; the same command continues" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["1"]


def test_a_workdir_in_use_is_refused_with_its_holder(tmp_path, capsys):
    with FileLock(tmp_path / "lock"):
        assert main(["qagen_squad:smoke", "--workdir", str(tmp_path)]) == 1
    assert f"is in use by process {os.getpid()} on" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_every_experiment_has_a_smoke_variant():
    for name in experiment_names():
        smoke = find_experiment(f"{name}:smoke")
        assert isinstance(smoke, Experiment)
        assert 0 < smoke.num_steps <= 10
        assert all(s.startswith("world") for s in smoke.data.train + smoke.data.dev)
        assert dataclasses.replace(smoke) == smoke
