import collections
import dataclasses

import pytest

from quals_jax.selection import (
    ContrastRow,
    Drop,
    ScoredDocument,
    ScoredText,
    SelectionOptions,
    extreme_sample,
    ranked,
    select,
    select_at_random,
    select_by_rouge,
)


def scored(*scores) -> tuple[ScoredText, ...]:
    return tuple(ScoredText(f"sample {i}", score) for i, score in enumerate(scores))


def document(name, score, /, *samples, **fields) -> ScoredDocument:
    made = ScoredDocument(name, f"about {name}", ScoredText("a reference", score), (samples,))
    return dataclasses.replace(made, **fields)


DOCUMENTS = [
    document("a", -0.1, *scored(-1.0, -2.0, None)),
    document("b", -0.9, *scored(-3.0)),
    document("c", -0.2, *scored(-0.5, -0.5)),
    document("d", None, *scored(-4.0)),
    document("e", -0.3, *scored(None, None)),
    document("f", 0.0),
]


def reasons(sets):
    return {drop.id: (drop.side, drop.reason) for drop in sets.drops}


def test_a_document_must_be_in_both_sets():
    sets = select(DOCUMENTS, SelectionOptions(negative_ratio=0.5, positive_ratio=0.5))
    # Lowest worst samples: d, b, a. Highest references: f, a, c.
    assert sets.rows == (ContrastRow("a", "about a", "a reference", "sample 1", -0.1, -2.0),)
    assert reasons(sets) == {
        "b": ("positive", "reference_not_among_highest"),
        "c": ("negative", "sample_not_among_lowest"),
        "d": ("positive", "reference_not_scored"),
        "e": ("both", "sample_not_scored and reference_not_among_highest"),
        "f": ("negative", "no_sample"),
    }
    statistics = sets.statistics
    assert statistics["num_input"] == 6
    assert [statistics[f"num_{name}"] for name in ("documents", "positives", "negatives")] == [
        1
    ] * 3
    assert statistics["before_intersection"] == {"negatives": 3, "positives": 3}
    assert statistics["thresholds"] == {"negative": -2.0, "positive": -0.2}
    assert statistics["means"] == pytest.approx(
        {
            "samples": -11 / 6,
            "worst_samples": -9.5 / 4,
            "references": -1.5 / 5,
            "negatives": -2.0,
            "positives": -0.1,
        }
    )
    assert statistics["drops"] == dict(
        sorted(collections.Counter(reason for _, reason in reasons(sets).values()).items())
    )


def test_separate_sets_are_both_kept_whole():
    sets = select(DOCUMENTS, SelectionOptions(0.5, 0.5, separate=True))
    assert [(row.id, row.positive, row.negative) for row in sets.rows] == [
        ("a", "a reference", "sample 1"),
        ("b", None, "sample 0"),
        ("c", "a reference", None),
        ("d", None, "sample 0"),
        ("f", "a reference", None),
    ]
    assert sets.rows[1].positive_score is None
    assert reasons(sets)["b"] == ("positive", "reference_not_among_highest")
    assert reasons(sets)["e"][0] == "both"


def test_a_text_without_a_score_is_never_taken():
    sets = select(DOCUMENTS, SelectionOptions(1.0, 1.0))
    assert [row.id for row in sets.rows] == ["a", "b", "c"]
    assert sets.statistics["before_intersection"] == {"negatives": 4, "positives": 5}


@pytest.mark.parametrize(("number", "size"), [(5, 2), (7, 4)])
def test_half_a_document_is_rounded_to_even(number, size):
    documents = [document(i, 0.0, *scored(-1.0)) for i in range(number)]
    sets = select(documents, SelectionOptions(0.5, 0.5))
    assert sets.statistics["before_intersection"] == {"negatives": size, "positives": size}
    assert [row.id for row in sets.rows] == list(range(size))  # the first of equals


def test_the_best_sample_can_take_the_place_of_the_worst():
    sets = select(DOCUMENTS, SelectionOptions(0.34, 1.0, highest=True))
    assert [(row.id, row.negative_score) for row in sets.rows] == [("a", -1.0), ("c", -0.5)]
    assert reasons(sets)["b"] == ("negative", "sample_not_among_highest")


def test_without_a_ratio_positives_follow_the_negatives():
    documents = [*DOCUMENTS[:2], document("none", None, *scored(-9.0), reference=None)]
    sets = select(documents, SelectionOptions(0.67, None))
    assert [(row.id, row.positive, row.positive_score) for row in sets.rows] == [
        ("b", "a reference", -0.9),
        ("none", None, None),
    ]
    assert sets.statistics["thresholds"] == {"negative": -3.0, "positive": None}


def test_a_blank_text_is_never_taken():
    blank = ScoredText(" \n", -9.0)
    documents = [
        document("a", 0.0, blank, *scored(-1.0)),
        document("b", 0.0, blank),
        document("c", 0.0, *scored(-2.0), reference=ScoredText("", 5.0)),
    ]
    sets = select(documents, SelectionOptions(1.0, 1.0))
    assert [(row.id, row.negative_score) for row in sets.rows] == [("a", -1.0)]
    assert reasons(sets) == {"b": ("negative", "no_sample"), "c": ("positive", "no_reference")}


def test_samples_are_stripped_as_officially():
    (row,) = select([document("a", 0.0, ScoredText(" x\n", 1.0))], SelectionOptions(1.0, 1.0)).rows
    assert row.negative == "x"


def test_first_of_equals_in_a_pool_but_last_of_equal_pools():
    one, two = scored(-1.0, -1.0), scored(-1.0, -1.0, -0.5)
    assert extreme_sample([one]) is one[0]
    assert extreme_sample([one, two]) is two[0]
    assert extreme_sample([one, two], highest=True) is two[2]
    assert extreme_sample([one, scored(None), ()]) is one[0]
    assert extreme_sample([]) is None


def test_ranking_is_stable_and_leaves_out_what_has_no_score():
    assert ranked([0.0, None, -1.0, 0.0, -1.0]) == [2, 4, 0, 3]
    assert ranked([0.0, None, -1.0, 0.0, -1.0], highest=True) == [0, 3, 2, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"negative_ratio": 0.0}, "negative_ratio is 0.0, expected 0 < negative_ratio <= 1"),
        ({"positive_ratio": 1.5}, "positive_ratio is 1.5"),
        ({"negative_ratio": float("nan")}, "negative_ratio is nan"),
        ({"positive_ratio": None, "separate": True}, "separate sets need a positive_ratio"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SelectionOptions(**options)


def test_unusable_documents_are_refused():
    with pytest.raises(ValueError, match="no documents"):
        select([])
    with pytest.raises(ValueError, match="the id '7' occurs 2 times"):
        select([document(7, 0.0), document("7", 0.0)])
    with pytest.raises(ValueError, match="a score of document 'a' is nan"):
        select([document("a", 0.0, *scored(float("nan")))])
    with pytest.raises(ValueError, match="a score of document 'b' is -inf"):
        select_at_random([document("b", float("-inf"))], 1)


def test_rouge_takes_the_samples_that_share_least_with_their_reference():
    texts = {
        "a": ("the cat sat", ["the cat sat", "the cat ran", "a dog sat"]),
        "b": ("the cat sat", ["the cat sat down"]),
        "c": ("the cat sat", ["dogs ran"]),
        "d": ("the cat sat", [" "]),
        "e": ("", ["dogs ran"]),
    }
    documents = [
        ScoredDocument(
            name,
            "d",
            ScoredText(reference, -0.5),
            (tuple(ScoredText(text, -i) for i, text in enumerate(samples)),),
        )
        for name, (reference, samples) in texts.items()
    ]
    sets = select_by_rouge(documents, 2)
    # The scores in the rows are those given, the threshold is ROUGE-L.
    assert sets.rows == (
        ContrastRow("a", "d", "the cat sat", "a dog sat", -0.5, -2),
        ContrastRow("c", "d", "the cat sat", "dogs ran", -0.5, 0),
    )
    assert sets.statistics["thresholds"] == {"negative": pytest.approx(1 / 3), "positive": None}
    assert sets.drops == (
        Drop("b", "both", "sample_not_among_lowest"),
        Drop("d", "both", "no_sample"),
        Drop("e", "both", "no_reference"),
    )


def many(number: int) -> list[ScoredDocument]:
    return [document(f"r{i}", 0.0, *scored(-1.0, None, -2.0)) for i in range(number)]


def test_random_sets_depend_on_seed_and_ids_alone():
    documents = many(60)
    rows = select_at_random(documents, 20, seed=3).rows
    assert len(rows) == 20
    assert set(rows) == set(select_at_random(documents[::-1], 20, seed=3).rows)
    assert set(rows) < set(select_at_random(documents, 40, seed=3).rows)
    assert set(rows) != set(select_at_random(documents, 20, seed=4).rows)
    counts = collections.Counter(row.negative for row in select_at_random(documents, 60).rows)
    assert len(counts) == 3
    assert min(counts.values()) >= 10


def test_random_separate_sets_are_drawn_apart():
    documents = [*many(40), document("x", 0.0), document("y", 0.0, *scored(-1.0), reference=None)]
    sets = select_at_random(documents, 41, 11, seed=1)
    assert sets.statistics["num_negatives"] == 41
    assert sets.statistics["num_positives"] == 11
    drops = reasons(sets)
    assert drops["y"] == ("positive", "no_reference")
    assert drops["x"][1].startswith("no_sample")
    assert {row.id for row in sets.rows} >= {"r0", "y"}
    assert reasons(select_at_random(documents, 0))["x"] == ("both", "no_sample")
    assert reasons(select_at_random(documents, 0))["r0"] == ("both", "not_drawn")
