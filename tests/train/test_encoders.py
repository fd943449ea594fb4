"""What training does with a BERT: its losses, and the weights that it can begin with."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.encoder_folder import load_encoder_folder, save_encoder_folder
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.models import bart, bert
from quals_jax.models.bert_config import BertConfig
from tests import golden_files, tolerances
from train.config import ClaimData, Experiment, SpanData
from train.models import first_params, tokenizer_of, with_token_ids
from train.pair_losses import class_loss, span_loss
from train.step import Batch

WORLD = golden_files.path("world_qagen")
CONFIG = BertConfig(
    vocab_size=31,
    d_model=12,
    encoder_layers=1,
    encoder_heads=3,
    encoder_ffn_dim=20,
    max_positions=11,
    cls_id=2,
    sep_id=3,
    init_std=0.5,
)
CLASSES = dataclasses.replace(CONFIG, head="classification", labels=("A", "B", "C"))
SRC_BS = jnp.array(
    [
        [2, 7, 8, 3, 9, 10, 11, 12, 3, 0],
        [2, 9, 3, 4, 5, 3, 0, 0, 0, 0],
        [3, 0, 0, 0, 0, 0, 0, 0, 0, 0],  # a row that only pads
    ]
)


def log_softmax(logits, allowed):
    values = np.where(allowed, np.asarray(logits, np.float64), -np.inf)
    return values - np.log(np.exp(values).sum())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_span_loss_is_that_of_start_and_end_among_the_tokens_of_the_text(smoothing):
    params = bert.init_params(CONFIG, 1)
    targets_BNT = jnp.array([[[5, 7, 0, 0]], [[1, 1, 0, 0]], [[0, 0, 0, 0]]])  # 4 to 6; none
    model = bert.bind(CONFIG, params)
    sums = span_loss(smoothing)(model, Batch(SRC_BS, targets_BNT), None)
    logits = model.span_logits(model.encode(SRC_BS, SRC_BS != 0))
    allowed = [[0, 4, 5, 6, 7], [0, 3, 4]]
    spans = [(4, 6), (0, 0)]
    loss = nll = correct = 0.0
    for row, (places, span) in enumerate(zip(allowed, spans, strict=True)):
        mask = np.isin(np.arange(10), places)
        sides = [log_softmax(side[row], mask) for side in logits]
        for logp, position in zip(sides, span, strict=True):
            nll -= logp[position] / 2
            loss -= ((1 - smoothing) * logp[position] + smoothing * logp[mask].mean()) / 2
        correct += all(logp.argmax() == at for logp, at in zip(sides, span, strict=True))
    assert float(sums.num_tokens) == 2
    assert float(sums.correct) == correct
    np.testing.assert_allclose(sums.loss, loss, rtol=tolerances.LOSS)
    np.testing.assert_allclose(sums.nll, nll, rtol=tolerances.LOSS)


def test_the_class_loss_counts_examples_that_are_there():
    params = bert.init_params(CLASSES, 1)
    targets_BNT = jnp.array([[[3, 0, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 0, 0]]])  # classes 2 and 0
    model = bert.bind(CLASSES, params)
    sums = class_loss(0.0)(model, Batch(SRC_BS, targets_BNT), None)
    logits_BC = model.class_logits(model.encode(SRC_BS, SRC_BS != 0))
    rows = [log_softmax(logits_BC[row], np.ones(3, bool)) for row in range(2)]
    np.testing.assert_allclose(sums.loss, -rows[0][2] - rows[1][0], rtol=tolerances.LOSS)
    assert float(sums.correct) == (rows[0].argmax() == 2) + (rows[1].argmax() == 0)
    assert float(sums.num_tokens) == 2


def world_config(**changes):
    found = load_model_folder(WORLD).config
    config = BertConfig(
        d_model=found.d_model,
        encoder_layers=found.encoder_layers,
        encoder_heads=found.encoder_heads,
        encoder_ffn_dim=found.encoder_ffn_dim,
        max_positions=40,
        norm_eps=1e-5,
    )
    config = dataclasses.replace(config, **changes)
    return with_token_ids(config, tokenizer_of(str(WORLD), config), str(WORLD))


def test_bart_begins_a_bert_that_computes_the_same():
    folder, config = load_model_folder(WORLD), world_config()
    params = first_params(config, str(WORLD), seed=1)
    ids = folder.tokenizer.encode("Celtic beat Motherwell 3-1 in Glasgow.")
    src_BS = jnp.array([[config.cls_id, *ids, config.sep_id, *ids[:5], config.sep_id]])
    mask_BS = jnp.ones(src_BS.shape, bool)
    expected = bart.bind(folder.config, folder.params).encode(src_BS, mask_BS)
    found = bert.bind(config, params).encode(src_BS, mask_BS)
    np.testing.assert_allclose(found, expected, atol=tolerances.LOGITS)
    with pytest.raises(
        ValueError, match=r"BART's encoder does not fit: layers_0/fc1/bias: \[8\] wanted"
    ):
        first_params(dataclasses.replace(config, encoder_ffn_dim=8), str(WORLD), seed=1)


def test_another_head_keeps_the_encoder(tmp_path):
    config = world_config()
    params = first_params(config, str(WORLD), seed=1)
    save_encoder_folder(tmp_path / "span", config, params, tokenizer_of(str(WORLD), config))
    again = first_params(config, str(tmp_path / "span"), seed=2)
    jax.tree.map(np.testing.assert_array_equal, again, params)
    classes = dataclasses.replace(config, head="classification", labels=("A", "B", "C"))
    found = first_params(classes, str(tmp_path / "span"), seed=2)
    fresh = bert.init_params(classes, 2)
    for name, values in found.items():
        same = fresh if name in ("head", "pooler") else params
        jax.tree.map(np.testing.assert_array_equal, values, same[name])
    assert load_encoder_folder(tmp_path / "span").settings.max_tokens == 40
    with pytest.raises(ValueError, match=r"model\.encoder_heads is 2, there"):
        first_params(dataclasses.replace(config, encoder_heads=2), str(tmp_path / "span"), seed=1)


def test_words_that_both_texts_have_are_marked():
    src_BS = np.random.default_rng(0).integers(4, 9, (40, 10))
    src_BS[:, 0] = CONFIG.cls_id
    for row, first, size in zip(src_BS, [1, 3, 4, 6] * 10, [10, 8, 9, 10] * 10, strict=True):
        row[[first, size - 1]] = CONFIG.sep_id
        row[size:] = CONFIG.pad_id
    mask_BS = src_BS != CONFIG.pad_id
    marked_BS = bert.shared_tokens(jnp.asarray(src_BS), jnp.asarray(mask_BS), CONFIG.sep_id)
    for row, marked in zip(src_BS.tolist(), marked_BS.tolist(), strict=True):
        first, end = (i for i, token in enumerate(row) if token == CONFIG.sep_id)
        texts = (0, range(first)), (1, range(first + 1, end))
        expected = [False] * len(row)
        for number, places in texts:
            others = [row[i] for i in texts[1 - number][1]]
            for i in places:
                expected[i] = row[i] in others
        assert marked == expected
    assert marked_BS.any()


def test_a_model_is_told_what_is_shared_only_when_it_wants_to_be():
    config = dataclasses.replace(CONFIG, num_segments=4, mark_shared=True)
    params = bert.init_params(config, 1)
    src_BS = jnp.array([[2, 7, 8, 3, 9, 10, 3], [2, 7, 8, 3, 9, 8, 3]])
    mask_BS = src_BS > 0
    hidden_BSD = bert.bind(config, params).encode(src_BS, mask_BS)
    # By hand: the segments that transformers would have to be given.
    segments_BS = np.array([[0, 0, 0, 0, 1, 1, 1], [0, 0, 2, 0, 1, 3, 1]])
    plain = dict(params) | {
        "segments": {"embedding": jnp.zeros((2, 12))},
        "positions": {"embedding": params["positions"]["embedding"][:7]},
    }
    for row in range(2):
        moved = plain | {
            "positions": {
                "embedding": plain["positions"]["embedding"]
                + params["segments"]["embedding"][segments_BS[row]]
            }
        }
        plain_config = dataclasses.replace(CONFIG, max_positions=7)
        expected = bert.bind(plain_config, moved).encode(src_BS[row : row + 1], mask_BS[:1])
        np.testing.assert_allclose(hidden_BSD[row], expected[0], atol=tolerances.LOGITS)
    with pytest.raises(ValueError, match="mark_shared needs num_segments 4, not 2"):
        dataclasses.replace(CONFIG, mark_shared=True)


def test_data_and_model_belong_together():
    with pytest.raises(ValueError, match="model must be a BertConfig with head 'span', not BartC"):
        Experiment(data=SpanData(), num_steps=1)
    with pytest.raises(ValueError, match="head 'classification', not BertConfig with head 'span'"):
        Experiment(data=ClaimData(), model=CONFIG, num_steps=1)
