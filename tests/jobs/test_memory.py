"""Memory is bounded by the shard, not by the file."""

import tracemalloc
from array import array

from quals_jax.jobs.row_job import RowJob, Worker
from quals_jax.jobs.run import run_row_job
from quals_jax.jobs.source import RowSource, _doubled

_BYTES_PER_ROW = 30  # a hash of the id, kept while the ids are compared, and the list of shards


class _Count:
    def __init__(self):
        self.rows = 0

    def add(self, row):
        self.rows += 1

    def line(self):
        return ""


def _peak(tmp_path, rows: int) -> int:
    """Bytes that Python and NumPy hold at the same time in a job of so many rows."""
    path, tally = tmp_path / f"{rows}.jsonl", _Count()
    path.write_text(
        "".join(f'{{"id": "row {i}", "document": "d", "summary": "s"}}\n' for i in range(rows))
    )
    job = RowJob(
        "test", RowSource.of(str(path)), str(tmp_path / f"{rows}.out"), "jsonl", quiet=True
    )
    worker = Worker(lambda chunk, report: [{"quals": None, "pairs": ["p" * 100]} for _ in chunk])
    tracemalloc.start()
    try:
        assert run_row_job(job, lambda: worker, tally) == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        assert tally.rows == rows


def test_a_row_more_costs_a_few_bytes(tmp_path):
    _peak(tmp_path, 256)  # what is imported once
    few, many = _peak(tmp_path, 1_024), _peak(tmp_path, 17 * 1_024)
    assert many - few < 16 * 1_024 * _BYTES_PER_ROW


def test_ids_that_occur_twice_are_found_wherever_they_are():
    assert _doubled(array("Q")) == set()
    assert _doubled(array("Q", [7])) == set()
    assert _doubled(array("Q", [5, 2**64 - 1, 3, 5, 0, 2**64 - 1, 5])) == {5, 2**64 - 1}
