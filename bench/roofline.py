"""Where the time goes: each part of the work beside what the machine allows. Prints JSON.

    python -m bench.roofline [--size base] [--dtype float32] [-o bench/results/roofline.json]

The machine's limits are measured first: a large matrix product, and a pass over a large array. A
part's floor is its floating-point operations at the first or its bytes (weights, caches, logits:
each read or written once) at the second, whichever takes longer. Shapes are those of `bench.peers`.
"""

import dataclasses
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from bench.peers.random_model import SIZES
from bench.peers.tasks import LABEL_SMOOTHING, TASKS
from quals_jax.decoding.groups import best_choices
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.rules import next_rules
from quals_jax.jobs.claim import write_json
from quals_jax.jobs.host_memory import keep_freed_memory
from quals_jax.models.bart import bind, init_params
from quals_jax.models.config import BartConfig
from quals_jax.models.flops import bart_flops, encoder_flops
from quals_jax.models.log_normaliser import log_normaliser
from quals_jax.scoring import target_log_probs, token_log_probs
from train.optim import OptimConfig, make_optimizer
from train.schedules import ScheduleConfig
from train.step import Batch, Trainer, likelihood_loss


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What is measured."""

    size: Literal["tiny", "base", "large"] = "base"
    """Of BART."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of matrix products."""
    repeat: int = 5
    """Timed runs of every part, after the first."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """JSON file."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of work: what it computes, and what it must at least do."""

    name: str
    run: Callable[[], Any]
    flops: float
    num_bytes: float


def limits(dtype: str, repeat: int) -> dict[str, float]:
    """Floating-point operations per second of a large product, bytes per second of a pass."""
    size = 2048 if jax.default_backend() == "cpu" else 8192
    a = jnp.ones((size, size), dtype)
    product = jax.jit(lambda a: a @ a)
    long = jnp.ones(2**26, jnp.float32)
    add = jax.jit(lambda x: x + 1.0, donate_argnums=0)

    def again() -> jax.Array:
        nonlocal long
        long = add(long)
        return long

    return {
        "flops_per_second": 2.0 * size**3 / seconds_of(lambda: product(a), repeat)[0],
        "bytes_per_second": 2.0 * long.nbytes / seconds_of(again, repeat)[0],
    }


def seconds_of(run: Callable[[], Any], repeat: int) -> tuple[float, float, float]:
    """Median seconds of a call, fastest and slowest, everything compiled."""
    jax.block_until_ready(run())
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return statistics.median(times), min(times), max(times)


def scoring_parts(config: BartConfig, params: Any) -> list[Part]:
    """Ten pairs of 30 tokens on each of eight documents of 512."""
    task = TASKS["score"]
    B, S, N, T = task.num_sources, task.source_tokens, task.num_targets, task.target_tokens
    src_BS, targets_BNT = jnp.asarray(task.documents()), jnp.asarray(task.targets())
    mask_BS = jnp.ones((B, S), bool)
    encode = jax.jit(lambda params: bind(config, params).encode(src_BS, mask_BS))
    keys_values = jax.jit(lambda params, enc: bind(config, params).cross_keys_values(enc))
    pairs = jax.jit(
        lambda params, cross: target_log_probs(bind(config, params), cross, mask_BS, targets_BNT)
    )
    whole = jax.jit(
        lambda params: token_log_probs(bind(config, params), src_BS, mask_BS, targets_BNT)
    )
    enc = encode(params)
    cross = keys_values(params, enc)
    D, L = config.d_model, config.decoder_layers
    of_encoder = B * encoder_flops(config, S)
    of_cross = 4.0 * B * S * L * D * D
    of_all = B * bart_flops(config, S, N, T)
    weights = nbytes(params)
    return [
        Part("score: encoder", lambda: encode(params), of_encoder, nbytes(params["encoder"])),
        Part("score: keys and values", lambda: keys_values(params, enc), of_cross, nbytes(cross)),
        Part(
            "score: decoder and vocabulary",
            lambda: pairs(params, cross),
            of_all - of_encoder - of_cross,
            nbytes(params["decoder"]) + nbytes(params["shared"]) + nbytes(cross),
        ),
        Part("score", lambda: whole(params), of_all, weights),
    ]


def search_parts(config: BartConfig, params: Any) -> list[Part]:
    """A step of 60 groups of one beam for each of two sources of 64 tokens, half way."""
    task = TASKS["diverse60"]
    B, S, N, T = task.num_sources, task.source_tokens, task.num_beams, task.new_tokens
    options = BeamSearch(N, task.num_groups, min_len=8, max_len=T - 1)
    mask_BS = jnp.ones((B, S), bool)
    rng = np.random.default_rng(0)
    tokens_BN = jnp.asarray(rng.integers(4, config.vocab_size, (B, N)), jnp.int32)
    position = jnp.int32(T // 2)

    @jax.jit
    def start(params: Any) -> Any:
        model = bind(config, params)
        cross = model.cross_keys_values(model.encode(jnp.asarray(task.sources()), mask_BS))
        return cross, model.init_cache(B, N, T)

    def layers(params: Any, cross: Any, cache: Any) -> Any:
        return bind(config, params).decode_step(tokens_BN, position, cache, cross, mask_BS)

    @jax.jit
    def choice(logits_BNV: jax.Array) -> Any:
        order_BN = jnp.broadcast_to(jnp.arange(N)[None], (B, N))
        rules = next_rules(position, None, options, None, (B, N), config.pad_id, config.eos_id)
        norm_BN = log_normaliser(logits_BNV)
        totals_BN, active_B = jnp.zeros((B, N)), jnp.ones(B, bool)
        return best_choices(logits_BNV, norm_BN, order_BN, rules, totals_BN, active_B, options)

    head = jax.jit(lambda params, hidden: bind(config, params).logits(hidden))
    step = jax.jit(layers, donate_argnums=2)
    cross, cache = start(params)

    def one_step() -> jax.Array:
        nonlocal cache
        hidden, cache = step(params, cross, cache)
        return hidden

    hidden_BND = one_step()
    logits_BNV = head(params, hidden_BND)
    per_row = bart_flops(config, S, 1, 1) - bart_flops(config, S, 0, 0)
    of_head = 2.0 * B * N * config.vocab_size * config.d_model
    decoder = nbytes(params["decoder"]) - nbytes(params["decoder"]["positions"])
    table = nbytes(params["shared"])
    return [
        Part(
            "search step: layers",
            one_step,
            B * N * per_row - of_head,
            decoder + nbytes(cross) + nbytes(cache),
        ),
        Part(
            "search step: vocabulary",
            lambda: head(params, hidden_BND),
            of_head,
            table + logits_BNV.nbytes,
        ),
        Part("search step: choice", lambda: choice(logits_BNV), 0.0, logits_BNV.nbytes),
    ]


def training_parts(config: BartConfig, params: Any) -> list[Part]:
    """A step of eight sources of 256 tokens and targets of 64, without dropout."""
    task = TASKS["train"]
    optim = OptimConfig(learning_rate=1e-4, schedule=ScheduleConfig("fixed"))
    optimizer, schedule = make_optimizer(optim, num_steps=1000)
    trainer = Trainer(config, likelihood_loss(LABEL_SMOOTHING), optimizer, schedule, None)
    state = trainer.init(jax.tree.map(np.asarray, params))
    batch = Batch(task.sources().astype(np.int32), task.targets().astype(np.int32))
    step = jnp.zeros((), jnp.int32)

    def update() -> Any:
        nonlocal state
        state, metrics = trainer.update(state, [batch])
        return metrics

    rows = task.num_sources * bart_flops(config, task.source_tokens, 1, task.target_tokens)
    weights = nbytes(params)
    return [
        Part(
            "training step: gradients",
            lambda: trainer.gradients(state.params, batch, step),
            3.0 * rows,
            3.0 * weights,
        ),
        # Reads gradient, parameter and both moments, writes all but the gradient.
        Part("training step", update, 3.0 * rows, 10.0 * weights),
    ]


def nbytes(tree: Any) -> float:
    """Of all arrays."""
    return float(sum(leaf.nbytes for leaf in jax.tree.leaves(tree)))


def measured(part: Part, bounds: dict[str, float], repeat: int) -> dict[str, Any]:
    """A part's line of the result."""
    median, fastest, slowest = seconds_of(part.run, repeat)
    by_flops = part.flops / bounds["flops_per_second"]
    by_bytes = part.num_bytes / bounds["bytes_per_second"]
    floor = max(by_flops, by_bytes)
    return {
        "part": part.name,
        "gigaflops": round(part.flops / 1e9, 2),
        "gigabytes": round(part.num_bytes / 1e9, 3),
        "limit": "operations" if by_flops >= by_bytes else "bytes",
        "floor_seconds": round(floor, 4),
        "seconds": round(median, 4),
        "fastest": round(fastest, 4),
        "slowest": round(slowest, 4),
        "of_floor": round(floor / median, 3),
        "gigaflops_per_second": round(part.flops / median / 1e9, 1),
    }


def parse(arguments: Sequence[str]) -> Arguments:
    """The arguments of the command."""
    return tyro.cli(
        Arguments, prog="python -m bench.roofline", description=__doc__, args=list(arguments)
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command."""
    args = parse(arguments)
    keep_freed_memory()
    config: BartConfig = dataclasses.replace(SIZES[args.size], dtype=args.dtype)
    params = init_params(config, seed=0)
    bounds = limits(args.dtype, args.repeat)
    rows = []
    for parts in (scoring_parts, search_parts, training_parts):
        for part in parts(config, params):
            rows.append(measured(part, bounds, args.repeat))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    device = jax.devices()[0]
    content = {
        "command": f"python -m bench.roofline --size {args.size} --dtype {args.dtype}",
        "date": time.strftime("%Y-%m-%d"),
        "device": device.device_kind,
        "threads": len(os.sched_getaffinity(0)),
        "jax": jax.__version__,
        **{name: round(value / 1e9, 1) for name, value in bounds.items()},
        "parts": rows,
    }
    content["giga_flops_per_second"] = content.pop("flops_per_second")
    content["giga_bytes_per_second"] = content.pop("bytes_per_second")
    print(json.dumps(content, indent=1))
    if args.output is not None:
        write_json(args.output, content)


if __name__ == "__main__":
    main(sys.argv[1:])
