"""Whether an output may be written: new, to be continued, finished already, or somebody else's.

OUTPUT.work/job.json names what the unfinished output is made from, OUTPUT.manifest.json beside a
finished output names what it was made from.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from quals_jax.data.writers import atomic_file
from quals_jax.jobs.fingerprint import Fingerprint, differences, file_sha256

_ADVICE = "Write to another output, or pass --restart to discard it."


class RefusedError(ValueError):
    """The output belongs to another job, or too many rows cannot be used."""


@dataclass(frozen=True)
class Finished:
    """What OUTPUT.manifest.json holds. `summary` is the line that was printed at the end."""

    job: Fingerprint
    signature: str
    rows: int
    errors: int
    sha256: str
    summary: str


def manifest_of(output: Path) -> Path:
    """The file beside a finished output that remembers what it was made from."""
    return output.with_name(output.name + ".manifest.json")


def claim(output: Path, folder: Path, job: Fingerprint, restart: bool) -> Finished | None:
    """Makes `folder` (OUTPUT.work) ready for the job, or tells that the job is finished.

    Raises RefusedError, with every field that differs, where the output is another job's.
    """
    unfinished = folder / "job.json"
    if unfinished.exists() and not restart:
        there = _read(unfinished)
        if changed := differences(there, job):
            raise RefusedError(
                f"{output} is unfinished, and was begun with other rows, model or settings:\n"
                f"{_bullets(changed)}\nRun again as before to continue it. {_ADVICE}"
            )
        return None
    if output.exists() and not restart:
        return _finished(output, job)
    _empty(folder)
    write_json(unfinished, job)
    return None


def _finished(output: Path, job: Fingerprint) -> Finished:
    """The manifest of a finished output of this very job."""
    if not manifest_of(output).exists():
        raise RefusedError(f"{output} exists and was not written by this command. {_ADVICE}")
    try:
        finished = Finished(**_read(manifest_of(output)))
    except TypeError:
        raise RefusedError(f"{manifest_of(output)} is damaged. {_ADVICE}") from None
    if changed := differences(finished.job, job):
        raise RefusedError(
            f"{output} is finished, and was made from other rows, model or settings:\n"
            f"{_bullets(changed)}\n{_ADVICE}"
        )
    if file_sha256(output) != finished.sha256:
        raise RefusedError(f"{output} was changed after it was finished. {_ADVICE}")
    return finished


def finish(output: Path, folder: Path, finished: Finished) -> None:
    """Leaves the manifest beside the output and removes the work folder."""
    write_json(manifest_of(output), asdict(finished))
    (folder / "job.json").unlink()  # first: what is left without it is nobody's
    # Network file systems keep open files, such as the lock, a little longer.
    shutil.rmtree(folder, ignore_errors=True)


def can_continue(folder: Path) -> bool:
    """Whether a work folder holds finished rows of an unfinished job; otherwise it is rubbish."""
    return (folder / "job.json").exists() and any(folder.glob("shard-*"))


def check_signature(folder: Path, signature: str) -> None:
    """The worker must be the one that began the job, whatever its files say."""
    path = folder / "signature.json"
    if not path.exists():
        write_json(path, signature)
    elif (there := signature_in(folder)) != signature:
        raise RefusedError(
            f"{folder} was begun as {there}, and this is {signature}. Run again as before to "
            "continue, or pass --restart to discard it."
        )


def signature_in(folder: Path) -> str:
    """The signature of the worker that began the job; empty when no row needed it."""
    path = folder / "signature.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else ""


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in ("lock", "input"):  # held by us, and the copy of standard input
            path.unlink()


def write_json(path: Path, value: object) -> None:
    """A small JSON file, whole or not at all."""
    with atomic_file(path) as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8") + b"\n")


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RefusedError(f"{path} is damaged. {_ADVICE}")
    return content


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
