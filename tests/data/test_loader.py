import itertools
import json
import threading
import time

import numpy as np
import pytest

from quals_jax.data.buckets import BatchShape, lengths_of
from quals_jax.data.examples import Seq2SeqExample
from quals_jax.data.loader import Loader, Position, Rows, prefetch

PAD, EOS = 1, 2
SHAPES = [BatchShape(6, 2, 4, 4), BatchShape(12, 3, 5, 4)]


def make_examples(num=23, seed=0):
    rng = np.random.default_rng(seed)

    def ids(low, high):
        return [*rng.integers(4, 90, rng.integers(low, high)).tolist(), EOS]

    return [
        Seq2SeqExample(f"e{i}", ids(1, 12), [ids(1, 5) for _ in range(rng.integers(1, 4))])
        for i in range(num)
    ]


EXAMPLES = make_examples()


def make_loader(**options):
    return Loader(
        lambda index, epoch: EXAMPLES[index],
        lengths_of(EXAMPLES),
        SHAPES,
        pad_id=PAD,
        eos_id=EOS,
        **options,
    )


def content(batches):
    return [(b.ids, b.src_BS.tolist(), b.targets_BNT.tolist()) for b in batches]


def take(loader, position, num):
    steps = list(itertools.islice(loader.steps(position), num))
    return [content(batches) for batches, _ in steps], [p for _, p in steps]


def test_an_epoch_holds_every_example_once():
    loader = make_loader()
    steps = itertools.islice(loader.steps(Position(seed=7)), loader.steps_per_epoch)
    ids = [name for batches, _ in steps for batch in batches for name in batch.ids if name]
    assert sorted(ids) == sorted(e.id for e in EXAMPLES)


def test_rows_hold_the_tokens_and_padding_of_their_example():
    loader = make_loader()
    by_id = {e.id: e for e in EXAMPLES}
    for batch in loader.once():
        for row, name in enumerate(batch.ids):
            source = [t for t in batch.src_BS[row].tolist() if t != PAD]
            targets = [[t for t in n if t != PAD] for n in batch.targets_BNT[row].tolist()]
            if name:
                assert source == by_id[name].source
                assert [t for t in targets if t] == by_id[name].targets
            else:
                assert source == [EOS]
                assert not any(targets)


def test_evaluation_reads_every_example_once_in_the_same_order():
    batches = list(make_loader().once())
    ids = [name for batch in batches for name in batch.ids if name]
    assert sorted(ids) == sorted(e.id for e in EXAMPLES)
    assert content(batches) == content(make_loader().once())
    assert sum(b.num_examples for b in batches) == len(EXAMPLES)


def test_the_order_follows_from_seed_and_epoch():
    loader = make_loader()
    epochs = {
        (seed, epoch): str([members.tolist() for _, members in loader.plan(seed, epoch)])
        for seed in (1, 2)
        for epoch in (0, 1)
    }
    assert len(set(epochs.values())) == 4
    assert epochs[1, 0] == str([m.tolist() for _, m in make_loader().plan(1, 0)])


@pytest.mark.parametrize("batches_per_step", [1, 2])
def test_a_saved_position_continues_with_the_batches_that_would_have_followed(batches_per_step):
    loader = make_loader(batches_per_step=batches_per_step)
    num = 2 * loader.steps_per_epoch + 2
    steps, positions = take(loader, Position(seed=3), num)
    for done in (1, loader.steps_per_epoch, loader.steps_per_epoch + 1):
        saved = json.loads(json.dumps(positions[done - 1].to_json()))
        again, _ = take(
            make_loader(batches_per_step=batches_per_step), Position.from_json(saved), num - done
        )
        assert again == steps[done:]


def test_a_step_takes_several_batches_and_fewer_at_the_end_of_an_epoch():
    loader = make_loader(batches_per_step=4)
    num_batches = len(loader.plan(0, 0))
    assert num_batches % 4
    sizes = [
        len(batches)
        for batches, _ in itertools.islice(loader.steps(Position(0)), loader.steps_per_epoch)
    ]
    assert sizes == [4] * (num_batches // 4) + [num_batches % 4]


def test_processes_hold_disjoint_rows_that_join_to_the_whole_batch():
    whole = list(make_loader().once())
    halves = [list(make_loader(rows=Rows(i, 2)).once()) for i in range(2)]
    for batch, first, second in zip(whole, *halves, strict=True):
        joined = np.concatenate([first.src_BS, second.src_BS])
        assert joined.tolist() == batch.src_BS.tolist()
        assert first.ids + second.ids == batch.ids


def test_the_number_of_devices_adds_rows_that_only_pad_and_changes_nothing_else():
    whole, padded = list(make_loader().once()), list(make_loader(row_multiple=8).once())
    for batch, wide in zip(whole, padded, strict=True):
        assert len(wide.src_BS) == len(wide.targets_BNT) == 8
        assert wide.ids == batch.ids + ("",) * 4
        assert wide.src_BS[:4].tolist() == batch.src_BS.tolist()
        assert wide.num_examples == batch.num_examples
    assert make_loader(row_multiple=8).plan(1, 2)[3][1].tolist() == (
        make_loader().plan(1, 2)[3][1].tolist()
    )
    assert make_loader(row_multiple=8).padding > make_loader().padding
    half = next(make_loader(row_multiple=8, rows=Rows(1, 2)).once())
    assert half.ids == ("",) * 4
    assert half.num_examples == whole[0].num_examples > 0  # of the whole batch


def test_an_example_that_fits_no_shape_is_an_error():
    with pytest.raises(ValueError, match=r"\[99, 1, 3\] fits no shape"):
        Loader(lambda i, e: EXAMPLES[i], np.array([[99, 1, 3]]), SHAPES, pad_id=PAD, eos_id=EOS)


def test_padding_is_the_share_of_tokens_that_are_none():
    lengths = np.array([[6, 2, 4]] * 4)
    loader = Loader(lambda i, e: EXAMPLES[i], lengths, SHAPES, pad_id=PAD, eos_id=EOS)
    assert loader.padding == 0.0


def test_prefetch_gives_the_same_items_and_works_ahead():
    made = []

    def items():
        for i in range(5):
            made.append(i)
            yield i

    ahead = prefetch(items(), depth=2)
    assert next(ahead) == 0
    deadline = time.monotonic() + 10
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(made) >= 3
    assert list(ahead) == [1, 2, 3, 4]


def test_an_error_of_the_reader_is_raised_where_the_batch_is_taken():
    def items():
        yield 1
        raise OSError("disk gone")

    ahead = prefetch(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(ahead)


def test_closing_prefetch_ends_its_thread():
    ahead = prefetch(itertools.count())
    next(ahead)
    ahead.close()
    assert not [t for t in threading.enumerate() if t.name == "batches"]
