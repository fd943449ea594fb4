"""How long XSum and CNN/DailyMail take on clusters that nothing has been measured on yet. Computed.

    python -m bench.sizes                     # the tables of docs/many-hosts.md

A row's floating-point operations (quals_jax/models/flops.py) and bytes, BART-large in bfloat16, at
an assumed share of the rate that large matrix products reach on a chip. Not counted: padding, the
exchange of gradients, reading, compiling, and waiting for the last process.
"""

import dataclasses

from bench.peers.random_model import SIZES
from quals_jax.models.flops import bart_flops

SCORING_SHARE = 0.40  # of the floor: the aim, half of what two CPU threads reach (docs/speed.md)
TRAINING_SHARE = 0.45
STEP_TOKENS = 16 * 1024  # source tokens per chip and update; fewer do not fill a chip

_LARGE = SIZES["large"]
_BEAMS, _STEPS = 60, 40  # of the search for pairs
_PAIRS, _PAIR_TOKENS = 10, 30
_SUMMARIES = 7  # six samples and the reference, for ConSeq
_BATCH = 64  # summaries searched together, which share a pass over the weights


@dataclasses.dataclass(frozen=True)
class Chip:
    """Rates of one chip, of the makers' sheets unless it says otherwise."""

    flops_per_second: float
    bytes_per_second: float


@dataclasses.dataclass(frozen=True)
class Cluster:
    """``num_hosts`` is how many processes run: one drives all chips of its host."""

    name: str
    chip: Chip
    num_chips: int
    num_hosts: int


@dataclasses.dataclass(frozen=True)
class TextSet:
    """Mean tokens, and documents of the training and the test part before any filter."""

    name: str
    document_tokens: int
    summary_tokens: int
    num_train: int
    num_test: int


CLUSTERS = (
    Cluster("v4-32", Chip(275e12, 1.2e12), num_chips=16, num_hosts=4),
    Cluster("v5e-64", Chip(197e12, 0.82e12), num_chips=64, num_hosts=16),
    # Of 989 TFLOP/s on the sheet large products sustain 790, measured by others.
    Cluster("8 x H100", Chip(790e12, 3.35e12), num_chips=8, num_hosts=1),
)
SETS = (
    TextSet("XSum", 500, 25, num_train=204_045, num_test=11_334),
    TextSet("CNN/DailyMail", 800, 60, num_train=287_113, num_test=11_490),
)


def scoring_flops(texts: TextSet, num_summaries: int = 1) -> float:
    """Of one document with its summaries: search on each summary, pairs on the document."""
    search = bart_flops(_LARGE, texts.summary_tokens, _BEAMS, _STEPS)
    pairs = num_summaries * _PAIRS
    return num_summaries * search + bart_flops(_LARGE, texts.document_tokens, pairs, _PAIR_TOKENS)


def scoring_bytes(texts: TextSet, num_summaries: int = 1) -> float:
    """Read and written by the search, which has by far the most: caches, logits, weights."""
    D, L, V = _LARGE.d_model, _LARGE.decoder_layers, _LARGE.vocab_size
    per_token = 2 * 2 * L * D  # keys and values of all layers, two bytes each
    cached = _BEAMS * (_STEPS / 2) * per_token + texts.summary_tokens * per_token
    logits = 2 * 4 * _BEAMS * V  # written and read, float32
    weights = 2 * (L * (8 * D * D + 2 * D * _LARGE.decoder_ffn_dim) + V * D) / _BATCH
    return num_summaries * _STEPS * (cached + logits + weights)


def scoring_rate(texts: TextSet, cluster: Cluster, num_summaries: int = 1) -> float:
    """Documents per second."""
    chip = cluster.chip
    floor = max(
        scoring_flops(texts, num_summaries) / chip.flops_per_second,
        scoring_bytes(texts, num_summaries) / chip.bytes_per_second,
    )
    return cluster.num_chips * SCORING_SHARE / floor


def training_rate(texts: TextSet, cluster: Cluster) -> float:
    """Examples of maximum likelihood per second; backward is twice forward."""
    flops = 3 * bart_flops(_LARGE, texts.document_tokens, 1, texts.summary_tokens)
    return cluster.num_chips * TRAINING_SHARE * cluster.chip.flops_per_second / flops


def scoring_table() -> str:
    """Markdown."""
    rows = [
        ("set", "on", "rows/s", "test set", "training set", "training set, 7 summaries each"),
        ("---",) * 6,
    ]
    for texts in SETS:
        for cluster in CLUSTERS:
            rate = scoring_rate(texts, cluster)
            contrast = scoring_rate(texts, cluster, _SUMMARIES)
            rows.append(
                (
                    f"{texts.name} ({scoring_flops(texts) / 1e12:.2f} TFLOP a row)",
                    cluster.name,
                    f"{rate:,.0f}",
                    f"{texts.num_test / rate:.0f} s",
                    f"{texts.num_train / rate / 60:.0f} min",
                    f"{texts.num_train / contrast / 3600:.1f} h",
                )
            )
    return _table(rows)


def training_table() -> str:
    """Markdown."""
    rows = [
        ("set", "on", "examples/s", "examples a step", "step", "steps an epoch", "epoch"),
        ("---",) * 7,
    ]
    for texts in SETS:
        for cluster in CLUSTERS:
            rate = training_rate(texts, cluster)
            batch = cluster.num_chips * (STEP_TOKENS // texts.document_tokens)
            rows.append(
                (
                    texts.name,
                    cluster.name,
                    f"{rate:,.0f}",
                    f"{batch:,}",
                    f"{batch / rate * 1000:.0f} ms",
                    f"{texts.num_train / batch:,.0f}",
                    f"{texts.num_train / rate / 60:.1f} min",
                )
            )
    return _table(rows)


def _table(rows: list[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("| --- ", "|---")


def main() -> None:
    """Prints both tables."""
    print(scoring_table())
    print(training_table())


if __name__ == "__main__":
    main()
