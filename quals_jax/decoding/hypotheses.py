"""The result of a search."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float, Int


@struct.dataclass
class Hypotheses:
    """N finished hypotheses per source, best first; T is ``max_len + 1``.

    Tokens include the final ``</s>`` (not the first one) and are followed by ``pad_id``; the
    per-token arrays are 0 there. ``scores_BN`` is ``sum / length ** length_penalty`` and
    ``totals_BN`` the sum as searched, so with the penalties of diverse groups; ``token_scores_BNT``
    are its parts. ``logp_BNT`` is the plain log-probability (nats) of each token under the model.

    Places without a hypothesis (when masks or failures leave fewer) have length 0 and score -inf.
    A source with ``finite_B`` False met NaN or infinite logits: its search stopped there.
    """

    tokens_BNT: Int[Array, "b n t"]
    lengths_BN: Int[Array, "b n"]
    scores_BN: Float[Array, "b n"]
    totals_BN: Float[Array, "b n"]
    token_scores_BNT: Float[Array, "b n t"]
    logp_BNT: Float[Array, "b n t"]
    finite_B: Bool[Array, " b"]


def normalised(totals_BN: Array, lengths_BN: Array, max_len: int, penalty: float) -> Array:
    """``total / length ** penalty``, the power in float64 as in fairseq; -inf at length 0."""
    powers_T = np.power(np.arange(1, max_len + 2, dtype=np.float64), penalty).astype(np.float32)
    scores_BN = totals_BN / jnp.asarray(powers_T)[jnp.maximum(lengths_BN, 1) - 1]
    return jnp.where(lengths_BN > 0, scores_BN, -jnp.inf)


def best_first(hypotheses: Hypotheses) -> Hypotheses:
    """Sorts the hypotheses of each source by falling score; equal ones keep their order."""
    order_BN = jnp.argsort(-hypotheses.scores_BN, axis=1, stable=True)

    def sort(x: Array) -> Array:
        if x.ndim == 1:
            return x
        index = order_BN[..., None] if x.ndim == 3 else order_BN
        return jnp.take_along_axis(x, index, axis=1)

    return jax.tree.map(sort, hypotheses)
