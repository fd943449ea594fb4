import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AbstractMesh, PartitionSpec

from quals_jax.models.bart import param_shapes
from quals_jax.models.config import BartConfig
from quals_jax.parallel.rules import Layout, split_largest_axis
from train.optim import OptimConfig, make_optimizer
from train.step import TrainState


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((16, 24), (None, "data")),
        ((24, 16), ("data", None)),
        ((16, 25), ("data", None)),  # 8 devices do not divide the largest axis
        ((16, 16), ("data", None)),
        ((7, 9), ()),
        ((), ()),
    ],
)
def test_the_largest_axis_that_the_devices_divide_is_split(shape, expected):
    assert split_largest_axis(shape, 8) == PartitionSpec(*expected)


def layout(rules):
    return Layout(AbstractMesh((8,), ("data",)), rules)


def test_fully_sharded_bart_large_keeps_an_eighth_per_device():
    found = layout("fully_sharded").describe(param_shapes(BartConfig.large()))
    assert found["parameter_bytes"] == 4 * 406_290_432
    assert found["parameter_bytes_per_device"] < 0.127 * found["parameter_bytes"]
    # Vectors only: the longest ones are the biases of the feed-forward layers.
    assert all(name.endswith("fc1/bias") for name in found["largest_copied_parameters"])


def test_what_the_devices_do_not_divide_is_named():
    shapes = param_shapes(BartConfig.tiny(vocab_size=1401))
    found = Layout(AbstractMesh((7,), ("data",)), "fully_sharded").describe(shapes)
    assert found["largest_copied_parameters"][0] == "shared/embedding"


def test_moments_live_where_their_parameter_does():
    params = param_shapes(BartConfig.tiny())
    optimizer, _ = make_optimizer(OptimConfig(), num_steps=9)
    state = jax.eval_shape(
        lambda p: TrainState(p, optimizer.init(p), *jnp.zeros((3,), jnp.int32)), params
    )
    found = layout("fully_sharded").shardings(state)
    expected = layout("fully_sharded").shardings(params)
    adam = found.opt_state[1]
    assert found.params == adam.mu == adam.nu == expected
    assert expected["encoder"]["layers_0"]["fc1"]["kernel"].spec == PartitionSpec("data", None)
    assert adam.count.spec == found.step.spec == PartitionSpec()


def test_data_parallel_copies_everything():
    shardings = layout("data_parallel").shardings(param_shapes(BartConfig.tiny()))
    assert {s.spec for s in jax.tree.leaves(shardings)} == {PartitionSpec()}
