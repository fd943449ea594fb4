"""Files of a data set that is many small files, in a folder or in tar archives.

    for stem, raw in story_files("cnn-dailymail", {".story"}, wanted={"0001d1af...", ...}):
        ...

Archives are read from front to back and nothing is unpacked onto the disk.
"""

import lzma
import os
import tarfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


def story_files(
    place: str | Path, suffixes: Collection[str], wanted: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    """(name without suffix, content) of the wanted files below a folder, or in one archive.

    Archives at the top of the folder are looked into after its files. A name that occurs again is
    skipped. The order is that of sorted paths, in archives their own.
    Raises ValueError that names a damaged archive.
    """
    place = check_place(place)
    left = set(wanted)
    for path in [place] if place.is_file() else _files(place, suffixes):
        if path.suffix in suffixes and path.stem in left:
            left.discard(path.stem)
            yield path.stem, path.read_bytes()
    for archive in archives(place):
        if left:
            for stem, raw in _members(archive, suffixes, left):
                left.discard(stem)
                yield stem, raw


def check_place(place: str | Path) -> Path:
    """The path of an existing folder or file; FileNotFoundError otherwise."""
    if not Path(place).exists():
        raise FileNotFoundError(f"{place}: no such folder or file")
    return Path(place)


def archives(place: Path) -> list[Path]:
    """The archive itself, or the archives at the top of a folder."""
    paths = [place] if place.is_file() else sorted(place.iterdir())
    return [path for path in paths if path.name.endswith(_ARCHIVES) and path.is_file()]


def find_file(place: Path, name: str) -> Path | None:
    """The file of that name in a folder or below it, or beside an archive; None without one."""
    paths = place.parent.iterdir() if place.is_file() else _files(place, {Path(name).suffix})
    return next((path for path in paths if path.name == name), None)


def _files(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix in suffixes:
                yield path


def _members(
    archive: Path, suffixes: Collection[str], left: set[str]
) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                if member.isfile() and name.suffix in suffixes and name.stem in left:
                    content = tar.extractfile(member)
                    assert content is not None
                    yield name.stem, content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{archive} is damaged or no archive: {error}; copy it again") from error
