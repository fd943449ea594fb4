"""Writes a whole folder at once: it appears complete or not at all.

>>> with new_folder(Path("models/qagen"), owned=is_model_folder) as temporary:
...     (temporary / "config.json").write_text("{}")
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def new_folder(folder: Path, *, owned: Callable[[Path], str]) -> Iterator[Path]:
    """A temporary folder beside ``folder`` that takes its place when the block ends without error.

    An existing folder is replaced only if it is empty or ``owned(folder)`` is empty; what ``owned``
    returns is the reason why not.

    Raises:
        FileExistsError: ``folder`` is a file, or a folder that is not ours to replace.
    """
    folder = Path(os.path.abspath(folder))
    _check_replaceable(folder, owned)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(folder, "partial")
    temporary.mkdir()
    try:
        yield temporary
        _flush(temporary)
        _check_replaceable(folder, owned)
        _swap(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _check_replaceable(folder: Path, owned: Callable[[Path], str]) -> None:
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FileExistsError(f"{folder} exists and is not a folder; choose another output")
    if any(folder.iterdir()) and (reason := owned(folder)):
        raise FileExistsError(
            f"{folder} exists and is not replaced: {reason}; choose another output or remove it"
        )


def _swap(temporary: Path, folder: Path) -> None:
    if folder.exists():
        old = _beside(folder, "old")
        folder.rename(old)
        try:
            temporary.rename(folder)
        except BaseException:
            old.rename(folder)
            raise
        shutil.rmtree(old)
    else:
        temporary.rename(folder)
    _flush_directory(folder.parent)


def _flush(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _flush_directory(folder)


def _flush_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}-{secrets.token_hex(4)}")
