"""What a job's output depends on, as flat text fields that can be compared one by one."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

Fingerprint = Mapping[str, object]
_MODEL_FILES = (".json", ".safetensors", ".txt", ".model")  # no model card, no plots
_SHOWN = 60  # characters of a value in a message


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file, hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256s(folder: str | Path) -> dict[str, str]:
    """SHA-256 of every file of a model folder that can change a result, by file name.

    A folder that holds no such file but model folders gives theirs: ``questions/config.json``.
    """
    folder = Path(folder)
    files = [path for path in folder.iterdir() if path.suffix in _MODEL_FILES]
    if not files:
        files = [path for path in folder.glob("*/*") if path.suffix in _MODEL_FILES]
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(files)}


def flat_fields(**parts: object) -> dict[str, object]:
    """Nested options as one level: ``flat_fields(a={"b": 60})`` → ``{"a.b": 60}``."""
    return dict(_flatten("", parts))


def _flatten(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flatten(f"{prefix}.{key}" if prefix else str(key), value[key])
    else:
        yield prefix, value


def differences(there: Fingerprint, now: Fingerprint) -> list[str]:
    """One line per field that differs, sorted; empty when they are the same.

    Null is the same as no such field: versions before a field existed did not have it.
    """
    lines = []
    for key in sorted(there.keys() | now.keys()):
        before, after = _shown(there, key), _shown(now, key)
        if before != after:
            lines.append(f"{key}: {before:.{_SHOWN}} there, {after:.{_SHOWN}} now")
    return lines


def _shown(fields: Fingerprint, key: str) -> str:
    value = fields.get(key)
    return "nothing" if value is None else json.dumps(value, sort_keys=True)
