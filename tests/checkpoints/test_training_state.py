import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.training_state import TrainingStore, abstract_like


def state(value):
    return {"w": jnp.full((2, 3), value, jnp.float32), "step": jnp.int32(value)}


@pytest.fixture
def store(tmp_path):
    store = TrainingStore(tmp_path / "checkpoints", keep=2)
    yield store
    store.close()


def test_arrays_and_json_come_back_as_they_were(store):
    store.save(3, state(3.5), {"position": {"epoch": 1}, "best": None})
    step, restored, data = store.restore(abstract_like(state(0)))
    assert step == 3
    np.testing.assert_array_equal(restored["w"], np.full((2, 3), 3.5, np.float32))
    assert restored["step"].dtype == np.int32
    assert data == {"position": {"epoch": 1}, "best": None}


def test_the_newest_are_kept(store, tmp_path):
    for step in (1, 2, 3):
        store.save(step, state(step), {})
    store.wait()
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["2", "3"]
    assert store.latest_step() == 3
    assert float(store.restore(state(0), 2)[1]["w"][0, 0]) == 2.0


def test_later_steps_can_be_deleted(store):
    for step in (4, 6):
        store.save(step, state(step), {})
    store.delete_after(4)
    assert store.latest_step() == 4
    store.save(6, state(60), {})
    assert float(store.restore(state(0))[1]["w"][0, 0]) == 60.0


def test_an_interrupted_save_is_no_checkpoint(store, tmp_path):
    store.save(1, state(1), {})
    store.wait()
    (tmp_path / "checkpoints" / "2.orbax-checkpoint-tmp-0").mkdir()
    again = TrainingStore(tmp_path / "checkpoints")
    assert again.latest_step() == 1
    again.close()


def test_an_empty_store_says_where_it_looked(store, tmp_path):
    with pytest.raises(FileNotFoundError, match="checkpoints: no checkpoint"):
        store.restore(state(0))


def test_a_checkpoint_of_other_shapes_is_refused_with_what_to_do(store):
    store.save(2, state(1), {})
    store.wait()
    turned = state(0) | {"w": state(0)["w"].T}
    with pytest.raises(ValueError, match=r"step 2 is of another model.*another --workdir"):
        store.restore(abstract_like(turned))
