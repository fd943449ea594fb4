"""Grids of overrides are plain products; overrides reach into nested and named parts."""

import dataclasses
import importlib
import pkgutil

import pytest

from experiments import sweeps, world
from experiments.pipeline.config import Pipeline
from experiments.sweep.grid import applied, chain, over, product, zipped
from experiments.sweep.ledger import described, key_of


def test_product_zip_and_chain():
    a, b = over("a", 1, 2), over("b", 3, 4)
    assert product(a, b) == tuple({"a": x, "b": y} for x in (1, 2) for y in (3, 4))
    assert zipped(a, b) == ({"a": 1, "b": 3}, {"a": 2, "b": 4})
    assert chain(a, b) == ({"a": 1}, {"a": 2}, {"b": 3}, {"b": 4})
    with pytest.raises(ValueError, match="two grids set a"):
        product(a, over("a", 5, 6))
    with pytest.raises(ValueError, match="2, 3 points"):
        zipped(a, over("b", 1, 2, 3))


def test_overrides_reach_nested_fields_and_named_items():
    changed = applied(
        world.PIPELINE,
        {
            "conseq.optim.learning_rate": 1.0,
            "systems.quals.negative_weight": 0.5,
            "rules.quals.options.negative_ratio": 0.7,
        },
    )
    assert changed.conseq.optim.learning_rate == 1.0
    assert [s.negative_weight for s in changed.systems if s.name == "quals"] == [0.5]
    assert [s for s in changed.systems if s.name != "quals"] == [
        s for s in world.PIPELINE.systems if s.name != "quals"
    ]
    assert changed.rules[0].options.negative_ratio == 0.7
    assert world.PIPELINE.rules[0].options.negative_ratio != 0.7


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("conseq.optim.learning_rat", "did you mean 'learning_rate'"),
        ("systems.qual.negative_weight", "did you mean 'quals'"),
        ("seed.deeper", "there is no 'deeper'"),
    ],
)
def test_an_unknown_override_is_named_with_the_nearest(name, hint):
    with pytest.raises(ValueError, match=hint):
        applied(world.PIPELINE, {name: 1})


def test_the_key_of_a_run_is_that_of_its_resolved_configuration():
    same = applied(world.PIPELINE, {"seed": world.PIPELINE.seed})
    assert key_of(same) == key_of(world.PIPELINE)
    keys = {key_of(applied(world.PIPELINE, point)) for point in over("seed", 1, 2, 3)}
    assert len(keys) == 3
    # The kind of a part counts, not only its fields.
    assert described(world.PIPELINE)["conseq"]["data"]["type"] == "ContrastData"


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(sweeps.__path__)])
def test_every_sweep_has_different_runs_of_at_least_three_seeds(name):
    sweep = importlib.import_module(f"experiments.sweeps.{name}").SWEEP
    configs = [applied(sweep.base, point) for point in sweep.grid]
    assert all(isinstance(config, Pipeline) for config in configs)
    assert len({key_of(config) for config in configs}) == len(configs)
    assert len({config.seed for config in configs}) >= 3
    assert min(config.seed for config in configs) > 100
    without_seed = {key_of(dataclasses.replace(config, seed=0)) for config in configs}
    assert len(configs) == len(without_seed) * len({config.seed for config in configs})
    decoders = {decoder.name for decoder in sweep.base.decoders}
    assert set(sweep.decoders) <= decoders
