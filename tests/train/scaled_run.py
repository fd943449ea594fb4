"""Training runs in processes of their own: ``python -m tests.train.scaled_run CASE WORKDIR``.

JAX_NUM_CPU_DEVICES says how many devices a process has. Prints what it found as JSON.
"""

import dataclasses
import io
import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.data import world
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from quals_jax.parallel.mesh import by_rows, data_mesh
from quals_jax.parallel.processes import start_processes
from train import setup
from train.config import BatchConfig, ConSeqConfig, ContrastData, Experiment, TokenizerConfig
from train.loop import train
from train.losses import chunked_sums, likelihood
from train.metric_log import read_metrics
from train.optim import OptimConfig
from train.schedules import ScheduleConfig
from train.step import Trainer

NUM_STEPS = 20
NUM_STEPS_OF_TWO = 8  # processes that share two cores wait for each other a lot


def conseq_experiment(rows: Path, sharding: str) -> Experiment:
    """ConSeq on 20 documents in batches of 6, two of which make an update."""
    return Experiment(
        data=ContrastData(train=(f"rows:{rows}",), limits=Limits(96, 72, 2)),
        model=BartConfig(
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_heads=2,
            decoder_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_positions=96,
            dropout=0.1,
            attention_dropout=0.0,
            init_std=0.05,
        ),
        tokenizer=TokenizerConfig(learn_vocab_size=500),
        batch=BatchConfig(max_tokens=1100, max_shapes=1, batches_per_step=2),
        optim=OptimConfig(learning_rate=3e-3, schedule=ScheduleConfig("fixed", warmup_steps=0)),
        conseq=ConSeqConfig(max_nll_rise=0.0, negative_weight=0.5),
        num_steps=NUM_STEPS,
        sharding=sharding,
        loss_chunk_tokens=64,
        log_every_steps=1,
        checkpoint_every_steps=10,
    )


def write_contrast_rows(path: Path) -> None:
    """Summaries of the world: the own one as S+, that of another article as S-; some lack one."""
    found = list(world.reference_rows(world.train_articles(20, 1), 1))
    with path.open("w", encoding="utf-8") as file:
        for i, (name, document, summary) in enumerate(found):
            row = {
                "id": name,
                "document": document,
                "positive": summary,
                "negative": found[i - 1][2],
            }
            row["positive_score"] = row["negative_score"] = 0.0
            if i % 5 == 4:
                row["positive" if i % 2 else "negative"] = None
            file.write(json.dumps(row) + "\n")


def rows_of(workdir: Path) -> list[dict]:
    """The metric log without times."""
    rows = read_metrics(workdir / "metrics.jsonl")
    return [{name: v for name, v in row.items() if name != "secs"} for row in rows]


def bytes_per_device(state) -> int:
    return sum(leaf.addressable_shards[0].data.nbytes for leaf in jax.tree.leaves(state))


def one_process_of_eight_devices(folder: Path) -> dict:
    compiled, per_update = [], []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if "backend_compile" in name else None
    )
    update = Trainer.update

    def counting(*args):
        before = len(compiled)
        result = update(*args)
        per_update.append(len(compiled) - before)
        return result

    Trainer.update = counting  # pyrefly: ignore
    found = {}
    for sharding in ("data_parallel", "fully_sharded"):
        workdir = folder / sharding
        state, _ = train(
            conseq_experiment(folder / "rows.jsonl", sharding), workdir, stream=io.StringIO()
        )
        found[sharding] = {
            "bytes": bytes_per_device(state),
            "compilations": [sum(per_update[:2]), sum(per_update[2:])],
            "table": [*state.params["shared"]["embedding"].addressable_shards[0].data.shape],
            "moment": [
                *state.opt_state[1].nu["shared"]["embedding"].addressable_shards[0].data.shape
            ],
        }
        per_update.clear()
    half = folder / "half"
    shutil.copytree(workdir, half)
    shutil.rmtree(half / "checkpoints" / str(NUM_STEPS))
    again, _ = train(conseq_experiment(folder / "rows.jsonl", sharding), half, stream=io.StringIO())
    same = jax.tree.map(lambda x, y: bool((np.asarray(x) == np.asarray(y)).all()), state, again)
    found["resumed_is_the_same"] = all(jax.tree.leaves(same))
    found["sums_in_the_loop"] = sums_in_the_loop()
    return found


def sums_in_the_loop() -> list[int]:
    """How often the gradient of the loss sums over devices: [after the last chunk, within]."""
    rows = by_rows(data_mesh())
    hidden_BNTD = jax.ShapeDtypeStruct((16, 2, 12, 8), jnp.float32, sharding=rows)
    targets_BNT = jax.ShapeDtypeStruct((16, 2, 12), jnp.int32, sharding=rows)

    def loss(table_VD, hidden_BNTD, targets_BNT):
        sums = chunked_sums(
            likelihood(0.1),
            hidden_BNTD,
            table_VD,
            targets_BNT,
            pad_id=1,
            chunk_tokens=32,
            num_shards=jax.device_count(),
        )
        return sums.loss, sums

    gradient = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))
    table_VD = jax.ShapeDtypeStruct((24, 8), jnp.float32)
    text = gradient.lower(table_VD, hidden_BNTD, targets_BNT).compile().as_text()
    lines = [line for line in text.splitlines() if re.search(r"= .* all-reduce\(", line)]
    within = [line for line in lines if "while/body" in line]
    return [len(lines) - len(within), len(within)]


def four_devices(folder: Path) -> dict:
    train(conseq_experiment(folder / "rows.jsonl", "fully_sharded"), folder / "four")
    return {"devices": jax.device_count()}


def share_one_trainer() -> None:
    """Runs that differ in nothing compiled need not compile twice."""
    trainers: list[Trainer] = []

    def one_trainer(*args):
        if not trainers:
            trainers.append(Trainer(*args))
        return trainers[0]

    setup.Trainer = one_trainer  # pyrefly: ignore


def signal_at_update(number: int, process: int, sent: int) -> None:
    """Process ``process`` gets a signal with its so-manieth update."""
    update, updates = Trainer.update, []

    def signalled(*args):
        updates.append(0)
        if jax.process_index() == process and len(updates) == number:
            os.kill(os.getpid(), sent)
        return update(*args)

    Trainer.update = signalled  # pyrefly: ignore


def one_of_two_processes(folder: Path) -> dict:
    """Process 1 gets a signal with its third update; then both continue."""
    start_processes()
    signal_at_update(3, 1, signal.SIGTERM)
    share_one_trainer()
    experiment = dataclasses.replace(
        conseq_experiment(folder / "rows.jsonl", "fully_sharded"), num_steps=NUM_STEPS_OF_TWO
    )
    _, stopped = train(experiment, folder / "two", stream=io.StringIO())
    state, summary = train(experiment, folder / "two", stream=io.StringIO())
    other_config = dataclasses.replace(experiment, log_every_steps=1 + jax.process_index())
    # Rows that each host has on a disk of its own, and not the same.
    own_disk = folder / f"disk{jax.process_index()}"
    own_disk.mkdir()
    lines = (folder / "rows.jsonl").read_text("utf-8").splitlines(keepends=True)
    (own_disk / "rows.jsonl").write_text("".join(lines[jax.process_index() :]), "utf-8")
    os.chdir(own_disk)
    other_data = conseq_experiment(Path("rows.jsonl"), "fully_sharded")
    return {
        "process": jax.process_index(),
        "devices": [jax.local_device_count(), jax.device_count()],
        "stopped": [stopped.step, stopped.stopped_by],
        "steps": summary.step,
        "bytes": bytes_per_device(state),
        "exported": is_in_folder(state.params, folder / "two" / "model"),
        "refused_config": refusal(other_config, folder / "two"),
        "refused_data": refusal(other_data, folder / "refused"),
    }


def refusal(experiment: Experiment, workdir: Path) -> str:
    try:
        train(experiment, workdir, stream=io.StringIO())
    except ValueError as error:
        return str(error)
    return ""


def one_of_four_processes(folder: Path) -> dict:
    """With KILL process 3 dies with its fifth update; without, they continue and train anew."""
    start_processes()
    if os.environ.get("KILL"):
        signal_at_update(5, 3, signal.SIGKILL)
    share_one_trainer()
    experiment = dataclasses.replace(
        conseq_experiment(folder / "rows.jsonl", "data_parallel"),  # compiles sooner
        num_steps=NUM_STEPS_OF_TWO,
        checkpoint_every_steps=3,
    )
    killed, whole = folder / "four_killed", folder / "four_whole"
    _, resumed = train(experiment, killed, stream=io.StringIO())
    train(experiment, whole, stream=io.StringIO())
    weights = [(path / "model" / "model.safetensors").read_bytes() for path in (killed, whole)]
    return {
        "devices": [jax.local_device_count(), jax.device_count()],
        "steps": resumed.step,
        "same_weights": weights[0] == weights[1],
    }


def is_in_folder(params, folder: Path) -> bool:
    """Whether the parts of the parameters that this process has are those of the model folder."""
    same = jax.tree.map(
        lambda x, whole: all(
            np.array_equal(shard.data, np.asarray(whole)[shard.index])
            for shard in x.addressable_shards
        ),
        params,
        load_model_folder(folder).params,
    )
    return all(jax.tree.leaves(same))


CASES = {
    "eight": one_process_of_eight_devices,
    "four": four_devices,
    "two": one_of_two_processes,
    "four_processes": one_of_four_processes,
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](Path(sys.argv[2]))))
