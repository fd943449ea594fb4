"""FactCC's training data as a whole."""

from collections import Counter

import pytest

from quals_jax.data.claims import CORRECT, INCORRECT, ClaimOptions, claim_rows
from quals_jax.data.entity_analysis import entity_analyser
from quals_jax.data.world import train_articles

DOCUMENTS = [(article.id, article.text) for article in train_articles(80, seed=5)]
RULES = entity_analyser("rules")


def claims(documents=DOCUMENTS, drops=None, paraphrase=None, **options):
    options = {"min_words": 4, **options}
    return list(
        claim_rows(
            documents, ClaimOptions(**options), analyser=RULES, drops=drops, paraphrase=paraphrase
        )
    )


def test_every_sentence_gives_a_true_and_a_false_claim():
    drops: Counter[str] = Counter()
    found = claims(drops=drops)
    assert len(found) > 100
    assert [claim.label for claim in found] == [CORRECT, INCORRECT] * (len(found) // 2)
    assert len({claim.id for claim in found}) == len(found)
    full = len(DOCUMENTS) - drops.total()
    assert len(found) == 4 * full + 2 * drops["fewer claims than asked for"]
    for true, false in zip(found[::2], found[1::2], strict=True):
        assert true.document == false.document
        assert true.id.removesuffix("correct") == false.id.removesuffix("incorrect")
        assert true.transformation in ("none", "noise")
        assert false.transformation.removesuffix("+noise") in ClaimOptions().swaps


def test_true_claims_stand_in_their_document_and_false_ones_do_not():
    for claim in claims(noise_share=0.0):
        assert (claim.claim in claim.document) == (claim.label == CORRECT)


def test_claims_of_a_document_depend_on_its_id_and_the_seed_alone():
    found = claims()
    assert claims(reversed(DOCUMENTS[10:12])) == [
        claim for i in (11, 10) for claim in found if claim.document == DOCUMENTS[i][1]
    ]
    assert [c.claim for c in claims(seed=1)] != [c.claim for c in found]
    renamed = [(f"x{name}", text) for name, text in DOCUMENTS]
    assert [c.claim for c in claims(renamed)] != [c.claim for c in found]


def test_the_share_of_noise_is_that_asked_for():
    noisy = [claim.transformation.endswith("noise") for claim in claims(noise_share=0.5)]
    assert 0.35 < sum(noisy) / len(noisy) < 0.65
    assert all(claim.transformation.endswith("noise") for claim in claims(noise_share=1.0))


def test_a_paraphrase_comes_first_and_keeps_the_label():
    said = []

    def reword(sentence):
        said.append(sentence)
        return f"Indeed, {sentence}"

    found = claims(DOCUMENTS[:10], paraphrase=reword, paraphrase_share=1.0, noise_share=0.0)
    assert all(claim.claim.startswith("Indeed, ") for claim in found)
    assert {c.transformation for c in found if c.label == CORRECT} == {"paraphrase"}
    assert {c.transformation.split("+")[0] for c in found} == {"paraphrase"}
    assert len(said) >= len(found) / 2
    assert not any("paraphrase" in claim.transformation for claim in claims(DOCUMENTS[:10]))


def test_only_the_swaps_asked_for_are_made_and_the_rest_is_counted():
    drops: Counter[str] = Counter()
    found = claims([("a", "He was there all day. It rained.")], drops, swaps=("pronoun_swap",))
    assert [claim.transformation.split("+")[0] for claim in found][1] == "pronoun_swap"
    assert claims([("b", "It rained on them not at all.")], drops, swaps=("date_swap",)) == []
    assert claims([("c", "")], drops) == []
    assert drops == {"fewer claims than asked for": 1, "no sentence that can be made false": 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"swaps": ("swap",)}, "expected some of entity_swap, number_swap"),
        ({"swaps": ()}, "expected some of"),
        ({"claims_per_document": 0}, "claims_per_document >= 1"),
        ({"noise_share": 1.5}, "noise_share is 1.5"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ClaimOptions(**options)
