"""Forward passes against the recorded outputs of the official code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.models.bart import bind
from tests import golden_files, golden_models, tolerances

FORWARD = golden_files.read_npz("forward.npz")
FULL = golden_files.read_npz("forward_full.npz")


def cases(arrays):
    return sorted({tuple(key.split("/")[:2]) for key in arrays})


def run(model_name, arrays, prefix):
    config, params = golden_models.load(model_name)

    @jax.jit
    def forward(params, src_BS, prev_BT):
        model = bind(config, params)
        mask_BS = src_BS != config.pad_id
        enc_BSD = model.encode(src_BS, mask_BS)
        cross = model.cross_keys_values(enc_BSD)
        return enc_BSD, model.logits(model.decode(prev_BT[:, None], cross, mask_BS)[:, 0])

    return forward(
        params, jnp.asarray(arrays[prefix + "src_tokens"]), arrays[prefix + "prev_output_tokens"]
    )


@pytest.mark.parametrize(("model_name", "case"), cases(FORWARD))
def test_encoder_states_and_logits_are_the_official_ones(model_name, case):
    prefix = f"{model_name}/{case}/"
    enc_BSD, logits_BTV = run(model_name, FORWARD, prefix)
    real_BS = FORWARD[prefix + "src_tokens"] != 1
    real_BT = FORWARD[prefix + "target"] != 1
    for ours, theirs, real in [
        (enc_BSD, FORWARD[prefix + "encoder_out"], real_BS),
        (logits_BTV, FORWARD[prefix + "logits"], real_BT),
    ]:
        assert real.any()
        np.testing.assert_allclose(
            np.asarray(ours)[real], theirs[real], atol=tolerances.LOGITS, rtol=0
        )


def test_full_vocabulary_logits_are_the_official_ones():
    _, logits_BTV = run("full_p", FULL, "")
    np.testing.assert_allclose(
        logits_BTV[0, 0], FULL["logits_row0_pos0"], atol=tolerances.LOGITS_FULL, rtol=0
    )
    real_BT = FULL["target"] != 1
    target_R = FULL["target"][real_BT]
    logits_RV = np.asarray(logits_BTV)[real_BT]
    logsumexp_R = np.asarray(jax.nn.logsumexp(logits_RV, axis=-1))
    logp_R = logits_RV[np.arange(len(target_R)), target_R] - logsumexp_R
    for ours, theirs in [
        (logits_RV[:, FULL["columns"]], FULL["logits_columns"][real_BT]),
        (logsumexp_R, FULL["logsumexp"][real_BT]),
        (logp_R, FULL["target_logprob"][real_BT]),
    ]:
        np.testing.assert_allclose(ours, theirs, atol=tolerances.LOGITS_FULL, rtol=0)
