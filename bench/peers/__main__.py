"""quals-jax beside other libraries: the same weights, rows and lengths, in turns on one machine.

    python -m bench.peers --peers-python PEERS/bin/python [-o results.json]

The libraries live in an environment of their own (bench/README.md makes it). For every job, each
library's process loads and compiles, then all run it in turn, round by round, so that a slow minute
of the machine is slow for all. Prints a table and writes JSON: seconds (median, fastest, slowest),
how many times as long the others take, what was aimed at, memory, and whether the libraries that
score or train agree on the result.
"""

import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from bench.peers.random_model import SIZES, write_random_model
from quals_jax.jobs.claim import write_json
from quals_jax.models.config import BartConfig


@dataclasses.dataclass(frozen=True)
class Peer:
    """A library's way to do a job, and how many times as long it is to take."""

    library: str
    job: str
    label: str
    target: float


TORCH, FLAX, CTRANSLATE = "PyTorch transformers", "Flax BART", "CTranslate2"
PEERS: dict[str, tuple[Peer, ...]] = {
    "score": (
        Peer("pytorch", "score", f"{TORCH}, a source per target", 6.0),
        Peer("flax_bart", "score", f"{FLAX}, a source per target", 6.0),
        Peer("ctranslate", "score", f"{CTRANSLATE}, a source per target", 5.0),
        Peer("pytorch", "score_shared", f"{TORCH}, sources shared", 1.6),
        Peer("flax_bart", "score_shared", f"{FLAX}, sources shared", 1.6),
    ),
    "diverse60": (Peer("pytorch", "diverse60", TORCH, 2.5),),
    "beam4": (
        Peer("pytorch", "beam4", TORCH, 1.2),
        Peer("flax_bart", "beam4", FLAX, 1.2),
        Peer("ctranslate", "beam4", CTRANSLATE, 1.2),
    ),
    "greedy": (
        Peer("pytorch", "greedy", TORCH, 1.2),
        Peer("flax_bart", "greedy", FLAX, 1.2),
        Peer("ctranslate", "greedy", CTRANSLATE, 1.2),
    ),
    "quals": (
        Peer("pytorch", "quals", f"{TORCH}, a source per target", 4.0),
        Peer("pytorch", "quals_shared", f"{TORCH}, sources shared", 4.0),
    ),
    "train": (
        Peer("pytorch", "train", TORCH, 1.0),
        Peer("flax_bart", "train", FLAX, 1.0),
    ),
}


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What is compared, and where the libraries are."""

    peers_python: Path
    """Python of the environment with the other libraries."""
    jobs: tuple[Literal["score", "diverse60", "beam4", "greedy", "quals", "train"], ...] = ()
    """None: all."""
    size: Literal["tiny", "base", "large"] = "base"
    """Of BART."""
    rounds: int = 5
    """Timed runs of every library, after the first."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """JSON file; a job that stands there already is replaced, the others are kept."""


class Worker:
    """A process of `bench.peers.worker`, ready to run."""

    def __init__(self, python: Path, library: str, job: str, model: Path):
        self.name = f"{library} {job}"
        command = [str(python), "-m", "bench.peers.worker", library, job, str(model)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.started = self._answer()

    def run(self) -> dict[str, float]:
        """One more run."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:  # libraries print there, too
            if line.startswith("{"):
                return json.loads(line)
        raise SystemExit(f"{self.name}: the process ended with status {self._process.wait()}")


def compare(job: str, args: Arguments, model: Path) -> dict[str, Any]:
    """All libraries at one job."""
    peers = PEERS[job]
    workers = [Worker(Path(sys.executable), "ours", job, model)]
    workers += [Worker(args.peers_python, peer.library, peer.job, model) for peer in peers]
    rounds = [[worker.run() for worker in workers] for _ in range(args.rounds)]
    for worker in workers:
        worker.close()
    columns = list(zip(*rounds, strict=True))
    ours = summary(workers[0], columns[0])
    others = []
    for peer, worker, column in zip(peers, workers[1:], columns[1:], strict=True):
        both = zip(column, columns[0], strict=True)
        ratios = [theirs["seconds"] / our["seconds"] for theirs, our in both]
        found = {
            "library": peer.label,
            **summary(worker, column),
            "times_as_long": round(statistics.median(ratios), 2),
            "target": peer.target,
        }
        if job in ("score", "train"):
            found["same_result"] = abs(found["check"] / ours["check"] - 1) < 1e-4
        others.append(found)
    return {"quals_jax": ours, "peers": others}


def summary(worker: Worker, runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    """What is kept of a worker's runs."""
    seconds = [run["seconds"] for run in runs]
    return {
        "seconds": round(statistics.median(seconds), 3),
        "fastest": round(min(seconds), 3),
        "slowest": round(max(seconds), 3),
        "cpu_seconds": round(statistics.median(run["cpu_seconds"] for run in runs), 2),
        "first_call_seconds": round(worker.started["first_call_seconds"], 2),
        "peak_gigabytes": round(runs[-1]["peak_bytes"] / 1e9, 2),
        "check": worker.started["check"],
        "versions": worker.started["versions"],
        **({"compilations": compiled} if (compiled := worker.started["compilations"]) else {}),
    }


def table(job: str, found: dict[str, Any]) -> str:
    """A job's lines for people."""
    ours = found["quals_jax"]
    lines = [f"{job}\n  {'quals-jax':40} {ours['seconds']:8.2f} s {ours['peak_gigabytes']:6.1f} GB"]
    for peer in found["peers"]:
        same = {True: "same result", False: "ANOTHER RESULT"}.get(peer.get("same_result"), "")
        lines.append(
            f"  {peer['library']:40} {peer['seconds']:8.2f} s {peer['peak_gigabytes']:6.1f} GB"
            f"   x {peer['times_as_long']:.2f} (aim {peer['target']:g}) {same}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Runs the command."""
    args = tyro.cli(
        Arguments, prog="python -m bench.peers", description=__doc__, args=list(arguments)
    )
    config: BartConfig = SIZES[args.size]
    header = {
        "size": args.size,
        "threads": len(os.sched_getaffinity(0)),
        "machine": _machine(),
        "date": time.strftime("%Y-%m-%d"),
        "rounds": args.rounds,
        "command": f"python -m bench.peers --peers-python PEERS/bin/python --rounds {args.rounds}",
    }
    if args.rounds < 1 or not os.access(args.peers_python, os.X_OK):
        raise SystemExit(
            f"error: --rounds is {args.rounds} (at least 1), and {args.peers_python} must be the "
            "Python of the other libraries (bench/README.md makes it)"
        )
    content: dict[str, Any] = {"jobs": {}}
    if args.output is not None and args.output.exists():
        try:
            content["jobs"] = json.loads(args.output.read_text("utf-8"))["jobs"]
        except (ValueError, KeyError) as error:
            raise SystemExit(f"error: {args.output} holds no results: {error!r}") from None
    content |= header
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        write_random_model(model, config)
        for job in args.jobs or PEERS:
            found = compare(job, args, model)
            print(table(job, found), flush=True)
            content["jobs"][job] = found
            if args.output is not None:
                write_json(args.output, content)


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main(sys.argv[1:])
