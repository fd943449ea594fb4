"""The files of a folder with their sizes and SHA-256, so that later damage is found.

write_manifest(folder)          # the last thing that is written into it
damage_of(folder)               # None, or what is wrong with which file
"""

import json
from pathlib import Path

from quals_jax.checkpoints.weight_file import sha256_file

MANIFEST = "sha256.json"


def write_manifest(folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """Lists every file under ``folder`` but those at the names ``without``."""
    files = {
        path.relative_to(folder).as_posix(): [path.stat().st_size, sha256_file(path)]
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() not in (MANIFEST, *without)
    }
    text = json.dumps({"files": files}, indent=1) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def damage_of(folder: Path) -> str | None:
    """The first file that is not as it was written, and how; None where all are.

    A folder without a readable manifest was not written to its end. Files that the manifest does
    not list are not looked at. OSError where a file is there but cannot be read.
    """
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        expected = [(name, int(size), str(sha256)) for name, (size, sha256) in files.items()]
    except FileNotFoundError:
        return f"{MANIFEST} is missing"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{MANIFEST} cannot be read"
    for name, size, sha256 in expected:
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size:,} bytes, written were {size:,}"
        if (found := sha256_file(path)) != sha256:
            return f"{name} has changed (sha256 {found[:12]}..., written was {sha256[:12]}...)"
    return None
