"""The files that `quals select` writes: OUT, OUT.drops.jsonl and OUT.statistics.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quals_jax.data.readers import format_of
from quals_jax.data.writers import write_rows
from quals_jax.jobs.claim import RefusedError, write_json
from quals_jax.jobs.fingerprint import differences, flat_fields
from quals_jax.selection import ContrastSets

COLUMNS = ("id", "document", "positive", "negative", "positive_score", "negative_score")
_ADVICE = "Write to another output, or pass --restart to replace it."


def claim_output(output: Path, settings: Mapping[str, Any], *, restart: bool) -> None:
    """ValueError or FileNotFoundError where the output cannot be written or was made otherwise."""
    format_of(output)
    if output.is_dir():
        raise ValueError(f"the output {output} is a folder; a file is expected")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the output's folder {output.parent} does not exist; create it")
    if restart or not output.exists():
        return
    there = _settings_of(output)
    if there is None:
        raise RefusedError(f"{output} exists and was not written by this command. {_ADVICE}")
    if changed := differences(flat_fields(**there), flat_fields(**settings)):
        lines = "\n".join(f"  {line}" for line in changed)
        raise RefusedError(f"{output} was made from other files or settings:\n{lines}\n{_ADVICE}")


def write_sets(output: Path, sets: ContrastSets, settings: Mapping[str, Any]) -> None:
    """Writes the three files, each whole or not at all; OUT comes last."""
    drops = output.with_name(output.name + ".drops.jsonl")
    write_rows(drops, "jsonl", lambda: (drop.to_row() for drop in sets.drops))
    write_json(_statistics_of(output), {"settings": settings} | sets.statistics)
    write_rows(output, format_of(output), lambda: (row.to_row() for row in sets.rows), COLUMNS)


def _statistics_of(output: Path) -> Path:
    return output.with_name(output.name + ".statistics.json")


def _settings_of(output: Path) -> dict[str, Any] | None:
    try:
        return json.loads(_statistics_of(output).read_text("utf-8"))["settings"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
