"""A model without weights: the next logits are a table row picked by a hash of the whole prefix.

The hash is the search's state, so a hypothesis that loses its state shows at once.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from quals_jax.decoding.beam import Later, beam_search

PAD, EOS = 1, 2
NUM_ROWS = 997


def table(seed, vocab, *, eos=0.0, common=0.0):
    """Random logits ``[NUM_ROWS, vocab]``; ``common`` is the weight of a part all rows share."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((NUM_ROWS, vocab)) + common * rng.standard_normal(vocab)
    rows[:, EOS] += eos
    return (1.5 * rows).astype(np.float32)


def next_hash(before, tokens):
    return (before * 31 + tokens * 17 + 5) % NUM_ROWS


def start_hash(num_sources, num_hypotheses):
    """Sources start apart, so they differ from the first token on."""
    return jnp.repeat(7 * jnp.arange(num_sources), num_hypotheses)


def make_step(table_RV, num_sources=None):
    def step(tokens_BN, position, hash_R):
        assert num_sources in (None, len(tokens_BN))
        hash_R = next_hash(hash_R, tokens_BN.reshape(-1))
        return jnp.asarray(table_RV)[hash_R.reshape(tokens_BN.shape)], hash_R

    return step


def log_probs(table_RV, source, tokens):
    """The next log-probabilities of one hypothesis, float32 as the search has them."""
    value = 7 * source
    for token in tokens:
        value = next_hash(value, token)
    row = table_RV[value].astype(np.float64)
    return (row - np.log(np.exp(row).sum())).astype(np.float32)


def search(table_RV, options, num_sources=3, valid_B=None, prefix_BP=None, later=None):
    """Runs the search on the toy model; `Hypotheses` of NumPy arrays.

    ``later``: position and number of sources of `beam.Later`.
    """
    valid_B = jnp.ones(num_sources, bool) if valid_B is None else jnp.asarray(valid_B)
    prefix_BP = None if prefix_BP is None else jnp.asarray(prefix_BP)
    found = _search(options, later, table_RV, valid_B, prefix_BP)
    return jax.tree.map(np.asarray, found)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _search(options, later, table_RV, valid_B, prefix_BP):
    if later is not None:
        num = later[1]
        later = Later(*later, lambda rows_R, state: (make_step(table_RV, num), state))
    return beam_search(
        make_step(table_RV, len(valid_B)),
        start_hash(len(valid_B), options.num_beams),
        options,
        valid_B,
        prefix_BP=prefix_BP,
        later=later,
    )


def rows(found, source):
    """(tokens, score, total, token scores, plain log-probabilities) of each hypothesis."""
    result = []
    for n, length in enumerate(found.lengths_BN[source]):
        if length:
            tokens = found.tokens_BNT[source, n, :length].tolist()
            parts = found.token_scores_BNT[source, n, :length], found.logp_BNT[source, n, :length]
            totals = float(found.scores_BN[source, n]), float(found.totals_BN[source, n])
            result.append((tokens, *totals, *parts))
    return result
