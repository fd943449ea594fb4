import dataclasses

import numpy as np
import pytest

from quals_jax.data.denoising import Noise, NoiseConfig, draw_spans, permute_sentences
from quals_jax.data.examples import TextExample
from quals_jax.text.byte_bpe import train_byte_bpe

TEXT = "Ann lives in Rome. Does she? Yes! She has a dog. The dog is old. "
INFILL_ONLY = NoiseConfig(permute_sentences=False)


@pytest.fixture(scope="module")
def tokenizer():
    return train_byte_bpe([TEXT * 3], 400)


@pytest.fixture(scope="module")
def text(tokenizer):
    return TextExample("a", np.asarray(tokenizer.encode(TEXT * 12), np.int32))


def test_the_noise_is_a_function_of_text_and_key(tokenizer, text):
    noise = Noise.of(tokenizer)
    sources = [noise.example(text, key).source.tolist() for key in [(1, 2), (1, 2), (1, 3)]]
    assert sources[0] == sources[1] != sources[2]


def test_the_target_is_the_text_and_the_source_is_never_longer(tokenizer, text):
    noise = Noise.of(tokenizer)
    for i in range(200):
        piece = TextExample("a", text.ids[: 1 + i % 17])
        example = noise.example(piece, (i,))
        assert example.targets[0].tolist() == [*piece.ids.tolist(), tokenizer.eos_id]
        assert len(example.source) <= len(example.targets[0])
        assert example.source[-1] == tokenizer.eos_id


def test_thirty_percent_of_the_words_are_masked(tokenizer, text):
    noise = Noise.of(tokenizer, INFILL_ONLY)
    num_words = TEXT.count(" ") * 12
    shares = []
    for i in range(100):
        source = noise.example(text, (i,)).source
        kept = tokenizer.decode([t for t in source if t not in (noise.mask_id, noise.eos_id)])
        shares.append(1 - len(kept.split()) / num_words)
    assert np.mean(shares) == pytest.approx(0.3, abs=0.01)


def test_what_is_not_masked_keeps_its_order_and_words_stay_whole(tokenizer, text):
    noise = Noise.of(tokenizer, INFILL_ONLY)
    words = (TEXT * 12).split()
    source = noise.example(text, (5,)).source[:-1]
    position = 0
    for kept in tokenizer.decode(source).replace("<mask>", " <mask> ").split():
        if kept != "<mask>":
            position = words.index(kept, position) + 1
    assert position > 0


def test_masked_spans_are_poisson():
    rng = np.random.default_rng(0)
    lengths, zeros = [], 0
    for _ in range(300):
        spans, num_inserts = draw_spans(1000, NoiseConfig(), rng)
        assert spans.sum() == 300
        lengths.append(spans[:-1])  # the last one is cut to the budget
        zeros += num_inserts
    lengths = np.concatenate(lengths)
    total = len(lengths) + zeros
    expected = [np.exp(-3) * 3**k / np.prod(range(1, k + 1)) for k in range(7)]
    found = [zeros / total, *[(lengths == k).sum() / total for k in range(1, 7)]]
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_a_span_becomes_one_mask_and_an_empty_span_inserts_one(tokenizer, text):
    noise = Noise.of(tokenizer, INFILL_ONLY)
    key = (3,)
    rng = np.random.default_rng(list(key))
    spans, num_inserts = draw_spans(len((TEXT * 12).split()), INFILL_ONLY, rng)
    source = noise.example(text, key).source
    assert int((source == noise.mask_id).sum()) == len(spans) + num_inserts


def test_masks_are_spread_evenly_over_the_text(tokenizer, text):
    noise = Noise.of(tokenizer, INFILL_ONLY)
    places = []
    for i in range(300):
        source = noise.example(text, (i,)).source[:-1]
        places.append(np.flatnonzero(source == noise.mask_id) / len(source))
    counts, _ = np.histogram(np.concatenate(places), bins=5, range=(0, 1))
    np.testing.assert_allclose(counts / counts.sum(), 0.2, atol=0.02)


def test_sentences_are_permuted_whole(tokenizer, text):
    noise = Noise.of(tokenizer, NoiseConfig(mask_ratio=0.0))
    one = TextExample("a", np.asarray(tokenizer.encode(TEXT.strip()), np.int32))
    expected = {s.strip() for s in ["Ann lives in Rome.", " Does she?", " Yes!", " She has a dog."]}
    seen = set()
    for i in range(40):
        mixed = tokenizer.decode(noise.example(one, (i,)).source[:-1])
        assert sorted(mixed.replace(" ", "")) == sorted(TEXT.replace(" ", ""))
        assert all(sentence in mixed for sentence in expected)
        seen.add(mixed)
    assert len(seen) > 30  # of 120 orders


def test_all_orders_of_sentences_are_equally_likely():
    ids, ends = np.arange(6), np.array([0, 1, 0, 1, 0, 1], bool)
    rng = np.random.default_rng(0)
    orders = [tuple(permute_sentences(ids, ends, rng).tolist()) for _ in range(3000)]
    counts = np.unique(np.array(orders), axis=0, return_counts=True)[1]
    assert len(counts) == 6
    np.testing.assert_allclose(counts / 3000, 1 / 6, atol=0.03)


def test_a_tokenizer_without_mask_is_refused(tokenizer):
    class NoMask:
        mask_id = None

    with pytest.raises(ValueError, match="<mask>"):
        Noise.of(NoMask())


@pytest.mark.parametrize("wrong", [{"mask_ratio": 1.0}, {"mean_span": 0.0}])
def test_values_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match="mask_ratio < 1"):
        dataclasses.replace(NoiseConfig(), **wrong)
