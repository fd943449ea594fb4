import dataclasses

import jax.numpy as jnp
import pytest

from quals_jax.checkpoints.encoder_folder import load_encoder_folder
from quals_jax.classifying import ClaimClassifier, ClassifierOptions
from quals_jax.metrics.factcc import FactCC
from quals_jax.metrics.metric import Example
from tests import golden_files

RECORDED = golden_files.read_json("bert/tiny.json")["classification"]
DOCUMENT = "Bob won the game in Rome. Ann lives in Rome. " * 5
CLAIMS = ["Ann lives.", "Robert won the game!"]


@pytest.fixture(scope="module")
def model():
    return load_encoder_folder(golden_files.path("bert/classification"))


def short(model, max_tokens):
    settings = dataclasses.replace(model.settings, max_tokens=max_tokens)
    return dataclasses.replace(model, settings=settings)


def test_probabilities_are_pytorchs(model):
    pairs = [case for case in RECORDED if case["first"] and case["second"]]
    found = ClaimClassifier(model).probabilities(
        [case["first"] for case in pairs], [[case["second"]] for case in pairs]
    )
    for case, (value,) in zip(pairs[:2] + pairs[3:], found[:2] + found[3:], strict=True):
        logits = jnp.asarray(case["logits"])
        assert value == pytest.approx(float(jnp.exp(logits[0]) / jnp.exp(logits).sum()), abs=1e-5)


def test_a_probability_depends_on_its_pair_alone(model):
    classifier = ClaimClassifier(model)
    together = classifier.probabilities(["Ann", DOCUMENT], [["a"], CLAIMS])
    assert together == classifier.probabilities(["Ann", DOCUMENT], [["a"], CLAIMS])
    for claim, value in zip(CLAIMS, together[1], strict=True):
        ((alone,),) = classifier.probabilities([DOCUMENT], [[claim]])
        assert alone == pytest.approx(value, abs=1e-6)
    other = ClaimClassifier(model, ClassifierOptions(label="incorrect"))
    assert other.probabilities(["Ann"], [["a"]])[0][0] == pytest.approx(1 - together[0][0])


def test_the_window_that_supports_a_claim_best_speaks_for_the_document(model):
    room = short(model, 24)
    options = ClassifierOptions(overlap_tokens=0)
    ((whole,),) = ClaimClassifier(room, options).probabilities([DOCUMENT], [CLAIMS[:1]])
    first_options = dataclasses.replace(options, max_windows=1)
    ((first,),) = ClaimClassifier(room, first_options).probabilities([DOCUMENT], [CLAIMS[:1]])
    (document,) = model.tokenizer.encode_with_offsets([DOCUMENT])
    size = 24 - 3 - len(model.tokenizer.encode_with_offsets(CLAIMS[:1])[0].ids)
    starts = [*range(0, len(document.ids) - size, size), len(document.ids) - size]
    parts = [
        DOCUMENT[document.offsets[start][0] : document.offsets[start + size - 1][1]]
        for start in starts
    ]
    by_part = ClaimClassifier(model).probabilities(parts, [CLAIMS[:1]] * len(parts))
    values = [value for (value,) in by_part]
    assert len(values) > 2
    assert max(values) > values[0] + 1e-3
    assert whole == pytest.approx(max(values), abs=1e-6)
    assert first == pytest.approx(values[0], abs=1e-6)


def test_factcc_is_the_mean_over_sentences(model):
    classifier = ClaimClassifier(model)
    metric = FactCC(classifier)
    done = []
    examples = [
        Example(DOCUMENT, " ".join(CLAIMS)),
        Example(DOCUMENT, " "),
        Example("", "Ann lives."),
        Example(DOCUMENT, CLAIMS[0]),
    ]
    rows = metric.evaluate(examples, done.append)
    (values,) = classifier.probabilities([DOCUMENT], [CLAIMS])
    assert rows[0] == {"factcc": pytest.approx(sum(values) / 2, abs=1e-6)}
    assert rows[1] == {"factcc": None, "reason": "empty_summary"}
    assert rows[2] == {"factcc": None, "reason": "empty_document"}
    assert rows[3] == {"factcc": pytest.approx(values[0], abs=1e-6)}
    assert sum(done) == 4
    assert model.settings.weights_sha256[:8] in metric.signature
    one = FactCC(ClaimClassifier(model, ClassifierOptions(max_windows=1)))
    assert "max_windows:1" in one.signature


def test_nan_and_unknown_classes(model):
    head = {name: values * jnp.nan for name, values in model.params["head"].items()}
    broken = dataclasses.replace(model, params=model.params | {"head": head})
    (row,) = FactCC(ClaimClassifier(broken)).evaluate([Example(DOCUMENT, "Ann lives.")])
    assert (row["factcc"], row["reason"]) == (None, "non_finite")
    assert "NaN" in row["error"]
    with pytest.raises(ValueError, match="has the classes CORRECT, INCORRECT, not entailment"):
        ClaimClassifier(model, ClassifierOptions(label="entailment"))
    with pytest.raises(ValueError, match="has a head for span, expected one for classes"):
        ClaimClassifier.from_folder(golden_files.path("bert/span"))
