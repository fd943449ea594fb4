"""The logarithm of the sum of exponentials over rows of any width."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.models.log_normaliser import log_normaliser
from tests.tolerances import LOGITS, LOSS


@pytest.mark.parametrize("width", [1, 13, 32, 33, 5003])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_it_is_the_logarithm_of_the_sum_of_exponentials(width, scale):
    logits_ABV = scale * np.random.default_rng(width).standard_normal((2, 3, width))
    logits_ABV[0, 0, : width // 2] = -np.inf
    logits_ABV = logits_ABV.astype(np.float32)
    largest = logits_ABV.max(-1, keepdims=True).astype(np.float64)
    expected_AB = np.log(np.exp(logits_ABV - largest).sum(-1)) + largest[..., 0]
    found_AB = jax.jit(log_normaliser)(jnp.asarray(logits_ABV))
    np.testing.assert_allclose(found_AB, expected_AB, rtol=LOSS, atol=LOGITS)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_logits_show_in_their_row_alone(bad):
    logits_RV = np.zeros((3, 100), np.float32)
    logits_RV[1, 77] = bad
    finite_R = np.isfinite(np.asarray(log_normaliser(jnp.asarray(logits_RV))))
    assert finite_R.tolist() == [True, False, True]


def test_a_row_of_nothing_has_no_normaliser():
    assert not np.isfinite(log_normaliser(jnp.full(100, -jnp.inf)))
