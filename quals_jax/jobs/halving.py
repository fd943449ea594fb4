"""Out of memory on a batch: halve it and try again, down to one row, which becomes an error row."""

from collections.abc import Callable

from quals_jax.data.records import SummaryRow, error_row

Process = Callable[[list[SummaryRow]], list[dict[str, object]]]


def is_out_of_memory(error: BaseException) -> bool:
    """True for what JAX raises when an accelerator's (or the host's) memory does not suffice."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def halving(process: Process) -> Process:
    """The same process, surviving batches that are too large for the memory."""

    def halved(rows: list[SummaryRow]) -> list[dict[str, object]]:
        try:
            return process(rows)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if len(rows) == 1:
                message = f"line {rows[0].line}: out of memory even for this row alone: {error}"
                return [error_row("out_of_memory", message[:300])]
        # Outside the handler: its exception keeps the frames, hence the arrays, of the attempt alive.
        middle = len(rows) // 2
        return halved(rows[:middle]) + halved(rows[middle:])

    return halved
