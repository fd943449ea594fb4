"""``python -m experiments.sweep plan|run|status|retry|table SWEEP``.

Exit status 0 good, 1 some runs failed, 2 bad usage, 143 (130) stopped by a signal.
"""

import argparse
import difflib
import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from experiments import sweeps
from experiments.pipeline.stages import say
from experiments.sweep.ledger import Entry, Ledger, Sweep
from experiments.sweep.runner import Run, Shard, label, run_all, run_pipeline
from experiments.sweep.table import table_rows, table_text
from quals_jax.jobs.claim import write_json
from quals_jax.jobs.stopping import Stopped

_DESCRIPTION = """Runs of one pipeline with other settings, each done once.

plan    writes the ledger: new runs of the grid are added, those that left it are marked and kept
run     does what is not finished; --shard I/N does every N-th run, for N machines that share DIR
status  lists the runs and their errors
retry   does the failed runs again
table   mean and standard error over seeds, also written to DIR/table.txt and DIR/table.json
"""


def main(argv: Sequence[str], run: Run = run_pipeline) -> int:
    """Runs the command; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return execute(args.action, find_sweep(args.sweep), _folder(args), args.shard, run)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Stopped as stopped:
        print(f"{stopped}; the same command continues", file=sys.stderr)
        return stopped.exit_status


def execute(action: str, sweep: Sweep, folder: Path, shard: str, run: Run) -> int:
    """One action on a sweep whose ledger is in the folder."""
    part, ledger = Shard.parse(shard), Ledger(folder)
    if action in ("status", "table"):
        return _show(action, sweep, ledger)
    configs = ledger.plan(sweep)
    if action == "plan":
        return _show("status", sweep, ledger)
    statuses = ("failed",) if action == "retry" else ("planned", "running")
    failures = run_all(ledger, configs, part, run, statuses)
    counts = Counter(ledger.entry(key).status for key in configs)
    say(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    return 1 if failures else 0


def find_sweep(name: str) -> Sweep:
    """``SWEEP`` of ``experiments/sweeps/NAME.py``, or its ``SMOKE`` for ``NAME:smoke``."""
    module_name, _, variant = name.partition(":")
    names = sorted(module.name for module in pkgutil.iter_modules(sweeps.__path__))
    if module_name not in names or variant not in ("", "smoke"):
        near = difflib.get_close_matches(module_name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no sweep {name!r}{hint} (known: {', '.join(names)})")
    module = importlib.import_module(f"experiments.sweeps.{module_name}")
    return module.SMOKE if variant else module.SWEEP


def _show(action: str, sweep: Sweep, ledger: Ledger) -> int:
    entries = ledger.entries()
    if action == "table":
        rows = table_rows(sweep, ledger)
        text = table_text(sweep, rows)
        ledger.folder.mkdir(parents=True, exist_ok=True)
        write_json(ledger.folder / "table.json", rows)
        (ledger.folder / "table.txt").write_text(text + "\n", "utf-8")
        print(text)
        return 0
    for entry in entries:
        print(f"{entry.key}  {_status(ledger, entry):12}  {label(entry)}")
        if entry.error:
            print(f"    {entry.error}")
    counts = Counter(_status(ledger, entry) for entry in entries)
    print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no runs")
    return 0


def _status(ledger: Ledger, entry: Entry) -> str:
    if entry.removed:
        return f"{entry.status}, removed"
    if entry.status == "running" and not ledger.is_running(entry.key):
        return "interrupted"
    return entry.status


def _folder(args: argparse.Namespace) -> Path:
    return args.dir or Path("runs") / "sweeps" / args.sweep.replace(":", "-")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.sweep",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("action", choices=("plan", "run", "status", "retry", "table"))
    parser.add_argument("sweep", metavar="SWEEP", help="of experiments/sweeps, or NAME:smoke")
    parser.add_argument("--dir", type=Path, help="of the ledger (default: runs/sweeps/SWEEP)")
    parser.add_argument("--shard", metavar="I/N", default="1/1", help="with run and retry")
    return parser
