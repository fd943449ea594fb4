"""What the sets are chosen by: QUALS, parts of it, answer agreement, ROUGE, chance, the oracle.

    python -m experiments.sweep run world_selection_rule

One run per seed has all rules, since they share the samples and their scores.
"""

import dataclasses

from experiments import world
from experiments.pipeline.config import RuleKind, SetRule, System
from experiments.sweep.ledger import Sweep
from experiments.sweeps.world_seeds import SEEDS

LABELS: dict[RuleKind, str] = {
    "quals": "QUALS",
    "answer": "answer tokens only",
    "min": "worst pair",
    "f1": "answer agreement (after QAGS)",
    "rouge": "ROUGE-L",
    "random": "random sets",
    "oracle": "exact oracle",
}

PIPELINE = dataclasses.replace(
    world.ABLATION,
    metric=dataclasses.replace(world.METRIC, answer_f1="pair"),
    rules=tuple(SetRule(kind, kind) for kind in LABELS),
    systems=(
        System("mle", "MLE"),
        *(System(kind, f"ConSeq, {label}", kind) for kind, label in LABELS.items()),
    ),
)

SWEEP = Sweep(PIPELINE, SEEDS, decoders=("beam4", "greedy"))
