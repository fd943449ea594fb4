"""Selection by blocks is `jax.lax.top_k`, ties included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.decoding.top_k import top_k_by_blocks, top_k_by_windows


@pytest.mark.parametrize("select", [top_k_by_blocks, top_k_by_windows])
@pytest.mark.parametrize("kind", ["random", "ties", "mostly_impossible"])
@pytest.mark.parametrize(
    ("width", "k"), [(5003, 7), (5003, 19), (5003, 40), (641, 11), (64, 5), (13, 13)]
)
def test_the_k_largest_entries_come_in_order_and_ties_by_index(select, kind, width, k):
    rng = np.random.default_rng(width + k)
    x_AV = rng.standard_normal((3, width)).astype(np.float32)
    if kind == "ties":
        x_AV = np.round(x_AV) + 0.0  # no -0.0, which XLA sorts below 0.0
    if kind == "mostly_impossible":
        x_AV[:, rng.permutation(width)[k // 2 :]] = -np.inf
    values_AK, indices_AK = jax.jit(select, static_argnums=1)(jnp.asarray(x_AV), k)
    order_AK = np.argsort(-x_AV, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(values_AK, np.take_along_axis(x_AV, order_AK, axis=1))
    np.testing.assert_array_equal(indices_AK, order_AK)
