"""The main result over fresh seeds, as `python -m experiments.sweep table world_seeds` wrote it.

The table is a recording: the runs take minutes each. Made again after a change of the recipe.
"""

import json
from pathlib import Path

import pytest

from experiments.sweeps import world_seeds

TABLE = Path(world_seeds.__file__).with_name("world_seeds.json")


@pytest.fixture(scope="module")
def means():
    """{(system, decoder): {metric: mean over seeds}} of the recorded table."""
    rows = json.loads(TABLE.read_text("utf-8"))
    return {
        (row["system"], row["decoder"]): {
            name: figure["mean"] for name, figure in row["metrics"].items()
        }
        for row in rows
    }


def test_the_table_is_that_of_the_sweep():
    rows = json.loads(TABLE.read_text("utf-8"))
    pipeline = world_seeds.SWEEP.base
    assert {row["system"] for row in rows} == {system.label for system in pipeline.systems}
    assert {row["decoder"] for row in rows} == set(world_seeds.DECODERS)
    seeds = sorted(overrides["seed"] for overrides in world_seeds.SEEDS)
    assert len(seeds) >= 3
    assert all(row["seeds"] == seeds for row in rows)


def test_conseq_with_quals_beats_maximum_likelihood_and_other_ways_to_choose(means):
    factual = {
        system: row["factual"] for (system, decoder), row in means.items() if decoder == "beam4"
    }
    main = factual["ConSeq-QUALS"]
    assert main - factual["MLE"] >= 0.15
    assert main - factual["ConSeq, random sets"] >= 0.10
    assert main - factual["ConSeq-ROUGE"] >= 0.10


def test_it_does_not_break_sentences(means):
    assert means["ConSeq-QUALS", "beam4"]["parsed"] >= 0.95
