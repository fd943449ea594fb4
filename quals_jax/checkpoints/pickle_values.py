"""What the pickle of a PyTorch file may name, and what it becomes: symbols and descriptions.

A global is only ever a `Symbol`; the few calls that checkpoints contain are carried out here on
plain data.
"""

import dataclasses
from typing import Any

# Storage class -> NumPy type name.
STORAGE_DTYPES = {
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class PickleError(ValueError):
    """The pickle is damaged or asks for something a checkpoint does not need."""


@dataclasses.dataclass(frozen=True)
class Symbol:
    """A global the file names; never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


_ORDERED_DICT = Symbol("collections", "OrderedDict")
NAMESPACE = Symbol("argparse", "Namespace")
_REBUILD_TENSOR = Symbol("torch._utils", "_rebuild_tensor")
_REBUILD_TENSOR_V2 = Symbol("torch._utils", "_rebuild_tensor_v2")
_REBUILD_PARAMETER = Symbol("torch._utils", "_rebuild_parameter")
_STORAGES = [Symbol("torch", name) for name in STORAGE_DTYPES]
_ALLOWED = {
    str(symbol): symbol
    for symbol in (
        *(_ORDERED_DICT, NAMESPACE, *_STORAGES),
        *(_REBUILD_TENSOR, _REBUILD_TENSOR_V2, _REBUILD_PARAMETER),
    )
}


@dataclasses.dataclass(frozen=True)
class StorageRef:
    """A block of ``numel`` elements stored under ``key``."""

    key: str
    dtype: str
    numel: int


@dataclasses.dataclass(frozen=True)
class TensorRef:
    """A view of a storage, in elements; unchecked."""

    storage: StorageRef
    offset: Any
    shape: Any
    strides: Any


@dataclasses.dataclass
class Namespace:
    """An ``argparse.Namespace``; ``attributes`` is what the file gave, usually a dict."""

    attributes: Any = None


# Below, no value is compared, hashed or printed before its type is known (a tuple nested a million
# deep would exhaust the C stack), and none is copied (a short pickle could ask for it often).


def make_symbol(module: Any, name: Any) -> Symbol:
    """The allowed global of that name; PickleError names any other."""
    if not isinstance(module, str) or not isinstance(name, str):
        raise PickleError("the pickle refers to a global whose name is not text")
    symbol = _ALLOWED.get(f"{module}.{name}")
    if symbol is None or symbol != Symbol(module, name):
        raise PickleError(
            f"the pickle refers to {module[:200]}.{name[:200]}; only plain containers, "
            "argparse.Namespace and tensors are read. The file is refused; nothing in it was run"
        )
    return symbol


def make_storage(identity: Any) -> StorageRef:
    """The storage of a persistent id ``("storage", class, key, device, numel[, view])``."""
    if not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage":
        raise PickleError("the pickle refers to something outside it that is not a storage")
    _, cls, key, _, numel, *view = identity
    if not isinstance(cls, Symbol) or cls not in _STORAGES:
        raise PickleError("the pickle has a storage without a type")
    if not isinstance(key, str) or type(numel) is not int or numel < 0:
        raise PickleError("the pickle has a storage without a name or with an impossible size")
    if view and view[0] is not None:
        raise PickleError(f"storage {key} is a view of another storage; save it again unshared")
    return StorageRef(key, STORAGE_DTYPES[cls.name], numel)


def make_object(cls: Any, arguments: Any) -> Namespace:
    """The only object checkpoints create: an empty Namespace."""
    if not isinstance(cls, Symbol) or cls != NAMESPACE or arguments != ():
        raise PickleError("the pickle creates an object that is not an argparse.Namespace")
    return Namespace()


def call(function: Any, arguments: Any) -> Any:
    """The result of an allowed call: an empty dict or a `TensorRef`."""
    if not isinstance(function, Symbol) or not isinstance(arguments, tuple):
        raise PickleError("the pickle calls something that is not a function")
    count = len(arguments)
    if function == _ORDERED_DICT and count == 0:
        return {}
    if (function == _REBUILD_TENSOR and count == 4) or (
        function == _REBUILD_TENSOR_V2 and count in (6, 7)
    ):
        if not isinstance(arguments[0], StorageRef):
            raise PickleError("the pickle has a tensor without a storage")
        return TensorRef(*arguments[:4])
    if function == _REBUILD_PARAMETER and count == 3 and isinstance(arguments[0], TensorRef):
        return arguments[0]
    raise PickleError(f"the pickle calls {function} in an unknown way")


def put_items(target: Any, items: list[Any]) -> None:
    """Puts ``[key, value, key, value, ...]`` into a dict."""
    if not isinstance(target, dict) or len(items) % 2:
        raise PickleError("the pickle fills a dict with something other than pairs")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | int):
            raise PickleError(f"the pickle has a dict key of type {type(key).__name__}")
        target[key] = value


def set_attributes(target: Any, attributes: Any) -> None:
    """Gives a Namespace its attributes."""
    if isinstance(target, Namespace):
        target.attributes = attributes
    elif not isinstance(target, dict):
        raise PickleError(f"the pickle sets attributes of a {type(target).__name__}")
    # A dict is an OrderedDict here; its attribute is PyTorch's `_metadata`, which we do not need.
