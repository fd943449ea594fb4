"""A BART that copies before any training."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.names import flatten
from quals_jax.models.bart import bind, init_params
from quals_jax.models.config import BartConfig
from quals_jax.models.copying import copying_params
from quals_jax.models.parameters import Params

CONFIG = dataclasses.replace(
    BartConfig.tiny(vocab_size=900), d_model=128, encoder_layers=3, decoder_layers=3, init_std=0.02
)


_SIDES = ("encoder", "decoder")
_COPYING = (
    "encoder/layers_0/self_attn",
    "decoder/layers_0/self_attn",
    "decoder/layers_2/encoder_attn",
)


def _share_copied(config: BartConfig, params: Params, source: np.ndarray) -> float:
    """How often the most probable next token is the source's, the target being the source."""
    prev = np.concatenate([np.full((len(source), 1), config.eos_id), source[:, :-1]], axis=1)
    model, mask = bind(config, params), jnp.ones(source.shape, bool)
    cross = model.cross_keys_values(model.encode(jnp.asarray(source), mask))
    logits = model.logits(model.decode(jnp.asarray(prev)[:, None], cross, mask))[:, 0]
    return float((np.asarray(logits).argmax(-1) == source)[:, 1:].mean())


def _random_source(length: int, seed: int = 0) -> np.ndarray:
    """Tokens of which none occurs twice."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(np.arange(10, 900))[:length] for _ in range(4)])


@pytest.mark.parametrize("heads", [4, 8])
@pytest.mark.parametrize("length", [20, 250])
def test_the_next_token_of_the_source_is_the_most_probable(heads, length):
    config = dataclasses.replace(CONFIG, encoder_heads=heads, decoder_heads=heads)
    source = _random_source(length)
    assert _share_copied(config, copying_params(config, seed=3), source) > 0.95
    assert _share_copied(config, init_params(config, seed=3), source) < 0.05


def test_it_copies_by_content_not_by_place():
    """What follows a token in the source follows it in the target, wherever the target begins."""
    source = _random_source(60)
    params = copying_params(CONFIG, seed=3)
    model, mask = bind(CONFIG, params), jnp.ones(source.shape, bool)
    cross = model.cross_keys_values(model.encode(jnp.asarray(source), mask))
    for start in (7, 31):
        prev = jnp.asarray(source[:, start : start + 5])[:, None]
        logits = np.asarray(model.logits(model.decode(prev, cross, mask))[:, 0])
        assert (logits.argmax(-1) == source[:, start + 1 : start + 6]).mean() > 0.9
        # The token just written is no likelier than any other.
        written = np.take_along_axis(logits, np.asarray(prev)[:, 0, :, None], axis=-1)[..., 0]
        assert (written - logits.mean(-1)).mean() < 1.5 * logits.std(-1).mean()


def test_all_else_is_as_random_as_ever():
    params, other = copying_params(CONFIG, seed=3), copying_params(CONFIG, seed=4)
    built = {"shared/embedding", *(f"{side}/positions/embedding" for side in _SIDES)}
    built |= {
        f"{attention}/{name}_proj/kernel"
        for attention in _COPYING
        for name in ("q", "k", "v", "out")
    }
    random = dict(flatten(init_params(CONFIG, seed=3)))
    changed = {path for path, leaf in flatten(params) if not np.array_equal(leaf, random[path])}
    assert changed == built
    codes, others = (np.asarray(p["shared"]["embedding"])[:, 16:72] for p in (params, other))
    assert not np.isclose(codes, others, atol=1e-3).all(1).any()
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder_heads": 8}, "encoder_heads 4 and decoder_heads 8"),
        ({"d_model": 4}, "d_model 4 is too narrow"),
    ],
)
def test_a_model_that_cannot_copy_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        copying_params(dataclasses.replace(CONFIG, **change), seed=1)
