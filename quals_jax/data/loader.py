"""Endless training batches in a fixed pseudo-random order, with a position that can be saved.

The order is a function of (seed, epoch) only; the position is plain JSON, and a loader started
from it gives exactly the batches that would have followed.
"""

import dataclasses
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np

from quals_jax.data.buckets import BatchShape, assign
from quals_jax.data.examples import Seq2SeqExample


@dataclasses.dataclass(frozen=True)
class HostBatch:
    """The rows of one batch that this process holds; rows that only pad have id ``""``.

    ``members`` are the numbers of the examples of the whole batch, over all processes.
    """

    src_BS: np.ndarray
    targets_BNT: np.ndarray
    ids: tuple[str, ...]
    members: np.ndarray

    @property
    def num_examples(self) -> int:
        """Of the whole batch, over all processes."""
        return len(self.members)


@dataclasses.dataclass(frozen=True)
class Position:
    """The next update: ``step`` updates of ``epoch`` are done. Saved as plain JSON."""

    seed: int
    epoch: int = 0
    step: int = 0

    def to_json(self) -> dict[str, int]:
        """``{"seed", "epoch", "step"}``."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, int]) -> "Position":
        """Reads what `to_json` wrote."""
        return cls(**data)


@dataclasses.dataclass(frozen=True)
class Rows:
    """Which rows of every batch this process holds: part ``index`` of ``count``."""

    index: int = 0
    count: int = 1


class Loader:
    """Batches of a data set; see the module's docstring.

    ``example(index, epoch)`` gives the example at ``index``: for denoising it differs from epoch
    to epoch. ``lengths`` are upper bounds of its lengths, as `buckets.lengths_of` gives them. Each
    item of the iterator is the list of the ``batches_per_step`` batches of one update (fewer at
    the end of an epoch) with the position after it.

    Which examples share a batch does not depend on devices: a batch of a shape whose ``B`` is no
    multiple of ``row_multiple`` (the number of devices) gets rows that only pad.
    """

    def __init__(
        self,
        example: Callable[[int, int], Seq2SeqExample],
        lengths: np.ndarray,
        shapes: Sequence[BatchShape],
        *,
        pad_id: int,
        eos_id: int,
        batches_per_step: int = 1,
        row_multiple: int = 1,
        rows: Rows = Rows(),
    ):
        self._example = example
        self.shapes = list(shapes)
        self._lengths = lengths
        self._bucket_of = assign(lengths, shapes)
        if (self._bucket_of < 0).any():
            worst = lengths[int(np.argmax(self._bucket_of < 0))].tolist()
            raise ValueError(
                f"an example of (source, targets, target tokens) {worst} fits no shape"
            )
        self._pad_id, self._eos_id = pad_id, eos_id
        self._batches_per_step = batches_per_step
        self._row_multiple, self._rows = row_multiple, rows

    @property
    def steps_per_epoch(self) -> int:
        """Updates in one pass over the data."""
        num = np.bincount(self._bucket_of, minlength=len(self.shapes))
        batches = sum(-(-int(n) // s.B) for n, s in zip(num, self.shapes, strict=True))
        return -(-batches // self._batches_per_step)

    @property
    def padding(self) -> float:
        """Share of the tokens of an epoch that are padding."""
        full = sum(
            shape.num_tokens * self._num_rows(shape) // shape.B for shape, _ in self.plan(0, None)
        )
        # Real tokens from above: every target counts as long as its example's longest.
        return 1.0 - (self._lengths[:, 0] + self._lengths[:, 1] * self._lengths[:, 2]).sum() / full

    def plan(self, seed: int, epoch: int | None) -> list[tuple[BatchShape, np.ndarray]]:
        """The batches of an epoch: shape and example indices; in data order if epoch is None."""
        rng = None if epoch is None else np.random.default_rng([seed, epoch])
        batches = []
        for bucket, shape in enumerate(self.shapes):
            members = np.flatnonzero(self._bucket_of == bucket)
            if rng is not None:
                rng.shuffle(members)
            batches += [(shape, members[i : i + shape.B]) for i in range(0, len(members), shape.B)]
        if rng is not None:
            order = rng.permutation(len(batches))
            batches = [batches[i] for i in order]
        return batches

    def ids_of(self, batch: HostBatch, epoch: int) -> list[str]:
        """Ids of all examples of a batch, those that other processes hold too."""
        return [self._example(int(index), epoch).id for index in batch.members]

    def once(self, epoch: int = 0) -> Iterator[HostBatch]:
        """Every example once, in data order within each shape: evaluation."""
        for shape, members in self.plan(0, None):
            yield self._build(shape, members, epoch)

    def steps(self, position: Position) -> Iterator[tuple[list[HostBatch], Position]]:
        """Updates from ``position`` on, epoch after epoch, without end."""
        while True:
            plan = self.plan(position.seed, position.epoch)
            k = self._batches_per_step
            while position.step * k < len(plan):
                chosen = plan[position.step * k : (position.step + 1) * k]
                done = (position.step + 1) * k >= len(plan)
                epoch = position.epoch
                position = (
                    Position(position.seed, epoch + 1)
                    if done
                    else dataclasses.replace(position, step=position.step + 1)
                )
                yield [self._build(shape, members, epoch) for shape, members in chosen], position
                if done:
                    break

    def _build(self, shape: BatchShape, members: np.ndarray, epoch: int) -> HostBatch:
        size = self._num_rows(shape) // self._rows.count
        mine = members[self._rows.index * size : (self._rows.index + 1) * size]
        src_BS = np.full((size, shape.S), self._pad_id, np.int32)
        src_BS[:, 0] = self._eos_id  # a row that only pads still attends to one token
        targets_BNT = np.full((size, shape.N, shape.T), self._pad_id, np.int32)
        ids = [""] * size
        for row, index in enumerate(mine):
            example = self._example(int(index), epoch)
            ids[row] = example.id
            src_BS[row, : len(example.source)] = example.source
            for n, target in enumerate(example.targets):
                targets_BNT[row, n, : len(target)] = target
        return HostBatch(src_BS, targets_BNT, tuple(ids), members)

    def _num_rows(self, shape: BatchShape) -> int:
        return -(-shape.B // self._row_multiple) * self._row_multiple


def prefetch(items: Iterator[Any], depth: int = 2) -> Generator[Any, None, None]:
    """The same items, made ahead by a thread; its errors are raised here. Close it when done."""
    ready: queue.Queue = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(kind: str, value: Any) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    thread = threading.Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stop.set()
        thread.join()
