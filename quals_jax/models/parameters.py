"""Parameters of a model apart from the model: their tree, and random values to begin with."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

Params = dict[str, Any]


def abstract(build: Callable[[], nnx.Module]) -> tuple[nnx.GraphDef, Params]:
    """A module's structure and its parameter tree of shapes; nothing is allocated."""
    graphdef, state = nnx.split(nnx.eval_shape(build), nnx.Param)
    return graphdef, nnx.to_pure_dict(state)


def draw_params(shapes: Params, std: float, seed: int) -> Params:
    """Random parameters: normal(0, std) matrices, zero biases, unit norms.

    Drawn on the host by NumPy in the order of the parameter paths, so the same seed gives the
    same model on every platform and device count.
    """
    rng = np.random.default_rng(seed)

    def draw(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> Array:
        kind = path[-1].key
        if kind == "bias":
            return jnp.zeros(leaf.shape, leaf.dtype)
        if kind == "scale":
            return jnp.ones(leaf.shape, leaf.dtype)
        # Kernels were once [d_in, d_out]: drawn so, a seed still gives the model that it gave.
        shape = leaf.shape[::-1] if kind == "kernel" else leaf.shape
        values = rng.standard_normal(shape, dtype=np.float32)
        values = values.T if kind == "kernel" else values
        return jnp.asarray(values * np.float32(std))

    return jax.tree_util.tree_map_with_path(draw, shapes)
