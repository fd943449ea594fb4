"""Compares what a JSON file holds with the type that documents it."""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict


def problems(value: Any, kind: Any, place: str) -> Iterator[str]:
    """What keeps a value of a JSON file from being of `kind`: a line each, with its place.

    `kind` is made of TypedDict, list, dict, tuple (an array of that length), unions, str, int,
    float (which integers are, too) and None.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if origin in (Union, types.UnionType):
        found = [list(problems(value, part, place)) for part in parts]
        if all(found):
            # The one that came furthest: a dictionary is compared with the dictionary type.
            yield from max(found, key=lambda lines: len(lines[0].split(" ", 1)[0]))
    elif is_typeddict(kind):
        yield from _fields(value, kind, place)
    elif origin is list and isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from problems(item, parts[0], f"{place}[{i}]")
    elif origin is tuple and isinstance(value, list | tuple):
        if len(value) != len(parts):
            yield f"{place}: expected {len(parts)} values, got {value!r:.60}"
        for i, (item, part) in enumerate(zip(value, parts, strict=False)):
            yield from problems(item, part, f"{place}[{i}]")
    elif origin is dict and isinstance(value, Mapping):
        for name, item in value.items():
            yield from problems(item, parts[1], f"{place}.{name}")
    elif not _is_a(value, origin or kind):
        name = "null" if kind is type(None) else (origin or kind).__name__
        yield f"{place}: expected {name}, got {value!r:.60}"


def _fields(value: Any, kind: Any, place: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place}: expected an object, got {value!r:.60}"
        return
    hints = get_type_hints(kind)
    for name in hints:
        if name in value:
            yield from problems(value[name], hints[name], f"{place}.{name}")
        elif name in kind.__required_keys__:
            yield f"{place}.{name} is missing"


def _is_a(value: Any, kind: type) -> bool:
    if kind in (float, int):
        numbers = (int, float) if kind is float else (int,)
        return isinstance(value, numbers) and not isinstance(value, bool)
    return isinstance(value, kind)
