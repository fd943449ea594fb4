import pytest

from quals_jax.text.windows import windows


def test_all_tokens_are_in_windows_that_overlap():
    assert windows(10, 10, 4) == [(0, 10)]
    assert windows(0, 10, 4) == [(0, 0)]
    assert windows(11, 10, 4) == [(0, 10), (1, 11)]
    assert windows(23, 10, 4) == [(0, 10), (6, 16), (12, 22), (13, 23)]


def test_an_overlap_as_large_as_the_window_still_goes_forward():
    assert windows(9, 4, 100) == [(0, 4), (2, 6), (4, 8), (5, 9)]
    assert windows(3, 1, 1) == [(0, 1), (1, 2), (2, 3)]
    with pytest.raises(ValueError, match="windows of 0 tokens"):
        windows(3, 0, 1)
