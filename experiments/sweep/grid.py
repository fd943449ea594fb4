"""Grids of settings: pure functions over lists of override dictionaries.

>>> product(over("seed", 1, 2), over("conseq.conseq.negative_weight", 0.1, 0.2))[1]
{'seed': 1, 'conseq.conseq.negative_weight': 0.2}

A name is a path through dataclasses; an item of a tuple is found by its ``name``, as in
``rules.quals.options.negative_ratio``.
"""

import dataclasses
import difflib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Overrides = Mapping[str, Any]
Grid = tuple[Overrides, ...]
Config = TypeVar("Config")


def over(name: str, *values: Any) -> Grid:
    """One point per value of one setting."""
    return tuple({name: value} for value in values)


def product(*grids: Grid) -> Grid:
    """Every combination, the last grid fastest. ValueError where two grids set the same name."""
    return tuple(_merged(points) for points in itertools.product(*grids))


def zipped(*grids: Grid) -> Grid:
    """The first points of all grids together, then the second ones, and so on.

    ValueError for grids of different length or with the same name.
    """
    if len({len(grid) for grid in grids}) > 1:
        raise ValueError(
            f"grids of {', '.join(str(len(g)) for g in grids)} points cannot be zipped"
        )
    return tuple(_merged(points) for points in zip(*grids, strict=True))


def chain(*grids: Grid) -> Grid:
    """The points of one grid after those of the other."""
    return tuple(itertools.chain.from_iterable(grids))


def _merged(points: Sequence[Overrides]) -> Overrides:
    merged: dict[str, Any] = {}
    for point in points:
        if doubled := merged.keys() & point.keys():
            raise ValueError(f"two grids set {', '.join(sorted(doubled))}")
        merged |= point
    return merged


def applied(config: Config, overrides: Overrides) -> Config:
    """The configuration with the overrides; ValueError with the nearest name for an unknown one."""
    for name, value in overrides.items():
        config = _with(config, name.split("."), value, name)
    return config


def _with(config: Any, path: Sequence[str], value: Any, name: str) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(config, tuple):
        names = [getattr(item, "name", "") for item in config]
        _check(first, names, name)
        return tuple(
            _with(item, rest, value, name) if item_name == first else item
            for item, item_name in zip(config, names, strict=True)
        )
    names = [f.name for f in dataclasses.fields(config)] if dataclasses.is_dataclass(config) else []
    _check(first, names, name)
    return dataclasses.replace(config, **{first: _with(getattr(config, first), rest, value, name)})


def _check(part: str, names: Sequence[str], name: str) -> None:
    if part not in names:
        near = difflib.get_close_matches(part, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f" (there: {', '.join(names) or 'none'})"
        raise ValueError(f"override {name!r}: there is no {part!r}{hint}")
