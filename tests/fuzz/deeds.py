"""Notices what a reader has no business to do: run code, start programs, use the network."""

import contextlib

# Loaded by the readers when they first need it, which is no deed of the file.
import encodings.cp437
import encodings.raw_unicode_escape
import encodings.utf_8_sig  # noqa: F401
import sys
import threading
from collections.abc import Iterator

import ml_dtypes  # noqa: F401
import pyarrow.parquet  # noqa: F401
import safetensors.numpy  # noqa: F401

_FORBIDDEN = (
    *("exec", "compile", "import", "pickle.find_class", "marshal.loads"),
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.mkdir"),
    *("subprocess.Popen", "socket.__new__", "socket.connect", "socket.getaddrinfo"),
    "ctypes.dlopen",
)


class Forbidden(BaseException):
    """No Exception, so that no reader can take it for a damaged file."""


class _Watch:
    path: str | None = None
    thread = 0
    installed = False

    def hook(self, event: str, arguments: tuple) -> None:
        if self.path is None or threading.get_ident() != self.thread:
            return
        if event in _FORBIDDEN:
            raise Forbidden(event, arguments)
        if event == "open" and str(arguments[0]) != self.path:
            raise Forbidden(event, arguments)


_watch = _Watch()


@contextlib.contextmanager
def only_reading(path: object) -> Iterator[None]:
    """Raises `Forbidden` where the block does more than open ``path`` and compute."""
    if not _watch.installed:
        sys.addaudithook(_watch.hook)  # for the rest of the process: hooks cannot be removed
        _watch.installed = True
    _watch.path, _watch.thread = str(path), threading.get_ident()
    try:
        yield
    finally:
        _watch.path = None
