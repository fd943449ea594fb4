"""How much weight S- should have: 0 is training on S+ alone, 1 the paper's, which can collapse.

    python -m experiments.sweep run world_negative_weight

Everything before ConSeq is shared: a further weight costs one short training and its evaluation.
"""

from experiments import world
from experiments.sweep.grid import over, product
from experiments.sweep.ledger import Sweep
from experiments.sweeps.world_seeds import SEEDS

WEIGHTS = over("systems.quals.negative_weight", 0.0, 0.05, 0.1, 0.2, 0.5, 1.0)

SWEEP = Sweep(world.ABLATION, product(WEIGHTS, SEEDS), decoders=("beam4", "greedy"))

SMOKE = Sweep(world.SMOKE_PIPELINE, product(WEIGHTS[:2], SEEDS[:1]))
