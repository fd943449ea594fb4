"""Times searches with a BART of random weights and prints one JSON object.

    python bench/search.py [--size base|large|tiny] [--dtype float32|bfloat16] [--repeat 3]
        [--case diverse60] [--case beam4]

``seconds`` is the median of a call with everything compiled; ``model_seconds`` the same number of
steps of the model alone (same rows, no search), so their difference is what the search costs.
``cpu_seconds`` and ``model_cpu_seconds`` are the process's, all threads: they say more than the
clock on a machine that others use.
Each case runs as the random weights would have it (hypotheses hardly ever end, nothing branches
in diverse60) and with ``ends``: ``</s>`` is made so probable that hypotheses end all the time and
rows of the cache are copied, about 60 per source and search as in real use.
"""

import argparse
import functools
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from quals_jax.decoding.bart_step import bart_step
from quals_jax.decoding.beam import beam_search
from quals_jax.decoding.options import BeamSearch, Sampling, TopK
from quals_jax.decoding.sampling import sample
from quals_jax.models.bart import bind, init_params
from quals_jax.models.config import BartConfig

STEPS = 40
CASES = {
    "diverse60": (2, BeamSearch(60, num_groups=60, min_len=8, max_len=STEPS - 1)),
    "beam4": (16, BeamSearch(4, min_len=8, max_len=STEPS - 1)),
    "greedy": (16, BeamSearch(1, min_len=8, max_len=STEPS - 1)),
    "sample6": (16, Sampling(6, TopK(50), min_len=8, max_len=STEPS - 1)),
}
SOURCE_LEN = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=("tiny", "base", "large"), default="base")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rows", type=int, help="sources per batch instead of the case's own")
    parser.add_argument("--case", action="append", choices=sorted(CASES))
    flags = parser.parse_args()

    sizes = {"tiny": BartConfig.tiny, "base": BartConfig.base, "large": BartConfig.large}
    config = BartConfig(**{**vars(sizes[flags.size]()), "dtype": flags.dtype})
    params = init_params(config, seed=0)
    results = []
    for name in flags.case or ("diverse60", "beam4"):
        rows, options = CASES[name]
        results += measure(name, config, params, flags.rows or rows, options, flags.repeat)
    device = jax.devices()[0]
    header = {"jax": jax.__version__, "device": device.device_kind, "size": flags.size}
    print(json.dumps({**header, "dtype": flags.dtype, "results": results}, indent=1))


def measure(
    name: str, config: BartConfig, params: Any, B: int, options: Any, repeat: int
) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    src_BS = rng.integers(4, config.vocab_size, (B, SOURCE_LEN)).astype(np.int32)
    src_BS[:, -1] = config.eos_id
    N = options.num_samples if isinstance(options, Sampling) else options.num_beams

    def prepare(params: Any, src_BS: Any, eos_bias: Any) -> tuple[Callable[..., Any], Any]:
        model = bind(config, params)
        mask_BS = src_BS != config.pad_id
        cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
        plain = bart_step(model, cross, mask_BS)
        eos_V = (jnp.arange(config.vocab_size) == config.eos_id)[None, None]

        def step(tokens_BN: Any, position: Any, cache: Any) -> tuple[Any, Any]:
            logits_BNV, cache = plain(tokens_BN, position, cache)
            return logits_BNV + jnp.where(eos_V, eos_bias, 0.0), cache

        return step, model.init_cache(B, N, options.max_len + 1)

    def search(params: Any, src_BS: Any, eos_bias: Any) -> Any:
        step, cache = prepare(params, src_BS, eos_bias)
        valid_B = jnp.ones(B, bool)
        if isinstance(options, Sampling):
            return sample(step, cache, options, jax.random.split(jax.random.key(0), B), valid_B)
        return beam_search(step, cache, options, valid_B)

    def model_only(params: Any, src_BS: Any, eos_bias: Any) -> Any:
        step, cache = prepare(params, src_BS, eos_bias)

        def body(position: Any, carry: Any) -> Any:
            tokens_BN, cache = carry
            logits_BNV, cache = step(tokens_BN, position, cache)
            return logits_BNV[..., :2].max(-1).astype(jnp.int32), cache

        start = jnp.full((B, N), config.eos_id, jnp.int32)
        return jax.lax.fori_loop(0, STEPS, body, (start, cache))[0]

    time_call = functools.partial(_time, repeat=repeat)
    model_seconds, model_cpu, _, _ = time_call(model_only, params, src_BS, 0.0)
    results = []
    for kind, eos_bias in (("plain", 0.0), ("ends", 6.0)):
        seconds, cpu, compile_seconds, found = time_call(search, params, src_BS, eos_bias)
        results.append(
            {
                "case": name,
                "kind": kind,
                "sources": B,
                "hypotheses": N,
                "steps": int(found.lengths_BN.max()),
                "mean_length": round(float(found.lengths_BN.mean()), 1),
                "seconds": round(seconds, 3),
                "model_seconds": round(model_seconds, 3),
                "cpu_seconds": round(cpu, 2),
                "model_cpu_seconds": round(model_cpu, 2),
                "rows_steps_per_second": round(B * N * STEPS / seconds),
                "compile_seconds": round(compile_seconds, 1),
            }
        )
    return results


def _time(function: Any, *arguments: Any, repeat: int) -> tuple[float, float, float, Any]:
    start = time.perf_counter()
    compiled = jax.jit(function).lower(*arguments).compile()
    compile_seconds = time.perf_counter() - start
    result = jax.block_until_ready(compiled(*arguments))
    times, cpu_times = [], []
    for _ in range(repeat):
        start, cpu_start = time.perf_counter(), time.process_time()
        result = jax.block_until_ready(compiled(*arguments))
        times.append(time.perf_counter() - start)
        cpu_times.append(time.process_time() - cpu_start)
    return statistics.median(times), statistics.median(cpu_times), compile_seconds, result


if __name__ == "__main__":
    main()
