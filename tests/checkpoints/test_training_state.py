import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.training_state import TrainingStore, abstract_like
from quals_jax.checkpoints.weight_file import CheckpointError


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


def test_what_a_killed_run_did_not_delete_is_deleted_when_it_goes_on(tmp_path):
    killed = TrainingStore(tmp_path / "checkpoints", keep=None)
    for step in (1, 2, 3, 4):
        killed.save(step, state(step), {}, wait=True)
    killed.close()
    store = TrainingStore(tmp_path / "checkpoints", keep=2)
    assert store.newest_undamaged(tell=print) == 4
    store.close()
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["3", "4"]


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


@pytest.fixture
def two(store):
    """A store with steps 1 and 2."""
    for step in (1, 2):
        store.save(step, state(step), {"step": step})
    store.wait()
    return store


def files_of(step_folder):
    return sorted(path for path in step_folder.rglob("*") if path.is_file())


def test_every_file_of_a_checkpoint_is_covered(two, tmp_path):
    """F30: whichever byte is flipped, the checkpoint is passed over or comes back the same."""
    folder, harmless = tmp_path / "checkpoints" / "2", []
    assert len(files_of(folder)) > 8
    for path in files_of(folder):
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        if two.damage(2) is None:
            harmless.append(path.name)
            _, restored, data = two.restore(abstract_like(state(0)), 2)
            np.testing.assert_array_equal(restored["w"], state(2)["w"])
            assert data == {"step": 2}
        path.write_bytes(whole)
    assert sorted(harmless) == ["_CHECKPOINT_METADATA", "commit_success.txt"]
    assert two.damage(2) is None


@pytest.mark.parametrize("fault", ["flipped", "deleted", "half"])
def test_a_damaged_checkpoint_is_passed_over_and_deleted(two, tmp_path, fault):
    arrays = files_of(tmp_path / "checkpoints" / "2" / "state")
    path = max(arrays, key=lambda path: path.stat().st_size)
    whole = path.read_bytes()
    path.unlink()
    if fault != "deleted":
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 8]) if fault == "flipped" else whole[:-9])
    told = []
    assert two.newest_undamaged(tell=told.append) == 1
    [line] = told
    assert "DAMAGED CHECKPOINT of step 2" in line
    assert path.name in line
    assert "step 1 is continued" in line
    assert two.steps() == [1]
    two.save(2, state(20), {})
    assert two.newest_undamaged(tell=told.append) == 2
    assert float(two.restore(state(0), 2)[1]["w"][0, 0]) == 20.0


def test_a_strict_store_stops_at_a_damaged_checkpoint_and_keeps_it(two, tmp_path):
    files_of(tmp_path / "checkpoints" / "2")[-1].unlink()
    with pytest.raises(CheckpointError, match=r"step 2: .* is missing.*Without --strict-resume"):
        two.newest_undamaged(tell=print, strict=True)
    assert two.steps() == [1, 2]
    assert two.newest_undamaged(tell=print) == 1


def test_where_all_are_damaged_nothing_begins_anew(two, tmp_path):
    for step in (1, 2):
        files_of(tmp_path / "checkpoints" / str(step))[-1].unlink()
    with pytest.raises(CheckpointError, match=r"step 2: .*; step 1: .*Bring it back from a copy"):
        two.newest_undamaged(tell=print)
    assert two.steps() == [1, 2]


def test_damaged_arrays_are_not_restored(two, tmp_path):
    files_of(tmp_path / "checkpoints" / "2")[-1].unlink()
    with pytest.raises(CheckpointError, match=r"checkpoints/2: damaged checkpoint"):
        two.restore(abstract_like(state(0)))
