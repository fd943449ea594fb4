"""Whole ConSeq runs of a tiny model: learning, collapse and its rescue, log, compilations."""

import dataclasses
import io
import itertools
import json

import jax
import pytest

from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.data.examples import Limits
from tests.train.test_loop import SignalAt, assert_same, rows
from train.command import main
from train.config import BatchConfig, ConSeqConfig, ContrastData, SkipConfig, TokenizerConfig
from train.loop import train
from train.schedules import ScheduleConfig
from train.setup import prepare

SUMMARIES = [
    "the red cat saw a big dog",
    "some old tree fell on his blue car",
    "one man sat near the green house",
    "her aunt bought seven fresh fish",
]
LIMITS = Limits(max_source_tokens=64, max_target_tokens=40, max_targets=2)


def write_contrasts(path, negative):
    """Documents that name their summary twice; ``negative`` makes the S- summary of the i-th."""
    with path.open("w") as file:
        for i, summary in enumerate(SUMMARIES * 3):
            row = {"id": f"doc-{i}", "document": f"{i} {summary} {summary}", "positive": summary}
            file.write(json.dumps(row | {"negative": negative(i % 4)}) + "\n")
    return f"rows:{path}"


def nearly_the_same(i):
    """One word of the S+ summary is wrong: most tokens are those of S+."""
    return " ".join([*SUMMARIES[i].split()[:-1], "bus"])


@pytest.fixture(scope="module")
def learned(tiny_experiment, tmp_path_factory):
    """A model that knows its summaries by heart, trained on S+ alone; (experiment, folder)."""
    folder = tmp_path_factory.mktemp("learned")
    data = ContrastData(
        train=(write_contrasts(folder / "rows.jsonl", lambda i: None),), limits=LIMITS
    )
    optim = dataclasses.replace(tiny_experiment.optim, schedule=ScheduleConfig("fixed"))
    experiment = dataclasses.replace(
        tiny_experiment,
        data=data,
        model=dataclasses.replace(tiny_experiment.model, dropout=0.0),
        tokenizer=TokenizerConfig(learn_vocab_size=300),
        batch=BatchConfig(max_tokens=1000, max_shapes=1),
        optim=optim,
        label_smoothing=0.0,
        conseq=ConSeqConfig(negative_weight=4.0, guard_window_steps=40),
        num_steps=60,
        eval_every_steps=0,
        checkpoint_every_steps=1000,
        log_every_steps=1,
    )
    _, summary = train(experiment, folder, stream=io.StringIO())
    last = rows(folder)[-1]
    assert last["positive_nll"] < 0.3  # it started at log(300) = 5.7
    assert (last["negative_loss"], last["negative_tokens"]) == (None, 0)
    assert (summary.collapsed_at, summary.step) == (None, 60)
    return experiment, str(folder / "model")


def contrast_experiment(learned, tmp_path, negative, *, conseq, **options):
    experiment, model = learned
    data = dataclasses.replace(
        experiment.data, train=(write_contrasts(tmp_path / "rows.jsonl", negative),)
    )
    conseq = {"guard_window_steps": 2} | conseq
    return dataclasses.replace(
        experiment,
        data=data,
        init_from=model,
        tokenizer=TokenizerConfig(),
        conseq=dataclasses.replace(experiment.conseq, **conseq),
        optim=dataclasses.replace(experiment.optim, learning_rate=2e-3),
        **{"num_steps": 20} | options,
    )


def nll_by_step(workdir):
    return {r["step"]: r["positive_nll"] for r in rows(workdir) if r["kind"] == "train"}


@pytest.fixture(scope="module")
def collapsing(learned, tmp_path_factory):
    """A run that collapses: (experiment, workdir, state, summary, log)."""
    folder = tmp_path_factory.mktemp("collapse")
    experiment = contrast_experiment(learned, folder, nearly_the_same, conseq={})
    log = io.StringIO()
    state, summary = train(experiment, folder / "run", stream=log)
    return experiment, folder / "run", jax.device_get(state), summary, log.getvalue()


def test_runs_on_other_data_have_one_shape_when_they_pad_to_the_limits(learned, tmp_path):
    experiment, _ = learned
    batch = dataclasses.replace(experiment.batch, pad_to_limits=True)
    for name, length in (("short", 1), ("long", 9)):
        source = write_contrasts(tmp_path / f"{name}.jsonl", lambda i, n=length: "a cat " * n)
        data = dataclasses.replace(experiment.data, train=(source,))
        run = prepare(dataclasses.replace(experiment, data=data, batch=batch), tmp_path / name)
        (shape,) = run.loader.shapes
        assert (shape.S, shape.N, shape.T) == (64, 2, 40)
        assert shape.num_tokens <= batch.max_tokens


def test_without_its_guard_the_run_loses_what_it_knew(learned, tmp_path):
    """The collapse is real: S+ becomes unlikely where S- shares its words."""
    experiment = contrast_experiment(
        learned, tmp_path, nearly_the_same, conseq={"max_nll_rise": 0.0}
    )
    _, summary = train(experiment, tmp_path / "run", stream=io.StringIO())
    nll = nll_by_step(tmp_path / "run")
    assert summary.collapsed_at is None
    assert nll[20] > 3 * nll[1]
    assert nll[20] > 0.5
    assert not (tmp_path / "run" / "good").exists()


def test_a_collapse_ends_the_run_and_leaves_the_last_good_parameters(collapsing):
    _, workdir, state, summary, log = collapsing
    assert 2 < summary.collapsed_at < 15
    # Found at the first update whose mean over two is 20 % above that of the first two.
    found = [row for row in rows(workdir) if row["kind"] == "train"]
    means = {}
    for one, two in itertools.pairwise(found):
        nll = sum(row["positive_nll"] * row["positive_tokens"] for row in (one, two))
        means[two["step"]] = nll / (one["positive_tokens"] + two["positive_tokens"])
    start = max(means[2], 0.1)
    assert summary.collapsed_at == min(step for step, mean in means.items() if mean > 1.2 * start)
    [row] = [row for row in rows(workdir) if row["kind"] == "collapse"]
    assert row["step"] == summary.collapsed_at
    assert row["kept_step"] % 2 == 0
    assert means.get(row["kept_step"], 0.0) <= 1.1 * start
    assert f"COLLAPSE at step {summary.collapsed_at}: S+ NLL" in log
    assert f"parameters of step {row['kept_step']} are kept" in log
    exported = load_model_folder(workdir / "model").params
    assert_same(jax.device_get(exported), state.params)


def test_a_collapsed_run_stays_as_it_is(collapsing):
    experiment, workdir, state, summary, _ = collapsing
    before = rows(workdir)
    again, end = train(experiment, workdir, stream=io.StringIO())
    assert_same(jax.device_get(again.params), state.params)
    assert rows(workdir) == before
    assert (end.collapsed_at, end.step) == (summary.collapsed_at, summary.step)


def test_a_run_stopped_before_it_collapses_collapses_at_the_same_update(collapsing, tmp_path):
    experiment, workdir, state, summary, _ = collapsing
    experiment = dataclasses.replace(experiment, checkpoint_every_steps=3)
    _, stopped = train(experiment, tmp_path, stream=SignalAt("step 1/20"))
    assert stopped.stopped_by == "SIGTERM"
    assert stopped.step < summary.collapsed_at
    resumed, end = train(experiment, tmp_path, stream=io.StringIO())
    assert end.collapsed_at == summary.collapsed_at
    assert_same(jax.device_get(resumed.params), state.params)
    once, again = nll_by_step(workdir), nll_by_step(tmp_path)
    for step in range(1, end.collapsed_at + 1):
        assert again[step] == once[step]


def test_the_command_fails_where_a_run_collapsed(collapsing, monkeypatch, capsys):
    experiment, workdir, *_ = collapsing
    monkeypatch.setattr("train.command.find_experiment", lambda name: experiment)
    monkeypatch.setattr("train.command.doc_of", lambda name: "")
    assert main(["collapsing", "--workdir", str(workdir)]) == 1
    assert "COLLAPSE at step" in capsys.readouterr().err


def test_updates_that_are_not_finite_are_a_collapse(learned, tmp_path):
    experiment = contrast_experiment(learned, tmp_path, nearly_the_same, conseq={})
    optim = dataclasses.replace(experiment.optim, learning_rate=1e30)
    skip = SkipConfig(max_in_a_row=3)
    experiment = dataclasses.replace(experiment, optim=optim, skip=skip)
    state, summary = train(experiment, tmp_path / "run", stream=io.StringIO())
    assert (summary.collapsed_at, summary.num_skipped) == (4, 3)
    assert_same(jax.device_get(state.params), jax.device_get(load_model_folder(learned[1]).params))


def write_summaries(path):
    lines = [{"document": f"{text} {text}", "summary": text} for text in SUMMARIES]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return f"rows:{path}"


def test_patience_ends_a_run_and_the_best_on_dev_is_exported(learned, tmp_path):
    conseq = {"max_nll_rise": 0.0, "patience_evals": 2, "export": "best_on_dev"}
    experiment = contrast_experiment(
        learned, tmp_path, nearly_the_same, conseq=conseq, eval_every_steps=3
    )
    dev = (write_summaries(tmp_path / "dev.jsonl"),)
    data = dataclasses.replace(experiment.data, dev=dev)
    experiment = dataclasses.replace(experiment, data=data)
    _, summary = train(experiment, tmp_path / "run", stream=io.StringIO())
    losses = {r["step"]: r["loss"] for r in rows(tmp_path / "run") if r["kind"] == "dev"}
    best = min(losses, key=losses.get)
    assert list(losses) == list(range(0, best + 7, 3))  # step 0 is evaluated, then two worse ones
    assert summary.early_stopped_at == summary.step == best + 6 < 20
    assert summary.best_step == best
    if best == 0:
        exported = load_model_folder(tmp_path / "run" / "model").params
        first = load_model_folder(learned[1]).params
        assert_same(jax.device_get(exported), jax.device_get(first))
    _, end = train(experiment, tmp_path / "run", stream=io.StringIO())
    assert (end.step, end.early_stopped_at) == (summary.step, summary.early_stopped_at)


class CountingLog(io.StringIO):
    """A log that notes how many programs have been compiled whenever dev was evaluated."""

    def __init__(self):
        super().__init__()
        self.compiled, self.at_dev = 0, []

    def count(self, event, duration, **_):
        self.compiled += event == "/jax/core/compile/backend_compile_duration"

    def write(self, line):
        if "dev loss" in line:
            self.at_dev.append(self.compiled)
        return super().write(line)


@pytest.fixture(scope="module")
def healthy(learned, tmp_path_factory):
    """Two epochs in three shapes, references mixed in, a small weight: (workdir, summary, log)."""
    experiment, model = learned
    folder = tmp_path_factory.mktemp("healthy")
    path, summaries = folder / "rows.jsonl", write_summaries(folder / "summaries.jsonl")
    with path.open("w") as file:
        for i, summary in enumerate(SUMMARIES * 4):
            sides = [summary, f"{SUMMARIES[(i + 2) % 4]} " * (1 + i % 2), None]
            row = {"positive": sides[i % 3], "negative": sides[(i + 1) % 3]}
            file.write(json.dumps({"document": f"{summary} " * (1 + 2 * (i % 3))} | row) + "\n")
    experiment = dataclasses.replace(
        experiment,
        data=dataclasses.replace(
            experiment.data,
            train=(f"rows:{path}",),
            dev=(summaries,),
            references=(summaries,),
            reference_share=0.3,
        ),
        init_from=model,
        tokenizer=TokenizerConfig(),
        optim=dataclasses.replace(experiment.optim, learning_rate=2e-3),
        conseq=ConSeqConfig(negative_weight=0.1, guard_window_steps=4),
        batch=BatchConfig(max_tokens=500, max_shapes=3),
        num_steps=0,
        num_epochs=2,
        checkpoint_every_steps=4,
    )
    log = CountingLog()
    jax.monitoring.register_event_duration_secs_listener(log.count)
    try:
        # The steps of an epoch are known once the data are read.
        steps = prepare(experiment, folder / "plan").loader.steps_per_epoch
        experiment = dataclasses.replace(experiment, eval_every_steps=steps)
        _, summary = train(experiment, folder / "run", stream=log)
    finally:
        jax.monitoring.unregister_event_duration_listener(log.count)
    assert summary.step == 2 * steps
    return folder / "run", summary, log


def test_nothing_is_compiled_after_the_first_epoch(healthy):
    workdir, summary, log = healthy
    env = json.loads((workdir / "env.json").read_text())
    assert len(env["batch_shapes"]) == 3
    assert summary.num_compilations == 3 + 1  # gradients of each shape, one update
    before, first, second = log.at_dev
    assert 0 < before < first  # dev is evaluated before the first update, too
    assert first == second


def test_a_healthy_run_is_left_alone_and_shows_both_terms(healthy):
    workdir, summary, log = healthy
    assert summary.collapsed_at is None
    found = [row for row in rows(workdir) if row["kind"] == "train"]
    assert any(row["positive_tokens"] and row["negative_tokens"] for row in found)
    for row in found:
        assert row["num_tokens"] == row["positive_tokens"] + row["negative_tokens"]
        assert row["positive_nll"] is None or row["positive_nll"] == row["nll"]
    assert " · S+ 0." in log.getvalue()
    assert " · S- " in log.getvalue()
    assert load_model_folder(workdir / "model").quals.training_data == "rows:rows.jsonl"
