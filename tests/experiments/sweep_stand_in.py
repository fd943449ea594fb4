"""A sweep whose runs cost nothing, for real processes in tests.

    python sweep_stand_in.py ACTION FOLDER [--values 1,2,3] [--shard I/N]

A run writes results.json and one line to FOLDER/journal. Environment: FAIL names values that fail,
KILL_AT a value at which the process kills itself, SLOW seconds that a run takes.
"""

import argparse
import dataclasses
import json
import os
import signal
import sys
import time
from pathlib import Path

from experiments.sweep.command import execute
from experiments.sweep.grid import over, product
from experiments.sweep.ledger import Sweep


@dataclasses.dataclass(frozen=True)
class Config:
    value: int = 0
    seed: int = 1


def run(config: Config, workdir: Path, cache: Path) -> None:
    with (workdir.parents[1] / "journal").open("a") as journal:
        journal.write(f"{config.value} {os.getpid()}\n")
    time.sleep(float(os.environ.get("SLOW", "0")))
    if str(config.value) == os.environ.get("KILL_AT"):
        os.kill(os.getpid(), signal.SIGKILL)
    if str(config.value) in os.environ.get("FAIL", "").split(","):
        raise RuntimeError(f"planted failure of {config.value}")
    metrics = {"factual": {"value": config.value + config.seed / 10, "interval": None}}
    systems = [{"name": "quals", "label": "QUALS", "decoders": {"beam4": metrics}}]
    results = {"seed": config.seed, "systems": systems}
    (workdir / "results.json").write_text(json.dumps(results))


def sweep_of(values: str, seeds: str) -> Sweep:
    grid = product(
        over("value", *map(int, values.split(","))), over("seed", *map(int, seeds.split(",")))
    )
    return Sweep(Config(), grid, ("factual",))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("action")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--values", default="1,2,3,4")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--shard", default="1/1")
    args = parser.parse_args()
    sweep = sweep_of(args.values, args.seeds)
    return execute(args.action, sweep, args.folder, args.shard, run)


if __name__ == "__main__":
    sys.exit(main())
