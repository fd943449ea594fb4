import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from quals_jax.checkpoints.model_folder import load_model_folder, save_model_folder
from quals_jax.checkpoints.training_state import TrainingStore, abstract_like
from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.text.byte_bpe import train_byte_bpe

TOKENIZER = train_byte_bpe(["The cat sat on the mat."], 270)
CONFIG = BartConfig(
    vocab_size=TOKENIZER.vocab_size,
    d_model=8,
    encoder_layers=1,
    decoder_layers=1,
    encoder_heads=2,
    decoder_heads=2,
    encoder_ffn_dim=5,
    decoder_ffn_dim=7,
    max_positions=11,
)


@pytest.fixture
def store(tmp_path):
    store = TrainingStore(tmp_path / "run", keep=2)
    yield store
    store.close()


def state(seed: int):
    params = init_params(CONFIG, seed)
    moments = jax.tree.map(lambda leaf: leaf * 3, optax.adam(1e-3).init(params))
    return {"params": params, "opt_state": moments, "step": jnp.asarray(seed)}


def assert_equal(actual, expected):
    jax.tree.map(np.testing.assert_array_equal, actual, expected)


def test_state_and_data_come_back_bit_identical(store):
    saved, data = state(5), {"position": {"epoch": 1, "row": 37}, "best": None, "config": "3f2a"}
    store.save(5, saved, data, wait=True)
    step, found, found_data = store.restore(abstract_like(state(0)))
    assert (step, found_data) == (5, data)
    assert_equal(found, saved)
    assert jax.tree.structure(found) == jax.tree.structure(saved)


def test_newest_checkpoints_are_kept_and_any_of_them_is_restored(store):
    for seed in (1, 2, 3):
        store.save(seed, state(seed), {"seed": seed}, wait=True)
    assert store.latest_step() == 3
    step, found, data = store.restore(abstract_like(state(0)), step=2)
    assert (step, data) == (2, {"seed": 2})
    assert_equal(found, state(2))
    with pytest.raises(FileNotFoundError):
        store.restore(abstract_like(state(0)), step=1)


def test_later_checkpoints_are_deleted_on_request(store):
    for seed in (1, 2):
        store.save(seed, state(seed), {}, wait=True)
    store.delete_after(1)
    assert store.latest_step() == 1


def test_a_folder_without_checkpoints_says_so(store, tmp_path):
    assert store.latest_step() is None
    with pytest.raises(FileNotFoundError, match="run: no checkpoint"):
        store.restore(abstract_like(state(0)))


def test_a_half_written_checkpoint_is_not_the_newest(store, tmp_path):
    store.save(1, state(1), {}, wait=True)
    # What a killed process leaves behind: Orbax renames a checkpoint when it is complete.
    (tmp_path / "run" / "2.orbax-checkpoint-tmp").mkdir()
    again = TrainingStore(tmp_path / "run")
    assert again.latest_step() == 1
    assert_equal(again.restore(abstract_like(state(0)))[1], state(1))
    again.close()


def test_state_of_another_model_is_refused(store):
    store.save(1, state(1), {}, wait=True)
    target = state(0)
    target["params"]["shared"]["embedding"] = jnp.zeros((3, 8))
    with pytest.raises(ValueError, match=r"embedding|shape"):
        store.restore(abstract_like(target))


def test_training_state_to_model_folder_and_back_is_bit_identical(store, tmp_path):
    store.save(1, state(1), {}, wait=True)
    params = store.restore(abstract_like(state(0)))[1]["params"]
    save_model_folder(tmp_path / "model", CONFIG, params, TOKENIZER)
    assert_equal(load_model_folder(tmp_path / "model").params, state(1)["params"])


_OTHER_MESH = """
import sys
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from quals_jax.checkpoints.training_state import TrainingStore, abstract_like

def placed(shape, spec):
    mesh = jax.make_mesh(shape, ("data", "model"), axis_types=(AxisType.Auto,) * 2)
    table = jnp.arange(8 * 12, dtype=jnp.float32).reshape(8, 12)
    return {
        "table": jax.device_put(table, NamedSharding(mesh, spec)),
        "step": jax.device_put(jnp.asarray(7), NamedSharding(mesh, P())),
    }

store = TrainingStore(sys.argv[1])
saved = placed((4, 2), P("data", "model"))
store.save(7, saved, {}, wait=True)
target = placed((2, 4), P("model"))
step, found, _ = store.restore(abstract_like(target))
np.testing.assert_array_equal(found["table"], saved["table"])
assert found["table"].sharding == target["table"].sharding != saved["table"].sharding
assert int(found["step"]) == 7
store.close()
print("restored on", len(jax.devices()))
"""


def test_checkpoints_move_to_another_mesh(tmp_path):
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "8"}
    command = [sys.executable, "-c", _OTHER_MESH, str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "restored on 8", done.stderr
