import numpy as np
import pytest

from quals_jax.data.buckets import BatchShape, assign, choose_shapes, lengths_of
from quals_jax.data.examples import Seq2SeqExample


def random_lengths(num=500, seed=0):
    rng = np.random.default_rng(seed)
    sources = rng.lognormal(4.5, 0.5, num).astype(int).clip(5, 700)
    return np.stack([sources, rng.integers(1, 6, num), rng.integers(5, 50, num)], axis=1)


def full_tokens(lengths, shapes):
    chosen = [shapes[i] for i in assign(lengths, shapes)]
    return sum(s.S + s.N * s.T for s in chosen)


def test_lengths_are_source_number_of_targets_and_longest_target():
    example = Seq2SeqExample("a", [5, 6, 2], [[7, 2], [7, 8, 9, 2]])
    assert lengths_of([example]).tolist() == [[3, 2, 4]]


@pytest.mark.parametrize("max_shapes", [1, 2, 5, 9])
def test_every_example_fits_a_shape_and_the_shapes_are_few(max_shapes):
    lengths = random_lengths()
    shapes = choose_shapes(lengths, max_tokens=4096, max_shapes=max_shapes)
    assert len(shapes) <= max_shapes
    chosen = assign(lengths, shapes)
    assert chosen.min() >= 0
    edges = np.array([[s.S, s.N, s.T] for s in shapes])
    assert (lengths <= edges[chosen]).all()


def test_more_shapes_waste_less_padding():
    lengths = random_lengths()
    wasted = [
        full_tokens(lengths, choose_shapes(lengths, max_tokens=4096, max_shapes=n))
        for n in (1, 3, 9)
    ]
    assert wasted[0] > 1.3 * wasted[1] > 1.3 * wasted[2] / 1.2
    assert wasted[2] < wasted[1]


def test_two_clusters_get_a_shape_each():
    lengths = np.array([[16, 1, 8]] * 50 + [[400, 5, 40]] * 30)
    shapes = choose_shapes(lengths, max_tokens=2400, max_shapes=2)
    assert [(s.S, s.N, s.T) for s in shapes] == [(24, 1, 8), (400, 5, 40)]


def test_a_batch_stays_within_its_tokens_and_is_a_multiple_of_the_devices():
    lengths = random_lengths()
    for shape in choose_shapes(lengths, max_tokens=5000, max_shapes=6, row_multiple=4):
        assert shape.B % 4 == 0
        assert shape.num_tokens <= 5000 or shape.B == 4


def test_examples_longer_than_the_batch_still_get_a_row():
    [shape] = choose_shapes(np.array([[900, 1, 30]]), max_tokens=100, max_shapes=3)
    assert shape == BatchShape(S=904, N=1, T=32, B=1)


def test_assignment_takes_the_smallest_shape_and_marks_what_fits_none():
    shapes = [BatchShape(50, 1, 10, 4), BatchShape(20, 3, 10, 4), BatchShape(60, 3, 20, 4)]
    lengths = np.array([[20, 1, 10], [30, 1, 3], [30, 2, 3], [61, 1, 1]])
    assert assign(lengths, shapes).tolist() == [0, 0, 2, -1]


def test_no_examples_is_an_error():
    with pytest.raises(ValueError, match="no examples"):
        choose_shapes(np.zeros((0, 3), int), max_tokens=100, max_shapes=3)
