"""The work folder of a row job: finished shards and the manifest that vouches for them.

    OUTPUT.work/job.json              what the job depends on (fingerprint)
    OUTPUT.work/shard-000000.jsonl    output rows of input rows 0 .. K-1
    OUTPUT.work/manifest.jsonl        one line per finished shard: rows, errors, sha256
    OUTPUT.work/lock                  who works on it

On many hosts process 0 holds the lock, and the others note their shards in manifest-1.jsonl,
manifest-2.jsonl, …: any number of processes continues what any number began.

A shard counts once its manifest line is complete. Whatever a crash leaves behind besides (a shard
without a line, half a line, a file that does not have its sha256) is thrown away and done again.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from quals_jax.data.writers import Row, WriteError, atomic_file, encode_row, sync_folder

FIRST = "manifest.jsonl"


@dataclass(frozen=True)
class Shard:
    """One manifest line; `errors` of the `rows` are error rows."""

    shard: int
    rows: int
    errors: int
    sha256: str


class ShardStore:
    """Finished shards in a work folder; `shards` maps their number to their manifest line."""

    def __init__(self, folder: Path, process: int = 0):
        self.folder, self._process = folder, process
        self.shards: dict[int, Shard] = {}
        self.discarded = 0
        """Shards and manifest lines found damaged and thrown away by `load`."""

    @property
    def _manifest(self) -> Path:
        """Of this process."""
        return self.folder / (f"manifest-{self._process}.jsonl" if self._process else FIRST)

    def path(self, number: int) -> Path:
        """Where shard `number` lies."""
        return self.folder / f"shard-{number:06d}.jsonl"

    def load(self) -> None:
        """Reads all manifests, keeps what is whole, and removes the rest from the folder.

        No other process may be at work; process 0 alone calls it.
        """
        first, *others = manifests = [self.folder / FIRST, *self._manifests_of_others()]
        found = [path.read_bytes() for path in manifests if path.exists()]
        lines = [*dict.fromkeys(line for text in found for line in text.splitlines(keepends=True))]
        good = [shard for line in lines if (shard := _parse(line)) and self._is_whole(shard)]
        self.shards = {shard.shard: shard for shard in sorted(good, key=lambda shard: shard.shard)}
        kept = {self.path(number).name for number in self.shards}
        strays = [path for path in self.folder.glob("shard-*") if path.name not in kept]
        if others or len(self.shards) < len(lines):
            with atomic_file(first) as file:
                file.writelines(_line(shard) for shard in self.shards.values())
        for path in others + strays:
            path.unlink()
        lost = {path.name for path in strays if path.suffix == ".jsonl"}
        self.discarded = max(len(lines) - len(self.shards), len(lost))

    def _manifests_of_others(self) -> list[Path]:
        return sorted(self.folder.glob("manifest-*.jsonl"))

    def _is_whole(self, shard: Shard) -> bool:
        path = self.path(shard.shard)
        return path.exists() and sha256(path.read_bytes()).hexdigest() == shard.sha256

    def add(self, number: int, rows: Iterable[Row]) -> bytes:
        """Writes a shard, then its manifest line, each flushed to disk. Returns the bytes."""
        rows = list(rows)
        content = b"".join(encode_row(row) for row in rows)
        errors = sum(row.get("status") == "error" for row in rows)
        with atomic_file(self.path(number)) as file:
            file.write(content)
        shard = Shard(number, len(rows), errors, sha256(content).hexdigest())
        self._append(_line(shard))
        self.shards[number] = shard
        return content

    def _append(self, line: bytes) -> None:
        before = self._manifest.stat().st_size if self._manifest.exists() else None
        try:
            with self._manifest.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if before is None:
                sync_folder(self.folder)
        except OSError as error:
            raise WriteError(
                f"cannot write {self._manifest} ({before or 0} bytes so far): "
                f"{error.strerror or error}"
            ) from error

    @property
    def rows(self) -> int:
        """Finished rows."""
        return sum(shard.rows for shard in self.shards.values())

    @property
    def errors(self) -> int:
        """Error rows among the finished ones."""
        return sum(shard.errors for shard in self.shards.values())

    def contents(self) -> Iterator[bytes]:
        """Bytes of the finished shards in order."""
        for number in sorted(self.shards):
            yield self.path(number).read_bytes()

    def read_rows(self) -> Iterator[dict[str, object]]:
        """Rows of the finished shards in order."""
        for content in self.contents():
            yield from map(json.loads, content.splitlines())


def _line(shard: Shard) -> bytes:
    return json.dumps(asdict(shard)).encode() + b"\n"


def _parse(line: bytes) -> Shard | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return Shard(**json.loads(line))
    except (ValueError, TypeError):
        return None
