"""One mesh over all devices of all processes; batches are split along their first axis."""

from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from quals_jax.parallel.heartbeats import progress

DATA_AXIS = "data"


def data_mesh(num_devices: int | None = None) -> Mesh:
    """A mesh of one axis, ``data``, over the first ``num_devices`` devices (default: all)."""
    devices = jax.devices()[:num_devices]
    # Explicit axes, the default, would need an out_sharding at every embedding lookup.
    return jax.make_mesh(
        (len(devices),), (DATA_AXIS,), axis_types=(AxisType.Auto,), devices=devices
    )


def replicated(mesh: Mesh) -> NamedSharding:
    """A copy on every device."""
    return NamedSharding(mesh, PartitionSpec())


def by_rows(mesh: Mesh) -> NamedSharding:
    """Split along the first axis."""
    return NamedSharding(mesh, PartitionSpec(DATA_AXIS))


def rows_to_devices(tree: Any, mesh: Mesh) -> Any:
    """Global arrays from the rows that this process holds, split over the devices."""
    sharding = by_rows(mesh)
    progress()

    def place(local: np.ndarray) -> jax.Array:
        return jax.make_array_from_process_local_data(sharding, local)

    with jax.transfer_guard_host_to_device("allow"):  # not a hidden copy: it is asked for
        return jax.tree.map(place, tree)
