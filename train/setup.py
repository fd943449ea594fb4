"""From an experiment to the parts of its run: data, model sizes, compiled functions."""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from quals_jax.checkpoints.huggingface import read_config
from quals_jax.checkpoints.model_folder import QualsSettings, load_model_folder
from quals_jax.data.buckets import choose_shapes
from quals_jax.data.loader import Loader, Rows
from quals_jax.models.bart import Params, init_params, param_shapes
from quals_jax.models.config import BartConfig
from quals_jax.parallel.mesh import data_mesh
from quals_jax.parallel.processes import first_then_others, is_same_everywhere
from quals_jax.parallel.rules import Layout
from quals_jax.text.tokenizer import Tokenizer
from train.config import ContrastData, Experiment, TextData
from train.conseq import conseq_loss
from train.inputs import Dataset, load_inputs, load_tokenizer
from train.losses import LossSums
from train.metric_log import describe
from train.optim import make_optimizer
from train.step import Batch, LossFn, Trainer, likelihood_loss, make_evaluate

# What two models may differ in and still have the same parameters.
_NOT_SIZES = {"dropout", "attention_dropout", "activation_dropout", "init_std", "dtype", "remat"}


@dataclasses.dataclass(frozen=True)
class Run:
    """The parts of a run. ``config`` is the experiment's model with the tokenizer's ids."""

    experiment: Experiment
    workdir: Path
    layout: Layout
    config: BartConfig
    tokenizer: Tokenizer
    loader: Loader
    dev_loader: Loader | None
    num_steps: int
    trainer: Trainer
    evaluate: Callable[[Params, Batch], LossSums]
    data_sha256: str
    settings: QualsSettings  # of the model folder that the run ends with
    description: dict[str, Any]


def prepare(experiment: Experiment, workdir: Path) -> Run:
    """Reads the data and builds the run; nothing is compiled yet."""
    layout = Layout(data_mesh(), experiment.sharding)
    if jax.process_count() > 1:
        first_then_others(lambda: load_tokenizer(experiment, workdir))  # it may learn it
    inputs = load_inputs(experiment, workdir)
    tokenizer = inputs.tokenizer
    config = dataclasses.replace(
        experiment.model,
        vocab_size=_vocab_size(experiment, tokenizer),
        bos_id=tokenizer.bos_id,
        pad_id=tokenizer.pad_id,
        eos_id=tokenizer.eos_id,
        unk_id=tokenizer.unk_id,
    )
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
        _loss(experiment),
        optimizer,
        schedule,
        jax.random.key(experiment.seed) if any(rates) else None,
        layout,
    )
    dev_loss = likelihood_loss(0.0, experiment.loss_chunk_tokens, jax.device_count())
    digest = hashlib.sha256(f"{inputs.train.sha256} {tokenizer.sha256}".encode()).hexdigest()
    _check_agreement(experiment, digest)
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
        evaluate=make_evaluate(config, dev_loss, layout),
        data_sha256=digest,
        settings=_settings(experiment, config),
        description=description,
    )


def _check_agreement(experiment: Experiment, data_sha256: str) -> None:
    """All processes must do the same, or they would wait for each other for ever."""
    what = f"{describe(experiment)} {data_sha256}"
    if not is_same_everywhere(hashlib.sha256(what.encode()).digest()):
        raise ValueError("the processes of this run were given different settings or data")


def _loss(experiment: Experiment) -> LossFn:
    sizes = (experiment.loss_chunk_tokens, jax.device_count())
    if isinstance(experiment.data, ContrastData):
        return conseq_loss(experiment.conseq, experiment.label_smoothing, *sizes)
    return likelihood_loss(experiment.label_smoothing, *sizes)


def first_params(run: Run) -> Params:
    """The parameters of ``init_from``, or random ones where it is not set."""
    folder_name = run.experiment.init_from
    if not folder_name:
        return init_params(run.config, run.experiment.seed)
    folder = load_model_folder(folder_name)
    sizes = [f.name for f in dataclasses.fields(BartConfig) if f.name not in _NOT_SIZES]
    wrong = [
        f"model.{name} is {getattr(run.config, name)}, there {getattr(folder.config, name)}"
        for name in sizes
        if getattr(folder.config, name) != getattr(run.config, name)
    ]
    if wrong:
        raise ValueError(f"init_from {folder_name} does not fit: {'; '.join(wrong)}")
    return folder.params


def num_parameters(config: BartConfig) -> int:
    """How many numbers the model has; the tied table counts once."""
    return sum(leaf.size for leaf in jax.tree.leaves(param_shapes(config)))


def _vocab_size(experiment: Experiment, tokenizer: Tokenizer) -> int:
    """Rows of the token table; weights converted from fairseq have none for ``<mask>``."""
    if not experiment.init_from:
        return tokenizer.vocab_size
    rows = read_config(Path(experiment.init_from)).vocab_size
    without_mask = tokenizer.vocab_size - (tokenizer.mask_id == tokenizer.vocab_size - 1)
    return rows if rows == without_mask else tokenizer.vocab_size


def _settings(experiment: Experiment, config: BartConfig) -> QualsSettings:
    """What the model folder says: the training data, and sources no longer than it has seen."""
    data = experiment.data
    longest = data.max_tokens if isinstance(data, TextData) else data.limits.max_source_tokens - 1
    return QualsSettings(
        max_source_tokens=min(longest, config.max_positions - 2),
        # Without folders, which are nobody else's business.
        training_data=", ".join(re.sub(r"[^:]*[/\\]", "", source) for source in data.train),
    )


def _loader(
    experiment: Experiment, config: BartConfig, data: Dataset, batches_per_step: int
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
        eos_id=config.eos_id,
        batches_per_step=batches_per_step,
        row_multiple=jax.device_count(),
        rows=Rows(jax.process_index(), jax.process_count()),
    )


def _check_positions(config: BartConfig, data: Dataset) -> None:
    longest = int(data.lengths[:, [0, 2]].max())
    if longest > config.max_positions:
        raise ValueError(
            f"an example has {longest} tokens, but model.max_positions is {config.max_positions}; "
            "raise it, or lower data.limits (for plain text data.max_tokens)"
        )
