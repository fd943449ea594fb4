import pytest

from quals_jax.parallel.processes import find_processes

SLURM = {
    "SLURM_JOB_ID": "77",
    "SLURM_STEP_NODELIST": "node[1-2]",
    "SLURM_NTASKS": "2",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "0",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
}
FLAGS = {"coordinator": "10.0.0.1:99", "num_processes": 2, "process_id": 0}
EXPLICIT = {
    "coordinator_address": "10.0.0.1:99",
    "num_processes": 2,
    "process_id": 0,
    "cluster_detection_method": "deactivate",
}


def test_a_plain_command_is_one_process():
    assert find_processes({}, "") is None
    assert find_processes({}, "cuda,cpu") is None


def test_tpu_hosts_find_each_other():
    assert find_processes({}, "tpu,cpu") == {}


def test_flags_and_environment_say_the_same():
    env = {
        "JAX_COORDINATOR_ADDRESS": "10.0.0.1:99",
        "JAX_NUM_PROCESSES": "2",
        "JAX_PROCESS_ID": "0",
    }
    assert find_processes({}, "", **FLAGS) == find_processes(env, "") == EXPLICIT
    # Flags win, and both win over a cluster.
    other = env | SLURM | {"JAX_PROCESS_ID": "1", "JAX_COORDINATOR_ADDRESS": "b:1"}
    assert find_processes(other, "tpu", **FLAGS) == EXPLICIT


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"process_id": None}, "process_id is missing"),
        ({"coordinator": "", "num_processes": None}, "coordinator and num_processes is missing"),
        ({"coordinator": "10.0.0.1"}, "expected HOST:PORT"),
        ({"process_id": 2}, "process_id is 2, expected 0 to 1"),
    ],
)
def test_incomplete_and_impossible_processes_are_refused(change, expected):
    with pytest.raises(ValueError, match=expected):
        find_processes({}, "", **FLAGS | change)


def test_numbers_in_the_environment_are_checked():
    with pytest.raises(ValueError, match="JAX_PROCESS_ID is 'one'"):
        find_processes({"JAX_PROCESS_ID": "one"}, "")


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ({"SLURM_GPUS_ON_NODE": "4"}, [0, 1, 2, 3]),  # one task per node drives all of them
        ({"CUDA_VISIBLE_DEVICES": "2,5"}, [0, 1]),
        ({"SLURM_STEP_TASKS_PER_NODE": "4(x2)", "SLURM_GPUS_ON_NODE": "4"}, None),  # JAX: one each
        ({"SLURM_STEP_TASKS_PER_NODE": "4", "CUDA_VISIBLE_DEVICES": "0"}, [0]),  # sees its own only
        ({}, None),
    ],
)
def test_slurm_tasks_get_their_gpus(gpus, expected):
    found = find_processes(SLURM | gpus, "")
    assert found == {"cluster_detection_method": "slurm", "local_device_ids": expected}


def test_a_slurm_shell_or_a_step_of_one_task_is_one_process():
    assert find_processes(SLURM | {"SLURM_STEP_NUM_TASKS": "1"}, "") is None
    shell = {name: value for name, value in SLURM.items() if name != "SLURM_STEP_NUM_TASKS"}
    assert find_processes(shell, "") is None
