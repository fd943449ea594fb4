"""The main job on a laptop: the paper in miniature, from made-up articles to better summaries.

    python -m experiments.demo --workdir runs/demo              # 10 minutes on two cores
    python -m experiments.demo --workdir runs/demo-2 --seed 2   # other articles, other models
    python -m experiments.demo --workdir runs/full --full       # twice the test, one more control

QAGen learns to ask questions; a summarizer learns from references of which a third is unfaithful;
QUALS chooses what it should write like and what it should not; ConSeq trains it on both. Nothing
is downloaded: articles, summaries and errors come from a synthetic world in which it is known
exactly what an article supports. The stages and their files are those of
``python -m experiments.pipeline world``. A demo that was stopped continues when the same command
is given again.
"""

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments import world
from experiments.demo_lines import example_lines, planted_lines, result_lines
from experiments.pipeline.command import exit_status
from experiments.pipeline.command import run as run_pipeline


@dataclasses.dataclass(frozen=True)
class Demo:
    """What the demo does. The same settings give the same results on the same machine."""

    workdir: Path
    """Folder for models, summaries, scores and the report."""
    seed: int = 1
    """Draws the articles, the references, every model's first weights and every sample."""
    full: bool = False
    """Test on 500 instead of 250 articles, with one more control."""
    judges: tuple[str, ...] = ()
    """More metrics for the systems, such as qags=runs/qags factcc=runs/world_factcc/model ngram."""
    restart: bool = False
    """Make anew what other settings made in this folder, instead of refusing."""


def run(demo: Demo) -> dict[str, Any]:
    """Does every stage that is not done; returns what is also in ``results.json``."""
    pipeline = world.PIPELINE if demo.full else world.DEMO_PIPELINE
    pipeline = dataclasses.replace(pipeline, seed=demo.seed, judges=demo.judges)
    results = run_pipeline(pipeline, demo.workdir, restart=demo.restart)
    assert results is not None
    return results


def parse(argv: Sequence[str] | None = None) -> Demo:
    """What the command line asks for; SystemExit (status 2) for a bad flag."""
    return tyro.cli(Demo, args=argv, prog="python -m experiments.demo", description=__doc__)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo from the command line; the exit statuses are the pipeline's."""
    demo = parse(argv)

    def work() -> None:
        results = run(demo)
        told = [example_lines(results), planted_lines(results["qagen"])]
        told += [[f"report: {demo.workdir / 'report.html'}"], result_lines(results)]
        print("\n\n".join("\n".join(lines) for lines in told))

    return exit_status(work)


if __name__ == "__main__":
    # Two devices keep two cores busier than one device with two threads does.
    jax.config.update("jax_num_cpu_devices", min(2, os.cpu_count() or 1))
    sys.exit(main())
