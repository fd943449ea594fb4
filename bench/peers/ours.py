"""quals-jax, as its commands use it."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

import quals_jax
from bench.peers.tasks import DIVERSITY, LABEL_SMOOTHING, TASKS, Task
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.searcher import Searcher
from quals_jax.jobs.host_memory import keep_freed_memory
from quals_jax.scoring import Scorer
from train.optim import OptimConfig, make_optimizer
from train.schedules import ScheduleConfig
from train.step import Batch, Trainer, likelihood_loss

keep_freed_memory()


def versions() -> dict[str, str]:
    """Of what decides the speed."""
    return {"quals-jax": quals_jax.__version__, "jax": jax.__version__}


_compilations: list[float] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: (
        _compilations.append(seconds) if event.endswith("backend_compile_duration") else None
    )
)


def compilations() -> dict[str, float]:
    """So far: their number, and the seconds they took."""
    return {"number": len(_compilations), "seconds": round(sum(_compilations), 2)}


def _lists(ids: np.ndarray) -> list:
    return ids.tolist()


def _scorer(folder: Path, task: Task) -> Callable[[], float]:
    model = load_model_folder(folder)
    scorer = Scorer(model.config, model.params)
    documents, targets = _lists(task.documents()), _lists(task.targets())
    return lambda: float(
        sum(np.sum(log_probs) for row in scorer.score(documents, targets) for log_probs in row)
    )


def _searcher(folder: Path, task: Task) -> Callable[[], float]:
    model = load_model_folder(folder)
    length = task.new_tokens - 1  # and </s>
    options = BeamSearch(
        task.num_beams,
        task.num_groups,
        diversity_strength=DIVERSITY,
        min_len=length,
        max_len=length,
    )
    searcher = Searcher(model.config, model.params, options)
    sources = _lists(task.sources())
    return lambda: float(
        sum(len(found.tokens) for row in searcher.search(sources) for found in row)
    )


def _score(folder: Path) -> Callable[[], float]:
    return _scorer(folder, TASKS["score"])


def _search(name: str) -> Callable[[Path], Callable[[], float]]:
    return lambda folder: _searcher(folder, TASKS[name])


def _quals(folder: Path) -> Callable[[], float]:
    score, search = _scorer(folder, TASKS["quals"]), _searcher(folder, TASKS["quals"])
    return lambda: search() and score()


def _train(folder: Path) -> Callable[[], float]:
    task = TASKS["train"]
    model = load_model_folder(folder)
    optim = OptimConfig(learning_rate=1e-4, schedule=ScheduleConfig("fixed"))
    optimizer, schedule = make_optimizer(optim, num_steps=1000)
    loss = likelihood_loss(LABEL_SMOOTHING)
    trainer = Trainer(model.config, loss, optimizer, schedule, dropout_key=None)
    state = trainer.init(jax.tree.map(np.asarray, model.params))
    batch = Batch(task.sources().astype(np.int32), task.targets().astype(np.int32))

    def step() -> float:
        nonlocal state
        state, metrics = trainer.update(state, [batch])
        return float(metrics.sums.loss / metrics.sums.num_tokens)

    return step


JOBS = {
    "score": _score,
    "diverse60": _search("diverse60"),
    "beam4": _search("beam4"),
    "greedy": _search("greedy"),
    "quals": _quals,
    "train": _train,
}
