"""Times the model work of QUALS and of QAGS on the same rows and prints one JSON object.

    python bench/quals_vs_qags.py [--size tiny|base|large] [--rows 8] [--input rows.jsonl]
        [--dtype float32|bfloat16] [--repeat 3] [--paper]

QUALS has one model (BART), QAGS two of the same size (BART that writes questions, BERT that
answers them); each is batched as the package batches it. Weights are random, so filters and lengths
are set: every pair has 20 tokens, every question 12, and 10 questions of a summary are asked of its
document. Rows have the lengths of ``--input`` (fields document and summary, about 1.3 tokens a
word) or those of XSum's test set: 430 and 27 tokens. ``--paper`` takes the counts of the QAGS paper
(10 questions per candidate, 20 asked) instead of the released script's.

The paper's 55 compares the authors' two programs on a GPU: three models, stages that write files,
other batches. ``ratio`` here is of the same work done alike.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from quals_jax.answering import SpanAnswerer, _Window
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.searcher import Searcher
from quals_jax.models import bart, bert
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig
from quals_jax.scoring import Scorer

PAIR_TOKENS, QUESTION_TOKENS, CANDIDATE_TOKENS = 20, 12, 4
NUM_PAIRS = 10
XSUM = (430, 27)
PAPERS_RATIO = 55


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=("tiny", "base", "large"), default="base")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--input", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--paper", action="store_true")
    flags = parser.parse_args()
    candidates, beams, questions = (10, 10, 20) if flags.paper else (10, 5, 10)

    config = {"tiny": BartConfig.tiny, "base": BartConfig.base, "large": BartConfig.large}[
        flags.size
    ]()
    config = BartConfig(**{**vars(config), "dtype": flags.dtype, "max_positions": 1024})
    rng = np.random.default_rng(0)
    rows = [(tokens(rng, d, config), tokens(rng, s, config)) for d, s in lengths(flags)]
    quals = quals_work(config, rows, rng)
    qags = qags_work(config, rows, rng, candidates, beams, questions)
    timed = {"quals": measure(quals, flags.repeat), "qags": measure(qags, flags.repeat)}
    for figures in timed.values():
        figures["rows_per_sec"] = round(len(rows) / figures["seconds"], 4)
    device = jax.devices()[0]
    header = {"jax": jax.__version__, "device": device.device_kind, "devices": jax.device_count()}
    header |= {"size": flags.size, "dtype": flags.dtype, "rows": len(rows)}
    header |= {"candidates": candidates, "beams": beams, "questions": questions}
    ratio = timed["qags"]["seconds"] / timed["quals"]["seconds"]
    shown = {**header, **timed, "ratio": round(ratio, 2), "papers_ratio": PAPERS_RATIO}
    print(json.dumps(shown, indent=1))


def lengths(flags: argparse.Namespace) -> list[tuple[int, int]]:
    """Tokens of document and summary of each row."""
    if flags.input is None:
        return [XSUM] * flags.rows
    with flags.input.open(encoding="utf-8") as file:
        texts = [json.loads(line) for _, line in zip(range(flags.rows), file, strict=False)]
    return [
        tuple(
            min(900, max(4, round(1.3 * len(text[key].split())))) for key in ("document", "summary")
        )
        for text in texts
    ]


def tokens(rng: np.random.Generator, length: int, config: BartConfig) -> list[int]:
    return [*rng.integers(4, config.vocab_size - 1, length - 1).tolist(), config.eos_id]


def quals_work(config: BartConfig, rows: list, rng: np.random.Generator) -> Callable[[], Any]:
    """60 pairs per summary by diverse search, 10 of them scored on the document."""
    params = bart.init_params(config, seed=0)
    length = PAIR_TOKENS - 1
    searcher = Searcher(config, params, BeamSearch(60, 60, min_len=length, max_len=length))
    scorer = Scorer(config, params)
    targets = [[tokens(rng, PAIR_TOKENS, config) for _ in range(NUM_PAIRS)] for _ in rows]
    documents, summaries = [d for d, _ in rows], [s for _, s in rows]
    return lambda: (searcher.search(summaries), scorer.score(documents, targets))


def qags_work(
    config: BartConfig,
    rows: list,
    rng: np.random.Generator,
    candidates: int,
    beams: int,
    asked: int,
) -> Callable[[], Any]:
    """Questions about each candidate, all answered from the summary, some from the document."""
    length = QUESTION_TOKENS - 1
    options = BeamSearch(beams, min_len=length, max_len=length)
    searcher = Searcher(config, bart.init_params(config, seed=1), options)
    sources = [
        [*s[:-1], *tokens(rng, CANDIDATE_TOKENS, config)]
        for _, s in rows
        for _ in range(candidates)
    ]
    encoder = BertConfig(
        vocab_size=config.vocab_size,
        d_model=config.d_model,
        encoder_layers=config.encoder_layers * 2,  # BERT has as many layers as both halves of BART
        encoder_heads=config.encoder_heads,
        encoder_ffn_dim=config.encoder_ffn_dim,
        max_positions=1024,
        dtype=config.dtype,
        head="span",
    )
    model = SimpleNamespace(
        path=Path("random"),
        config=encoder,
        params=bert.init_params(encoder, seed=2),
        settings=SimpleNamespace(max_tokens=1024),
    )
    answerer = SpanAnswerer(model)
    windows = []
    for row, (document, summary) in enumerate(rows):
        for text, num in ((summary, candidates * beams), (document, asked)):
            for i in range(num):
                question = tokens(rng, QUESTION_TOKENS, config)[:-1]
                ids = [5, *question, encoder.sep_id, *text[:-1], encoder.sep_id]
                windows.append(_Window(row, i, ids, len(question) + 2, 0))
    return lambda: (searcher.search(sources), answerer._run(windows, lambda done: None))


def measure(work: Callable[[], Any], repeat: int) -> dict[str, float]:
    """Median and spread of calls with everything compiled, and what the first call took."""
    start = time.perf_counter()
    work()
    first = time.perf_counter() - start
    seconds = []
    cpu = time.process_time()
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": round(statistics.median(seconds), 3),
        "fastest": round(min(seconds), 3),
        "slowest": round(max(seconds), 3),
        "cpu_seconds": round((time.process_time() - cpu) / repeat, 2),
        "first_call_seconds": round(first, 1),
    }


if __name__ == "__main__":
    main()
