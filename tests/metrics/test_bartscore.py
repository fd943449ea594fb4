"""BARTScore against PyTorch."""

import dataclasses
import shutil

import numpy as np
import pytest

from quals_jax.checkpoints.model_folder import ModelFolder, load_model_folder
from quals_jax.metrics.bartscore import BartScore
from quals_jax.metrics.metric import Example
from tests import golden_files, tolerances

FOLDER = golden_files.path("world_qagen")
CASES = golden_files.read_json("bartscore.json")["cases"]
EXAMPLES = [Example(case["source"], case["target"]) for case in CASES]


@pytest.fixture(scope="module")
def model() -> ModelFolder:
    return load_model_folder(FOLDER)


@pytest.fixture(scope="module")
def hugging_face(tmp_path_factory) -> BartScore:
    """The same model with the habits of Hugging Face: texts begin with <s>."""
    folder = shutil.copytree(FOLDER, tmp_path_factory.mktemp("models") / "plain")
    (folder / "quals.json").unlink()
    return BartScore(load_model_folder(folder))


def test_scores_are_those_of_the_official_rule_in_pytorch(hugging_face):
    assert [case["tokens"] > 80 for case in CASES] == [False] * 4 + [True] * 2
    told: list[float] = []
    check(hugging_face.evaluate(EXAMPLES, told.append), "with_bos")
    assert sum(told) == pytest.approx(len(CASES))


def test_folders_of_fairseqs_habits_have_no_token_before_the_first(model):
    check(BartScore(model).evaluate(EXAMPLES), "without_bos")
    assert min(abs(case["with_bos"] - case["without_bos"]) for case in CASES) > 0.01


def check(rows, kind):
    np.testing.assert_allclose(
        [row["bartscore"] for row in rows],
        [case[kind] for case in CASES],
        atol=tolerances.HUGGING_FACE_LOGITS,
        rtol=0,
    )


def test_what_is_beyond_the_models_length_is_not_read(hugging_face):
    long = EXAMPLES[3].document + " More words beyond the end."
    first, second = hugging_face.evaluate(
        [EXAMPLES[3], dataclasses.replace(EXAMPLES[3], document=long)]
    )
    assert first["bartscore"] == pytest.approx(second["bartscore"], abs=tolerances.LOG_PROBS)
    assert "cut:78 tokens|bos:yes" in hugging_face.signature


def test_empty_texts_have_reasons_and_disturb_nobody(hugging_face):
    told: list[float] = []
    examples = [Example("", "A text."), EXAMPLES[0], Example("A text.", " \n")]
    rows = hugging_face.evaluate(examples, told.append)
    assert rows[0] == {"bartscore": None, "reason": "empty_document"}
    assert rows[1]["bartscore"] == pytest.approx(CASES[0]["with_bos"], abs=tolerances.LOG_PROBS * 2)
    assert rows[2] == {"bartscore": None, "reason": "empty_summary"}
    assert sum(told) == pytest.approx(3)


def test_nan_is_an_error_of_its_row(model, monkeypatch):
    metric = BartScore(model)
    real = metric._scorer._log_probs

    def poisoned(params, src_BS, targets_BNT):
        logp = np.array(real(params, src_BS, targets_BNT))
        logp[(np.asarray(src_BS) == model.tokenizer.encode(" Rome")[0]).any(axis=1)] = np.nan
        return logp

    monkeypatch.setattr(metric._scorer, "_log_probs", poisoned)
    rows = metric.evaluate(EXAMPLES[1:4])
    assert [row.get("reason") for row in rows] == ["non_finite", None, None]
    assert "NaN" in rows[0]["error"]


def test_the_signature_names_weights_and_conventions(model):
    sha = model.quals.weights_sha256[:8]
    half = dataclasses.replace(model, config=dataclasses.replace(model.config, dtype="bfloat16"))
    signature = BartScore(model).signature
    assert signature.endswith(f"|summary given document|cut:78 tokens|bos:no|weights:{sha}")
    assert BartScore(half).signature == f"{signature}|bfloat16"
