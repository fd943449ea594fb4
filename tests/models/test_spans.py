import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.models.bert import second_text, segment_of
from quals_jax.models.spans import best_spans

SEP, PAD = 9, 0


def by_hand(start_S, end_S, allowed_S, max_tokens):
    """Every span, the shortest first."""
    best = None
    for extra in range(max_tokens):
        for first in range(len(start_S) - extra):
            last = first + extra
            if not allowed_S[first : last + 1].all():
                continue
            score = start_S[first] + end_S[last]
            if best is None or score > best[0]:
                best = (score, first, last)
    return best


@pytest.mark.parametrize("max_tokens", [1, 3, 20])
def test_the_best_span_is_that_of_brute_force(max_tokens):
    rng = np.random.default_rng(max_tokens)
    start_BS, end_BS = rng.standard_normal((2, 5, 13)).astype(np.float32)
    start_BS, end_BS = start_BS.round(1), end_BS.round(1)  # some spans are equally good
    allowed_BS = np.zeros((5, 13), bool)
    for row, (first, last) in enumerate([(0, 13), (3, 12), (4, 5), (1, 9), (6, 13)]):
        allowed_BS[row, first:last] = True
    found = jax.jit(best_spans, static_argnums=3)(start_BS, end_BS, allowed_BS, max_tokens)
    for row, (score, first, last) in enumerate(zip(*map(np.asarray, found), strict=True)):
        expected = by_hand(start_BS[row], end_BS[row], allowed_BS[row], max_tokens)
        assert (first, last) == expected[1:]
        np.testing.assert_allclose(score, expected[0], rtol=1e-6)


def test_segments_follow_the_separators():
    src_BS = jnp.array([[8, 5, SEP, 6, 7, SEP, PAD, PAD], [8, SEP, 6, SEP, PAD, PAD, PAD, PAD]])
    assert segment_of(src_BS, SEP).tolist() == [[0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2, 2, 2]]
    assert np.flatnonzero(second_text(src_BS, SEP)[0]).tolist() == [3, 4]
    assert np.flatnonzero(second_text(src_BS, SEP)[1]).tolist() == [2]
