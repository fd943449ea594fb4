"""The training step: gradients of one or more batches, then one optimizer update.

One function is compiled per batch shape (loss and gradient) and one for the update. Batches of an
update may differ in shape; the sum of their gradients is divided by the target tokens of all.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from quals_jax.models.bart import Bart
from quals_jax.models.parameters import Params
from quals_jax.parallel.mesh import data_mesh
from quals_jax.parallel.rules import Layout
from train.losses import LossSums, label_smoothed_nll
from train.models import ModelConfig, bind
from train.schedules import Schedule

_LOWEST_MEAN = 1.0  # nats: where the loss is near 0, several times its mean is no spike
_MEAN_STEPS = 50  # the running mean follows the loss within about so many updates


class Batch(NamedTuple):
    """Sources and their targets; padding is ``pad_id`` on the right."""

    src_BS: Int[Array, "b s"]
    targets_BNT: Int[Array, "b n t"]


@flax.struct.dataclass
class TrainState:
    """What an update changes. ``step`` counts updates, the skipped ones too.

    ``loss_mean`` is the running mean of the loss per token, infinite before the first update.
    """

    params: Params
    opt_state: optax.OptState
    step: Int[Array, ""]
    num_skipped: Int[Array, ""]
    loss_mean: Float[Array, ""]


@flax.struct.dataclass
class StepMetrics:
    """One update: sums over its tokens, the gradient norm before clipping, the learning rate.

    ``loss_mean`` is the running mean before it, which says whether its loss was a spike.
    """

    sums: LossSums
    grad_norm: Float[Array, ""]
    learning_rate: Float[Array, ""]
    is_skipped: Bool[Array, ""]
    loss_mean: Float[Array, ""]


# (model, batch, rngs) -> sums; the model is that of the loss: BART, or BERT with its head.
LossFn = Callable[[Any, Batch, nnx.Rngs | None], LossSums]


def likelihood_loss(label_smoothing: float, chunk_tokens: int = 512, num_shards: int = 1) -> LossFn:
    """The maximum-likelihood loss of a batch as a function of (model, batch, rngs)."""

    def loss_fn(model: Bart, batch: Batch, rngs: nnx.Rngs | None) -> LossSums:
        pad_id = model.config.pad_id
        return label_smoothed_nll(
            target_states(model, batch, rngs),
            model.shared.embedding[...],
            batch.targets_BNT,
            label_smoothing=label_smoothing,
            pad_id=pad_id,
            chunk_tokens=chunk_tokens,
            num_shards=num_shards,
        )

    return loss_fn


def target_states(model: Bart, batch: Batch, rngs: nnx.Rngs | None) -> Float[Array, "b n t d"]:
    """Decoder states that predict each target token; the source is encoded once for all N."""
    config = model.config
    mask_BS = batch.src_BS != config.pad_id
    cross = model.cross_keys_values(model.encode(batch.src_BS, mask_BS, rngs))
    first_BN1 = jnp.full_like(batch.targets_BNT[:, :, :1], config.eos_id)
    prev_BNT = jnp.concatenate([first_BN1, batch.targets_BNT[:, :, :-1]], axis=2)
    return model.decode(prev_BNT, cross, mask_BS, rngs)


class Trainer:
    """The compiled functions of a run.

    ``layout`` says where parameters, gradients and moments live; the default: one device.
    ``dropout_key`` None trains without dropout. Dropout masks are a function of (key, step, batch
    within the step). Updates whose loss or gradient is not finite, or whose loss is a spike by
    ``spike_factor`` (see `train.config.SkipConfig`), are not made. ``num_compilations`` counts the
    functions compiled so far: one per batch shape, one for the update, one for sums of gradients
    where steps have several batches.
    """

    def __init__(
        self,
        config: ModelConfig,
        loss_fn: LossFn,
        optimizer: optax.GradientTransformation,
        schedule: Schedule,
        dropout_key: jax.Array | None,
        layout: Layout | None = None,
        spike_factor: float = 0.0,
    ):
        self._config, self._loss_fn = config, loss_fn
        self._optimizer, self._schedule = optimizer, schedule
        self._key, self._spike_factor = dropout_key, spike_factor
        self._layout = layout or Layout(data_mesh(1))
        self._indices: dict[int, jax.Array] = {}
        self.num_compilations = 0  # jit runs the Python code of a function once per compilation
        options = compiler_options(config)
        self._gradients = jax.jit(self._summed_gradients, compiler_options=options)
        self._add = jax.jit(self._sum, donate_argnums=0, compiler_options=options)
        self._apply = jax.jit(self._apply_update, donate_argnums=0, compiler_options=options)

    def init(self, params: Params) -> TrainState:
        """The state before the first update; ``params`` are given away to it."""
        # Without out_shardings every device would get all moments.
        shardings = self._layout.shardings(jax.eval_shape(self._first_state, params))
        return jax.jit(self._first_state, donate_argnums=0, out_shardings=shardings)(params)

    def abstract_state(self, params: Params) -> TrainState:
        """Shapes and shardings of the state of such parameters; nothing is allocated."""
        return self._layout.abstract(jax.eval_shape(self._first_state, params))

    def update(self, state: TrainState, batches: Sequence[Batch]) -> tuple[TrainState, StepMetrics]:
        """One update from one or more batches. ``state`` is donated: do not use it again."""
        totals = None
        for index, batch in enumerate(batches):
            new = self.gradients(state.params, batch, state.step, index)
            totals = new if totals is None else self._add(totals, new)
        return self._apply(state, totals)

    def gradients(
        self, params: Params, batch: Batch, step: Int[Array, ""], index: int = 0
    ) -> tuple[LossSums, Params]:
        """Sums of one batch and the gradient of its summed loss; ``index`` within the update."""
        return self._gradients(params, step, batch, self._index(index))

    def _index(self, index: int) -> jax.Array:
        if index not in self._indices:
            self._indices[index] = self._layout.place(np.int32(index))
        return self._indices[index]

    def _first_state(self, params: Params) -> TrainState:
        zero = jnp.zeros((), jnp.int32)
        no_mean = jnp.full((), jnp.inf, jnp.float32)
        return TrainState(params, self._optimizer.init(params), zero, zero, no_mean)

    def _summed_gradients(self, params: Params, step, batch: Batch, index):
        self.num_compilations += 1

        def loss(params: Params):
            rngs = None
            if self._key is not None:
                key = jax.random.fold_in(jax.random.fold_in(self._key, step), index)
                rngs = nnx.Rngs(dropout=key)
            sums = self._loss_fn(bind(self._config, params), batch, rngs)
            return sums.loss, sums

        grads, sums = jax.grad(self._layout.with_whole_params(loss), has_aux=True)(params)
        return self._layout.constrain((sums, grads))

    def _sum(self, totals: tuple[LossSums, Params], new: tuple[LossSums, Params]):
        self.num_compilations += 1
        return jax.tree.map(jnp.add, totals, new)

    def _apply_update(self, state: TrainState, totals: tuple[LossSums, Params]):
        self.num_compilations += 1
        sums, grads = totals
        scale = 1.0 / jnp.maximum(sums.num_tokens, 1.0)
        grads = jax.tree.map(lambda g: g * scale, grads)
        norm = optax.tree.norm(grads)
        updates, opt_state = self._optimizer.update(grads, state.opt_state, state.params)
        params = jax.tree.map(jnp.add, state.params, updates)

        loss, mean = sums.loss * scale, state.loss_mean
        is_fit = jnp.isfinite(loss) & jnp.isfinite(norm)
        if self._spike_factor:
            is_fit &= loss <= self._spike_factor * jnp.maximum(mean, _LOWEST_MEAN)
        new_mean = jnp.where(jnp.isinf(mean), loss, mean + (loss - mean) / _MEAN_STEPS)

        def if_fit(new: Any, old: Any) -> Any:
            return jax.tree.map(lambda x, y: jnp.where(is_fit, x, y), new, old)

        metrics = StepMetrics(
            sums, norm, self._schedule(state.step - state.num_skipped), ~is_fit, mean
        )
        after = TrainState(
            params=if_fit(params, state.params),
            opt_state=if_fit(opt_state, state.opt_state),
            step=state.step + 1,
            num_skipped=state.num_skipped + ~is_fit,
            loss_mean=if_fit(new_mean, mean),
        )
        return self._layout.constrain(after), metrics


def make_evaluate(
    config: ModelConfig, loss_fn: LossFn, layout: Layout | None = None
) -> Callable[[Params, Batch], LossSums]:
    """The compiled evaluation of a batch, without dropout."""

    def evaluate(params: Params, batch: Batch) -> LossSums:
        def sums(params: Params) -> LossSums:
            return loss_fn(bind(config, params), batch, None)

        return (layout.with_whole_params(sums) if layout else sums)(params)

    return jax.jit(evaluate, compiler_options=compiler_options(config))


def compiler_options(config: ModelConfig) -> dict[str, int | str] | None:
    """On a CPU level 1 of LLVM: as fast, since products are library calls, with less compiling.

    A level set in ``XLA_FLAGS`` is left alone.
    """
    if jax.default_backend() != "cpu":
        return None
    options: dict[str, int | str] = {}
    level = "xla_backend_optimization_level"
    if level not in os.environ.get("XLA_FLAGS", ""):
        options[level] = 1
    if config.remat:
        # Otherwise XLA for CPUs drops the barriers between a layer and its second computation,
        # finds that they are the same, and keeps the first.
        options["xla_disable_hlo_passes"] = "cse_barrier_expander"
    return options
