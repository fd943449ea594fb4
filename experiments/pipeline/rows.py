"""Row stages: documents, samples, scores, outputs. Each is a resumable job over JSON lines."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from experiments.pipeline.sources import read_summaries
from quals_jax.checkpoints.model_folder import ModelFolder
from quals_jax.commands.generated import GeneratedTally, summary_worker
from quals_jax.commands.model import load_model
from quals_jax.commands.score import ScoreTally, quals_worker
from quals_jax.data.writers import atomic_file, encode_row
from quals_jax.decoding.options import BeamSearch, Sampling, TopK, TopP
from quals_jax.jobs.row_job import RowJob, Tally, Worker
from quals_jax.jobs.run import run_row_job
from quals_jax.jobs.source import RowSource
from quals_jax.jobs.stopping import Stopped, signal_of
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.parallel.processes import ThisTeam

Dtype = Literal["float32", "bfloat16"]


@dataclasses.dataclass(frozen=True)
class RowSettings:
    """What all row stages share."""

    dtype: Dtype = "float32"
    shard_rows: int = 256


def write_documents(
    sources: Sequence[str], max_rows: int, clean_sources: Sequence[str], output: Path
) -> None:
    """Rows {"id", "document", "summary"}, with "clean" where ``clean_sources`` have the id."""
    clean = {row_id: summary for row_id, _, summary in read_summaries(clean_sources)}
    rows: list[dict[str, Any]] = []
    for row_id, document, summary in read_summaries(sources, max_rows):
        row = {"id": row_id, "document": document, "summary": summary}
        rows.append(row | ({"clean": clean[row_id]} if clean else {}))
    doubled = [name for name, count in Counter(row["id"] for row in rows).items() if count > 1]
    if doubled:
        raise ValueError(f"{', '.join(sources)}: the id {doubled[0]!r} occurs more than once")
    if not rows:
        raise ValueError(f"no rows in {', '.join(sources)}")
    write_rows(output, rows)


def generate(
    documents: Path,
    output: Path,
    model: Path,
    search: BeamSearch | Sampling,
    seed: int,
    settings: RowSettings,
) -> None:
    """Summaries of documents, as `quals generate` writes them."""

    def load_worker() -> Worker:
        folder = load_model(model, settings.dtype, quiet=True)
        return summary_worker(folder, **_summary_options(search, seed))

    options = {"search": dataclasses.asdict(search), "seed": seed}
    run_rows("generate", documents, output, model, options, load_worker, GeneratedTally(), settings)


def score(
    rows: Path,
    output: Path,
    qagen: Path,
    metric: QualsOptions,
    settings: RowSettings,
    *,
    explain: bool = False,
) -> None:
    """QUALS of summaries, as `quals score` writes it."""
    options = dataclasses.asdict(metric) | {"explain": explain}

    def load_worker() -> Worker:
        return quals_worker(load_quals(qagen, metric, settings.dtype), explain=explain)

    run_rows("score", rows, output, qagen, options, load_worker, ScoreTally(), settings)


def run_rows(
    command: str,
    rows: Path,
    output: Path,
    model: Path,
    options: Mapping[str, object],
    load_worker: Callable[[], Worker],
    tally: Tally,
    settings: RowSettings,
) -> None:
    """A row job of the pipeline; raises `Stopped` where a signal ended it.

    Rows that cannot be used (an empty document) stay in the output with a status and are counted.
    On many hosts all processes call it and share the rows.
    """
    job = RowJob(
        f"  {command} {output.name}",
        RowSource.of(str(rows)),
        str(output),
        "jsonl",
        settings=dict(options) | {"dtype": settings.dtype},
        model=model,
        shard_rows=settings.shard_rows,
        max_errors=10**9,
        team=ThisTeam(),
    )
    status = run_row_job(job, load_worker, tally)
    if (number := signal_of(status)) is not None:
        raise Stopped(number)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a file that this pipeline wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """A file of rows, whole or not at all."""
    with atomic_file(path) as file:
        file.writelines(map(encode_row, rows))


def _summary_options(search: BeamSearch | Sampling, seed: int) -> dict[str, Any]:
    sampling = search if isinstance(search, Sampling) else None
    kept = sampling.filter if sampling else None
    return {
        "num_beams": search.num_beams if isinstance(search, BeamSearch) else 1,
        "num_samples": sampling.num_samples if sampling else None,
        "top_k": kept.k if isinstance(kept, TopK) else None,
        "top_p": kept.p if isinstance(kept, TopP) else None,
        "min_tokens": search.min_len,
        "max_tokens": search.max_len,
        "length_penalty": search.length_penalty,
        "no_repeat_ngram_size": search.no_repeat_ngram_size,
        "seed": seed,
    }


# The QAGen of a process: all systems of a pipeline are scored with the same one.
_loaded: dict[tuple[Path, Dtype], ModelFolder] = {}


def load_quals(folder: Path, metric: QualsOptions, dtype: Dtype) -> Quals:
    """The metric; the weights of the last folder asked for are kept."""
    key = (folder, dtype)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = load_model(folder, dtype, quiet=True)
    return Quals(_loaded[key], metric)
