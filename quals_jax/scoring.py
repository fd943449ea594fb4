"""Teacher-forced log-probabilities: how probable are N given targets of each source?"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from quals_jax.models.bart import Bart, Cache

# Rows of hidden states projected onto the vocabulary at a time: [256, 50264] float32 is 51 MB.
_ROWS_PER_CHUNK = 256


def token_log_probs(
    model: Bart,
    src_BS: Int[Array, "b s"],
    mask_BS: Bool[Array, "b s"],
    targets_BNT: Int[Array, "b n t"],
) -> Float[Array, "b n t"]:
    """Log-probability (nats) of every target token given its source and the tokens before it.

    Targets end with ``</s>`` and are padded on the right with ``pad_id``; padding gets 0. Each
    source is encoded once, whatever N is.
    """
    cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
    return target_log_probs(model, cross, mask_BS, targets_BNT)


def target_log_probs(
    model: Bart, cross: Cache, mask_BS: Bool[Array, "b s"], targets_BNT: Int[Array, "b n t"]
) -> Float[Array, "b n t"]:
    """`token_log_probs` for sources whose cross-attention keys and values are at hand."""
    config = model.config
    start = jnp.full_like(targets_BNT[:, :, :1], config.eos_id)
    prev_BNT = jnp.concatenate([start, targets_BNT[:, :, :-1]], axis=2)
    hidden_BNTD = model.decode(prev_BNT, cross, mask_BS)
    hidden_RD = hidden_BNTD.reshape(-1, config.d_model)
    logp_R = _chosen_log_probs(model, hidden_RD, targets_BNT.reshape(-1))
    return jnp.where(targets_BNT != config.pad_id, logp_R.reshape(targets_BNT.shape), 0.0)


def _chosen_log_probs(model: Bart, hidden_RD: Array, targets_R: Array) -> Array:
    """Log-softmax at the targets without ever holding the logits of all rows."""
    R = targets_R.shape[0]
    num_chunks = -(-R // _ROWS_PER_CHUNK)
    rows = -(-R // num_chunks)
    padding = num_chunks * rows - R
    hidden = jnp.pad(hidden_RD, ((0, padding), (0, 0))).reshape(num_chunks, rows, -1)
    targets = jnp.pad(targets_R, (0, padding)).reshape(num_chunks, rows)

    def score(chunk: tuple[Array, Array]) -> Array:
        hidden_CD, targets_C = chunk
        logits_CV = model.logits(hidden_CD)
        chosen_C = jnp.take_along_axis(logits_CV, targets_C[:, None], axis=1)[:, 0]
        return chosen_C - jax.nn.logsumexp(logits_CV, axis=1)

    return jax.lax.map(score, (hidden, targets)).reshape(-1)[:R]
