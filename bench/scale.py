"""Do costs grow linearly? Time against document length, beams, pairs and rows. Prints JSON.

    python -m bench.scale [--size base] [--rows 1000 10000] [-o bench/results/scale.json]

Lengths, beams and pairs are varied in one process, everything compiled. Rows go through the
command `quals score` with a tiny model of random weights, each number of them once, in a process of
its own, which also shows whether memory grows; its programs are in the compilation cache by then.
With ``-o``, a picture is drawn beside the JSON file.
"""

import dataclasses
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import numpy as np
import tyro

from bench.peers.random_model import SIZES, write_random_model
from bench.peers.tasks import Task
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.searcher import Searcher
from quals_jax.jobs.claim import write_json
from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.models.flops import bart_flops
from quals_jax.scoring import Scorer

SEARCH_TOKENS = 20
# Jobs of more rows need no other programs.
WARM_UP_ROWS = 10_000
AXES = {
    "document_tokens": (128, 256, 512, 1024),
    "pairs": (4, 10, 20, 40),
    "beams": (15, 30, 60, 120),
}


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What is varied."""

    size: Literal["tiny", "base", "large"] = "base"
    """Of BART, for lengths, beams and pairs."""
    rows: tuple[int, ...] = (1_000, 10_000, 50_000, 100_000)
    """Numbers of rows to score with a tiny model, growing."""
    repeat: int = 3
    """Timed runs of lengths, beams and pairs, after the first."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """JSON file."""
    picture: Path | None = None
    """PNG file (default: beside the JSON file)."""


def seconds_of(run: Callable[[], Any], repeat: int) -> float:
    """Median seconds, everything compiled."""
    run()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def scored(config: BartConfig, params: Any, tokens: int, pairs: int, repeat: int) -> dict[str, Any]:
    """Pairs of 30 tokens on four documents."""
    task = Task(4, tokens, num_targets=pairs, target_tokens=30)
    documents, targets = task.documents().tolist(), task.targets().tolist()
    scorer = Scorer(config, params)
    seconds = seconds_of(lambda: scorer.score(documents, targets), repeat)
    flops = task.num_sources * bart_flops(config, tokens, pairs, 30)
    return {"seconds": round(seconds, 3), "gigaflops": round(flops / 1e9, 1)}


def searched(config: BartConfig, params: Any, beams: int, repeat: int) -> dict[str, Any]:
    """As many groups as beams, on two sources of 64 tokens."""
    task = Task(2, 64, new_tokens=SEARCH_TOKENS)
    length = SEARCH_TOKENS - 1
    options = BeamSearch(beams, beams, diversity_strength=0.5, min_len=length, max_len=length)
    searcher, sources = Searcher(config, params, options), task.sources().tolist()
    seconds = seconds_of(lambda: searcher.search(sources), repeat)
    flops = task.num_sources * bart_flops(config, 64, beams, SEARCH_TOKENS)
    return {"seconds": round(seconds, 3), "gigaflops": round(flops / 1e9, 1)}


def commanded(folder: Path, num_rows: int) -> dict[str, Any]:
    """`quals score` on short rows; the model is in ``folder / "model"``."""
    rng = np.random.default_rng(0)
    words = [f"{first}{second}" for first in "bcdfgklm" for second in ("an", "el", "ir", "op")]
    rows, out = folder / f"rows.{num_rows}.jsonl", folder / f"scores.{num_rows}.jsonl"
    with rows.open("w", encoding="utf-8") as stream:
        for row in range(num_rows):
            text = " ".join(rng.choice(words, 20))
            stream.write(
                json.dumps({"id": row, "document": text, "summary": text[: len(text) // 3]}) + "\n"
            )
    # Few short pairs, so that there is time for many rows.
    options = ["--num-beams", "2", "--num-pairs", "2", "--max-pair-tokens", "10"]
    command = [sys.executable, "-m", "quals_jax.cli", "score", str(rows), "-o", str(out)]
    command += ["--model", str(folder / "model"), "--restart", "--quiet", *options]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"error: quals score ended with status {status}")
    return {
        "rows": num_rows,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gigabytes": round(usage.ru_maxrss * 1024 / 1e9, 3),
    }


def rows_per_second(points: Sequence[dict[str, Any]]) -> list[float]:
    """Between one number of rows and the next: what a process takes to start is in neither."""
    pairs = itertools.pairwise(points)
    return [round((b["rows"] - a["rows"]) / (b["seconds"] - a["seconds"]), 1) for a, b in pairs]


def straightness(points: Sequence[dict[str, Any]], axis: str) -> float:
    """The largest distance of a time from the straight line through all, as a share of the time."""
    x = np.array([point[axis] for point in points], float)
    seconds = np.array([point["seconds"] for point in points])
    fitted = np.polyval(np.polyfit(x, seconds, 1, w=1 / seconds), x)
    return float(np.max(np.abs(fitted / seconds - 1)))


def draw(path: Path, content: dict[str, Any]) -> None:
    """Time against each of the quantities, with the straight line."""
    from matplotlib.figure import Figure

    shown = {axis: content[axis] for axis in (*AXES, "rows") if content[axis]}
    figure = Figure(figsize=(3.4 * len(shown), 3.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(shown)))
    for plot, (axis, points) in zip(axes, shown.items(), strict=True):
        x, seconds = ([point[name] for point in points] for name in (axis, "seconds"))
        line = np.polyfit(x, seconds, 1, w=1 / np.array(seconds))
        plot.plot([0, max(x)], np.polyval(line, [0, max(x)]), color="0.7", linewidth=1)
        plot.plot(x, seconds, "o", color="#2a6fb0")
        plot.set_xlabel(axis.replace("_", " "))
        plot.set_ylim(0, 1.1 * max(seconds))
        plot.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds")
    figure.savefig(path, dpi=120)


def parse(arguments: Sequence[str]) -> Arguments:
    """The arguments of the command."""
    return tyro.cli(
        Arguments, prog="python -m bench.scale", description=__doc__, args=list(arguments)
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command."""
    args = parse(arguments)
    config: BartConfig = SIZES[args.size]
    content: dict[str, Any] = {
        "command": " ".join(["python -m bench.scale", *arguments]),
        "date": time.strftime("%Y-%m-%d"),
        "device": jax.devices()[0].device_kind,
        "threads": len(os.sched_getaffinity(0)),
        "size": args.size,
        "rows": [],
    }
    with tempfile.TemporaryDirectory() as scratch:
        write_random_model(
            Path(scratch) / "model", dataclasses.replace(SIZES["tiny"], vocab_size=1_000)
        )
        for num_rows in args.rows:
            commanded(Path(scratch), min(num_rows, WARM_UP_ROWS))  # compiles
            content["rows"].append(commanded(Path(scratch), num_rows))
            print(json.dumps(content["rows"][-1]), file=sys.stderr, flush=True)
    params = init_params(config, seed=0)
    measure: dict[str, Callable[[int], dict[str, Any]]] = {
        "document_tokens": lambda tokens: scored(config, params, tokens, 10, args.repeat),
        "pairs": lambda pairs: scored(config, params, 512, pairs, args.repeat),
        "beams": lambda beams: searched(config, params, beams, args.repeat),
    }
    for axis, values in AXES.items():
        content[axis] = []
        for value in values:
            content[axis].append({axis: value, **measure[axis](value)})
            print(json.dumps(content[axis][-1]), file=sys.stderr, flush=True)
    content["off_the_straight_line"] = {
        axis: round(straightness(content[axis], axis), 3)
        for axis in (*AXES, "rows")
        if len(content[axis]) > 2
    }
    content["rows_per_second"] = rows_per_second(content["rows"])
    content["peak_gigabytes"] = round(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2
    )
    print(json.dumps(content, indent=1))
    if args.output is not None:
        write_json(args.output, content)
        draw(args.picture or args.output.with_suffix(".png"), content)


if __name__ == "__main__":
    main(sys.argv[1:])
