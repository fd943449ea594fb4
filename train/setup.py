"""From an experiment to the parts of its run: data, model sizes, compiled functions."""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from quals_jax.checkpoints.settings import EncoderSettings, QualsSettings
from quals_jax.data.buckets import choose_shapes
from quals_jax.data.loader import Loader, Rows
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.parameters import Params
from quals_jax.parallel.agreement import check_same
from quals_jax.parallel.mesh import data_mesh
from quals_jax.parallel.processes import first_then_others
from quals_jax.parallel.rules import Layout
from train import models
from train.config import ClaimData, ContrastData, Experiment, SpanData, TextData
from train.conseq import conseq_loss
from train.inputs import Dataset, load_inputs, load_tokenizer
from train.losses import LossSums
from train.metric_log import describe
from train.models import AnyTokenizer, ModelConfig, param_shapes, with_token_ids
from train.optim import make_optimizer
from train.pair_losses import class_loss, span_loss
from train.step import Batch, LossFn, Trainer, likelihood_loss, make_evaluate


@dataclasses.dataclass(frozen=True)
class Run:
    """The parts of a run. ``config`` is the experiment's model with the tokenizer's ids."""

    experiment: Experiment
    workdir: Path
    layout: Layout
    config: ModelConfig
    tokenizer: AnyTokenizer
    loader: Loader
    dev_loader: Loader | None
    num_steps: int
    trainer: Trainer
    evaluate: Callable[[Params, Batch], LossSums]
    data_sha256: str
    settings: QualsSettings | EncoderSettings  # of the model folder that the run ends with
    description: dict[str, Any]


def prepare(experiment: Experiment, workdir: Path) -> Run:
    """Reads the data and builds the run; nothing is compiled yet."""
    layout = Layout(data_mesh(), experiment.sharding)
    check_same({"config": describe(experiment)})
    if jax.process_count() > 1:
        first_then_others(lambda: load_tokenizer(experiment, workdir))  # it may learn it
    inputs = load_inputs(experiment, workdir)
    tokenizer = inputs.tokenizer
    config = with_token_ids(experiment.model, tokenizer, experiment.init_from)
    for data in (inputs.train, inputs.dev):
        if data is not None:
            _check_positions(config, data)
    loader = _loader(experiment, config, inputs.train, experiment.batch.batches_per_step)
    dev_loader = None if inputs.dev is None else _loader(experiment, config, inputs.dev, 1)
    epochs = experiment.num_epochs
    num_steps = experiment.num_steps or max(1, round(epochs * loader.steps_per_epoch))
    optimizer, schedule = make_optimizer(experiment.optim, num_steps)
    rates = (config.dropout, config.attention_dropout, config.activation_dropout)
    trainer = Trainer(
        config,
        _loss(experiment, experiment.label_smoothing),
        optimizer,
        schedule,
        jax.random.key(experiment.seed) if any(rates) else None,
        layout,
        experiment.skip.spike_factor,
    )
    digest = hashlib.sha256(f"{inputs.train.sha256} {tokenizer.sha256}".encode()).hexdigest()
    check_same({"data": digest})
    description = {
        "num_parameters": num_parameters(config),
        "vocab_size": config.vocab_size,
        "num_train_examples": len(inputs.train),
        "num_dev_examples": len(inputs.dev) if inputs.dev else 0,
        "dropped": dict(inputs.train.drops),
        "num_steps": num_steps,
        "steps_per_epoch": loader.steps_per_epoch,
        "batch_shapes": [dataclasses.asdict(shape) for shape in loader.shapes],
        "padding": round(loader.padding, 4),
        **layout.describe(param_shapes(config)),
    }
    return Run(
        experiment=experiment,
        workdir=workdir,
        layout=layout,
        config=config,
        tokenizer=tokenizer,
        loader=loader,
        dev_loader=dev_loader,
        num_steps=num_steps,
        trainer=trainer,
        evaluate=make_evaluate(config, _loss(experiment, 0.0, for_dev=True), layout),
        data_sha256=digest,
        settings=_settings(experiment, config),
        description=description,
    )


def _loss(experiment: Experiment, label_smoothing: float, for_dev: bool = False) -> LossFn:
    """The loss; on dev ConSeq is judged by the likelihood of references."""
    sizes = (experiment.loss_chunk_tokens, jax.device_count())
    if isinstance(experiment.data, SpanData):
        return span_loss(label_smoothing)
    if isinstance(experiment.data, ClaimData):
        return class_loss(label_smoothing)
    if isinstance(experiment.data, ContrastData) and not for_dev:
        return conseq_loss(experiment.conseq, label_smoothing, *sizes)
    return likelihood_loss(label_smoothing, *sizes)


def first_params(run: Run) -> Params:
    """The parameters of ``init_from``, or those that ``init`` describes where it is not set."""
    experiment = run.experiment
    return models.first_params(run.config, experiment.init_from, experiment.seed, experiment.init)


def num_parameters(config: ModelConfig) -> int:
    """How many numbers the model has; the tied table counts once."""
    return sum(leaf.size for leaf in jax.tree.leaves(param_shapes(config)))


def _settings(experiment: Experiment, config: ModelConfig) -> QualsSettings | EncoderSettings:
    """What the model folder says: the training data, and sources no longer than it has seen."""
    data = experiment.data
    # Without folders, which are nobody else's business.
    training_data = ", ".join(re.sub(r"[^:]*[/\\]", "", source) for source in data.train)
    if isinstance(config, BertConfig):
        assert isinstance(data, SpanData | ClaimData)
        longest = data.limits.max_tokens if isinstance(data, SpanData) else data.max_tokens
        longest = min(longest, config.max_positions)
        return EncoderSettings(max_tokens=longest, training_data=training_data)
    assert not isinstance(data, SpanData | ClaimData)
    longest = data.max_tokens if isinstance(data, TextData) else data.limits.max_source_tokens - 1
    return QualsSettings(
        max_source_tokens=min(longest, config.max_positions - 2), training_data=training_data
    )


def _loader(
    experiment: Experiment, config: ModelConfig, data: Dataset, batches_per_step: int
) -> Loader:
    lengths, limits = data.lengths, getattr(experiment.data, "limits", None)
    if experiment.batch.pad_to_limits and limits is not None:
        longest = (limits.max_source_tokens, lengths[:, 1].max(), limits.max_target_tokens)
        lengths = np.array([longest])
    shapes = choose_shapes(
        lengths,
        max_tokens=experiment.batch.max_tokens,
        max_shapes=experiment.batch.max_shapes,
        row_multiple=experiment.batch.row_multiple,
    )
    return Loader(
        data.example,
        data.lengths,
        shapes,
        pad_id=config.pad_id,
        eos_id=config.sep_id if isinstance(config, BertConfig) else config.eos_id,
        batches_per_step=batches_per_step,
        row_multiple=jax.device_count(),
        rows=Rows(jax.process_index(), jax.process_count()),
    )


def _check_positions(config: ModelConfig, data: Dataset) -> None:
    longest = int(data.lengths[:, [0, 2]].max())
    if longest > config.max_positions:
        raise ValueError(
            f"an example has {longest} tokens, but model.max_positions is {config.max_positions}; "
            "raise it, or lower data.limits (or data.max_tokens)"
        )
