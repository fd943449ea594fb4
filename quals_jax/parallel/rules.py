"""Where the arrays of a training run live: one table from the path of an array to its sharding.

>>> layout = Layout(data_mesh(), "fully_sharded")
>>> params = layout.place(init_params(config, seed=0))
>>> grads = layout.constrain(grads)                       # inside jit: each where its parameter is
>>> loss = layout.with_whole_params(loss)                 # loss(params) sees no difference

The table holds for every tree that contains parameters by name: gradients, moments, a whole
training state. Scalars are copied to all devices.
"""

import dataclasses
import functools
import math
import re
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import jax
import numpy as np
from jax.ad_checkpoint import checkpoint_name
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from quals_jax.parallel.mesh import DATA_AXIS, replicated

Tree = TypeVar("Tree")
Result = TypeVar("Result")
Rule = Callable[[tuple[int, ...], int], PartitionSpec]  # of (shape, number of devices)
RulesName = Literal["data_parallel", "fully_sharded"]


def copied(shape: tuple[int, ...], num_devices: int) -> PartitionSpec:
    """A copy on every device."""
    return PartitionSpec()


def split_largest_axis(shape: tuple[int, ...], num_devices: int) -> PartitionSpec:
    """Split along the largest axis that the devices divide; copied where there is none."""
    fitting = [axis for axis, size in enumerate(shape) if size % num_devices == 0 and size]
    if not fitting:
        return PartitionSpec()
    largest = max(fitting, key=lambda axis: shape[axis])
    return PartitionSpec(*(DATA_AXIS if axis == largest else None for axis in range(len(shape))))


# The first pattern found in the path ("opt_state/1/mu/encoder/layers_0/fc1/kernel") decides.
RULES: dict[RulesName, tuple[tuple[str, Rule], ...]] = {
    "data_parallel": ((r"", copied),),
    "fully_sharded": (
        # Vectors are 0.1 % of BART-large; gathering hundreds of them would cost more than it saves.
        (r"(bias|scale)$", copied),
        (r"", split_largest_axis),
    ),
}


@dataclasses.dataclass(frozen=True)
class Layout:
    """A mesh and the rules by which arrays are laid out on it."""

    mesh: Mesh
    rules: RulesName = "data_parallel"

    def shardings(self, tree: Any) -> Any:
        """The sharding of every leaf; leaves need a shape only."""

        def of(path: tuple[Any, ...], leaf: Any) -> NamedSharding:
            rule = next(r for pattern, r in RULES[self.rules] if re.search(pattern, _name(path)))
            return NamedSharding(self.mesh, rule(leaf.shape, self.mesh.size))

        return jax.tree_util.tree_map_with_path(of, tree)

    def abstract(self, tree: Any) -> Any:
        """Shapes, types and shardings of a tree; nothing is allocated."""
        return jax.tree.map(
            lambda leaf, s: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=s),
            tree,
            self.shardings(tree),
        )

    def place(self, tree: Any) -> Any:
        """Global arrays from arrays that every process holds in whole."""

        def put(leaf: Any, sharding: NamedSharding) -> jax.Array:
            host = np.asarray(leaf)
            return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

        with jax.transfer_guard_host_to_device("allow"):  # not a hidden copy: it is asked for
            return jax.tree.map(put, tree, self.shardings(tree))

    def constrain(self, tree: Tree) -> Tree:
        """The same values inside ``jit``, laid out by the rules."""
        return jax.lax.with_sharding_constraint(tree, self.shardings(tree))

    def with_whole_params(self, function: Callable[[Any], Result]) -> Callable[[Any], Result]:
        """``function(params)`` as a function of split parameters, to be differentiated in ``jit``.

        Split parameters are gathered where they are used, and again in the backward pass instead of
        being kept until then; their gradients are summed over the devices and split. Without
        this the compiler would split activations after the pattern of the weights.
        """
        if all(rule is copied for _, rule in RULES[self.rules]):
            return function

        def gathered(params: Any) -> Result:
            return function(jax.tree.map(_gather, params, self.shardings(params)))

        policy = jax.checkpoint_policies.save_anything_except_these_names(_GATHERED)
        return jax.checkpoint(gathered, policy=policy)  # pyrefly: ignore

    def describe(self, params: Any) -> dict[str, Any]:
        """Bytes of the parameters, of those that one device holds, and what was not split."""
        total = held = 0
        copied_sizes = {}
        paths = jax.tree_util.tree_leaves_with_path(params)
        for (path, leaf), s in zip(paths, jax.tree.leaves(self.shardings(params)), strict=True):
            size = math.prod(leaf.shape) * leaf.dtype.itemsize
            total += size
            held += size if s.is_fully_replicated else size // self.mesh.size
            if s.is_fully_replicated:
                copied_sizes[_name(path)] = size
        return {
            "sharding": self.rules,
            "num_devices": self.mesh.size,
            "parameter_bytes": total,
            "parameter_bytes_per_device": held,
            "num_copied_parameters": len(copied_sizes),
            "largest_copied_parameters": sorted(copied_sizes, key=lambda n: -copied_sizes[n])[:5],
        }


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


_GATHERED = "gathered parameter"


def _gather(x: jax.Array, sharding: NamedSharding) -> jax.Array:
    if sharding.is_fully_replicated:
        return x
    return checkpoint_name(_whole(x, sharding), _GATHERED)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _whole(x: jax.Array, sharding: NamedSharding) -> jax.Array:
    return jax.lax.with_sharding_constraint(x, replicated(sharding.mesh))  # pyrefly: ignore


def _whole_fwd(x: jax.Array, sharding: NamedSharding) -> tuple[jax.Array, None]:
    return _whole(x, sharding), None


def _whole_bwd(sharding: NamedSharding, _: None, grad: jax.Array) -> tuple[jax.Array]:
    # Summed in whole first: the gradient of an embedding scattered into a split table would have
    # the activations of all devices gathered on each. A sum and a split become a reduce-scatter.
    grad = jax.lax.with_sharding_constraint(grad, replicated(sharding.mesh))  # pyrefly: ignore
    return (jax.lax.with_sharding_constraint(grad, sharding),)


_whole.defvjp(_whole_fwd, _whole_bwd)
