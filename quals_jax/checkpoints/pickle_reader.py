"""Reads the pickle inside a PyTorch file without running anything.

Python's unpickler imports and calls whatever a file names. This reader is a small interpreter of
pickle's opcodes that imports nothing: a global becomes a symbol, accepted only if it is one of the
few a fairseq checkpoint needs, and tensors become descriptions (`TensorRef`) to be checked and
read later. Every unknown opcode, global or call is an error. Work and memory are linear in the
pickle's size, which is bounded, so no subprocess with a memory limit is needed around it.

>>> pickle = read_pickle(file, max_bytes=1 << 20)
>>> pickle.root["model"]["encoder.layernorm_embedding.bias"]     # a TensorRef
"""

import dataclasses
import io
import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

from quals_jax.checkpoints.pickle_values import (
    PickleError,
    StorageRef,
    call,
    make_object,
    make_storage,
    make_symbol,
    put_items,
    set_attributes,
)

MAX_PICKLE_BYTES = 64 << 20
MAX_OPCODES = 2_000_000  # a full BART-large checkpoint with optimizer state has about 60,000


@dataclasses.dataclass(frozen=True)
class Pickle:
    """An object and the storages its tensors refer to, by key.

    The object consists of dicts, lists, tuples, strings, numbers, `Namespace` and `TensorRef`.
    """

    root: Any
    storages: dict[str, StorageRef]


def read_pickle(file: BinaryIO, max_bytes: int = MAX_PICKLE_BYTES) -> Pickle:
    """The next pickle in ``file``, which is left just behind it.

    Raises:
        PickleError: damaged, too large, or naming a global that is not allowed.
    """
    machine = _Machine()
    try:
        opcodes = pickletools.genops(_Bounded(file, max_bytes))  # pyrefly: ignore
        for count, (opcode, argument, _) in enumerate(opcodes):
            if count >= MAX_OPCODES:
                raise PickleError(f"the pickle has more than {MAX_OPCODES:,} instructions")
            machine.step(opcode.name, argument)
        return Pickle(machine.result(), machine.storages)
    except PickleError:
        raise
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        # The tokenizer's complaints, and pops from an empty stack.
        raise PickleError(f"the pickle is damaged ({error})") from error


class _Bounded:
    """The file interface the opcode tokenizer needs, limited to ``limit`` bytes in all."""

    def __init__(self, file: BinaryIO, limit: int):
        start = file.tell()
        # A read allocates what it is asked for, so no more is asked for than the file has.
        self._left = min(limit, file.seek(0, io.SEEK_END) - start)
        file.seek(start)
        self._file = file
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        return self._count(self._file.read(min(size, self._left + 1)))

    def readline(self) -> bytes:
        return self._count(self._file.readline(self._left + 1))

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise PickleError("the pickle is larger than allowed, or not a pickle")
        return data


class _Machine:
    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._stopped = False
        self.storages: dict[str, StorageRef] = {}

    def result(self) -> Any:
        if not self._stopped or len(self._stack) != 1 or self._marks:
            raise PickleError("the pickle ends in the middle of an object")
        return self._stack[0]

    def step(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self._stack.append(argument)
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._top()
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._top()
        elif name in ("BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif name == "MARK":
            self._marks.append(len(self._stack))
        elif name in _TUPLES:
            self._stack.append(tuple(self._take(_TUPLES[name])))
        elif name == "TUPLE":
            self._stack.append(tuple(self._take_to_mark()))
        elif name == "GLOBAL":
            self._stack.append(make_symbol(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            self._stack.append(make_symbol(*self._take(2)))
        elif name in _ACTIONS:
            _ACTIONS[name](self)
        elif name not in ("PROTO", "FRAME"):
            raise PickleError(f"the pickle uses {name}, which no checkpoint needs")

    def append(self) -> None:
        self._extend(self._take(1))

    def appends(self) -> None:
        self._extend(self._take_to_mark())

    def set_item(self) -> None:
        items = self._take(2)
        put_items(self._top(), items)

    def set_items(self) -> None:
        items = self._take_to_mark()
        put_items(self._top(), items)

    def persistent_id(self) -> None:
        storage = make_storage(*self._take(1))
        if self.storages.setdefault(storage.key, storage) != storage:
            raise PickleError(f"storage {storage.key} is declared in two ways")
        self._stack.append(storage)

    def call(self) -> None:
        self._stack.append(call(*self._take(2)))

    def new_object(self) -> None:
        self._stack.append(make_object(*self._take(2)))

    def build(self) -> None:
        (attributes,) = self._take(1)
        set_attributes(self._top(), attributes)

    def stop(self) -> None:
        self._stopped = True

    def _top(self) -> Any:
        return self._stack[-1]

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self._top(), list):
            raise PickleError(f"the pickle appends to a {type(self._top()).__name__}")
        self._top().extend(items)

    def _take(self, count: int) -> list[Any]:
        if len(self._stack) - (self._marks[-1] if self._marks else 0) < count:
            raise PickleError("the pickle takes more values than it has")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _take_to_mark(self) -> list[Any]:
        if not self._marks:
            raise PickleError("the pickle closes a group it did not open")
        start = self._marks.pop()
        taken = self._stack[start:]
        del self._stack[start:]
        return taken


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE"),
    *("BINSTRING", "SHORT_BINSTRING"),  # the str of Python 2
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ACTIONS: dict[str, Callable[[_Machine], None]] = {
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "BINPERSID": _Machine.persistent_id,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.new_object,
    "BUILD": _Machine.build,
    "STOP": _Machine.stop,
}
