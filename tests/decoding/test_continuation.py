"""Greedy continuations against recorded beams of one with a prefix, and their independence."""

import jax
import numpy as np
import pytest

from quals_jax.decoding.continuation import Continuer
from quals_jax.parallel.batches import RowFailure
from tests import golden_files, golden_models

CASES = [
    case
    for case in golden_files.read_json("beam.json")["cases"]
    if case["name"] in ("small_p1/prefix_greedy", "rand_p/prefix_greedy")  # one compiled model
]


def continuer(model_name: str) -> Continuer:
    return Continuer(*golden_models.load(model_name), max_len=50)


@pytest.mark.parametrize("case", CASES, ids=[case["model"] for case in CASES])
def test_same_tokens_as_officially(case):
    assert case["options"] == {"beam": 1, "max_len_b": 50}
    prefixes = [[prefix] for prefix in case["prefix_tokens"]]
    found = continuer(case["model"]).run(case["source_tokens"], prefixes)
    assert found == [[group[0]["tokens"]] for group in case["hypotheses"]]


def test_beginnings_of_a_source_do_not_touch_one_another():
    case = CASES[0]
    run = continuer(case["model"]).run
    sources = case["source_tokens"][:3]
    longest = [*range(4, 53), 119]  # fills max_len: the end is forced right behind it
    prefixes = [*case["prefix_tokens"], longest, *([[n, 119] for n in range(5, 15)])]
    assert len(prefixes) == 15  # more than one call takes
    together = run(sources, [prefixes, prefixes[::-1], []])
    assert together[2] == []
    assert together[0][4] == [*longest, 2]
    for source, found in zip(sources, (together[0], together[1][::-1]), strict=False):
        # Few enough rows for the shape that is compiled.
        for start in (0, 4, 8, 11):
            alone = run([source] * 4, [[prefix] for prefix in prefixes[start : start + 4]])
            assert [group[0] for group in alone] == found[start : start + 4]
    assert len({tuple(tokens) for tokens in together[0]}) == 15


def test_a_model_that_says_nothing_is_told():
    config, params = golden_models.load("small_p1")
    broken = jax.tree.map(lambda x: np.full_like(x, np.nan), params)
    found = Continuer(config, broken, max_len=50).run([[5, 2]] * 4, [[[6, 119]]] * 4)
    assert [type(row) for row in found] == [RowFailure] * 4
    assert {row.code for row in found} == {"non_finite"}


def test_a_prefix_beyond_the_length_is_refused():
    with pytest.raises(ValueError):
        Continuer(*golden_models.load("small_p1"), max_len=3).run([[5, 2]], [[[6] * 4]])
