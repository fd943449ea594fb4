import numpy as np
import pytest

from quals_jax.decoding.options import BeamSearch, Sampling, TopK
from quals_jax.decoding.searcher import Searcher
from tests import golden_models

CONFIG, PARAMS = golden_models.load("small_p1")
RNG = np.random.default_rng(2)
SOURCES = [[*RNG.integers(4, 118, length).tolist(), 2] for length in (5, 9, 14, 7, 30)]


def test_every_hypothesis_begins_with_the_forced_token():
    options = BeamSearch(num_beams=3, min_len=2, max_len=9)
    forced = Searcher(CONFIG, PARAMS, options, forced_bos_id=CONFIG.bos_id).search(SOURCES[:2])
    free = Searcher(CONFIG, PARAMS, options).search(SOURCES[:2])
    assert {h.tokens[0] for found in forced for h in found} == {CONFIG.bos_id}
    assert CONFIG.bos_id not in {h.tokens[0] for found in free for h in found}


def test_samples_depend_on_seed_and_id_but_not_on_the_batch():
    searcher = Searcher(CONFIG, PARAMS, Sampling(4, TopK(20), min_len=3, max_len=9))
    ids = list("abcde")

    def tokens(found):
        return [hypothesis.tokens for hypothesis in found]

    together = searcher.search(SOURCES, ids=ids, seed=3)
    alone = searcher.search(SOURCES[3:4], ids=["d"], seed=3)
    assert tokens(alone[0]) == tokens(together[3])
    assert tokens(searcher.search(SOURCES[3:4], ids=["d"], seed=4)[0]) != tokens(alone[0])
    assert tokens(searcher.search(SOURCES[3:4], ids=["x"], seed=3)[0]) != tokens(alone[0])


def test_a_source_beyond_the_positions_of_the_model_is_refused():
    searcher = Searcher(CONFIG, PARAMS, BeamSearch(num_beams=3, min_len=2, max_len=9))
    with pytest.raises(ValueError, match=f"limit of {CONFIG.max_positions}"):
        searcher.search([[4] * (CONFIG.max_positions + 1)])


def test_sources_of_a_large_batch_are_searched_as_alone():
    # The first of four ends last, so that it goes on beside another one in the second loop.
    searcher = Searcher(CONFIG, PARAMS, BeamSearch(60, 60, 0.5, max_len=20))
    sources = [[*RNG.integers(4, 118, length).tolist(), 2] for length in (15, 14, 13, 12)]
    alone = [searcher.search([source])[0] for source in sources]
    last = [max(len(hypothesis.tokens) for hypothesis in found) for found in alone]
    order = np.argsort(last, kind="stable")  # those that go on come from the end of the batch
    together = searcher.search([sources[i] for i in order])
    assert last[order[1]] < last[order[2]]
    for i, found in zip(order, together, strict=True):
        assert [h.tokens for h in found] == [h.tokens for h in alone[i]]
