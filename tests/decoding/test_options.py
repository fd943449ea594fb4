"""Options name what is wrong with them."""

import pytest

from quals_jax.decoding.options import BeamSearch, Sampling, TopK, TopP, greedy


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BeamSearch(0), "BeamSearch.num_beams is 0, expected >= 1"),
        (lambda: BeamSearch(4, 0), "BeamSearch.num_groups is 0, expected >= 1"),
        (lambda: BeamSearch(4, 3), "num_beams 4 is not a multiple of num_groups 3"),
        (lambda: BeamSearch(4, 2, -0.5), "diversity_strength is -0.5, expected a finite"),
        (lambda: BeamSearch(4, 2, float("nan")), "diversity_strength is nan, expected a finite"),
        (lambda: BeamSearch(4, min_len=-1), "BeamSearch.min_len is -1, expected >= 0"),
        (lambda: BeamSearch(4, max_len=0, min_len=0), "BeamSearch.max_len is 0, expected >= 1"),
        (lambda: BeamSearch(4, min_len=9, max_len=8), "min_len 9 is larger than max_len 8"),
        (lambda: BeamSearch(4, length_penalty=float("inf")), "length_penalty is inf, expected"),
        (lambda: BeamSearch(4, no_repeat_ngram_size=1), "size is 1, expected 0 .off. or >= 2"),
        (lambda: Sampling(0), "Sampling.num_samples is 0, expected >= 1"),
        (lambda: Sampling(6, min_len=9, max_len=8), "Sampling.min_len 9 is larger than max_len 8"),
        (lambda: TopK(0), "TopK.k is 0, expected >= 1"),
        (lambda: TopP(0.0), "TopP.p is 0.0, expected 0 < p <= 1"),
        (lambda: TopP(1.5), "TopP.p is 1.5, expected 0 < p <= 1"),
    ],
)
def test_impossible_options_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_options_are_hashable_and_equal_by_value():
    assert hash(Sampling(6, TopK(50))) == hash(Sampling(6, TopK(50)))
    assert BeamSearch(1, min_len=2, max_len=9) == greedy(min_len=2, max_len=9)
