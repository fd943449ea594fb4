"""The Flax BART of transformers, which has no diverse search; compiled as its users compile it."""

from collections.abc import Callable
from pathlib import Path

import flax
import jax
import jax.numpy as jnp
import optax
import transformers
from transformers import FlaxBartForConditionalGeneration
from transformers.modeling_flax_outputs import FlaxBaseModelOutput

from bench.peers.tasks import EOS, LABEL_SMOOTHING, TASKS, previous


def versions() -> dict[str, str]:
    """Of what decides the speed."""
    return {
        "jax": jax.__version__,
        "flax": flax.__version__,
        "transformers": transformers.__version__,
    }


def _model(folder: Path) -> FlaxBartForConditionalGeneration:
    return FlaxBartForConditionalGeneration.from_pretrained(folder, from_pt=True)


def _scorer(shared: bool) -> Callable[[Path], Callable[[], float]]:
    task = TASKS["score"]

    def load(folder: Path) -> Callable[[], float]:
        model = _model(folder)
        documents, targets = task.documents(), task.targets()
        prev = previous(targets)

        @jax.jit
        def score(params, source_1S, prev_NT, targets_NT):
            N = len(prev_NT)
            if shared:
                hidden_1SD = model.encode(source_1S, params=params).last_hidden_state
                hidden_NSD = jnp.repeat(hidden_1SD, N, axis=0)
                logits_NTV = model.decode(
                    prev_NT, FlaxBaseModelOutput(hidden_NSD), params=params
                ).logits
            else:
                source_NS = jnp.repeat(source_1S, N, axis=0)
                logits_NTV = model(source_NS, decoder_input_ids=prev_NT, params=params).logits
            log_probs_NTV = jax.nn.log_softmax(logits_NTV)
            return jnp.take_along_axis(log_probs_NTV, targets_NT[..., None], axis=-1).sum()

        return lambda: sum(
            float(score(model.params, documents[i : i + 1], prev[i], targets[i]))
            for i in range(task.num_sources)
        )

    return load


def _search(name: str) -> Callable[[Path], Callable[[], float]]:
    task = TASKS[name]

    def load(folder: Path) -> Callable[[], float]:
        model = _model(folder)
        sources = jnp.asarray(task.sources())

        @jax.jit
        def search(params, source_BS):
            return model.generate(
                source_BS,
                params=params,
                num_beams=task.num_beams,
                min_length=task.new_tokens + 1,
                max_length=task.new_tokens + 1,
                do_sample=False,
                forced_bos_token_id=None,
                forced_eos_token_id=None,
                decoder_start_token_id=EOS,
            ).sequences

        return lambda: float((search(model.params, sources)[:, 1:] != 1).sum())

    return load


def _train(folder: Path) -> Callable[[], float]:
    task = TASKS["train"]
    model = _model(folder)
    optimizer = optax.chain(optax.clip_by_global_norm(0.1), optax.adamw(1e-4, b2=0.98))
    sources, targets_BT = jnp.asarray(task.sources()), jnp.asarray(task.targets()[:, 0])
    prev_BT = jnp.asarray(previous(task.targets())[:, 0])
    state = (model.params, optimizer.init(model.params))

    def loss(params):
        logits_BTV = model(sources, decoder_input_ids=prev_BT, params=params, train=False).logits
        labels_BTV = jax.nn.one_hot(targets_BT, logits_BTV.shape[-1])
        smooth_BTV = optax.smooth_labels(labels_BTV, LABEL_SMOOTHING)
        return optax.softmax_cross_entropy(logits_BTV, smooth_BTV).mean()

    @jax.jit
    def update(params, opt_state):
        value, grads = jax.value_and_grad(loss)(params)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return (optax.apply_updates(params, updates), opt_state), value

    def step() -> float:
        nonlocal state
        state, value = update(*state)
        return float(value)

    return step


JOBS = {
    "score": _scorer(shared=False),
    "score_shared": _scorer(shared=True),
    "beam4": _search("beam4"),
    "greedy": _search("greedy"),
    "train": _train,
}
