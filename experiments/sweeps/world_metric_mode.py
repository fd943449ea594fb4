"""Plain log-probabilities on both sides, or those of the official code with search penalties.

python -m experiments.sweep run world_metric_mode
"""

from experiments import world
from experiments.sweep.grid import over, product
from experiments.sweep.ledger import Sweep
from experiments.sweeps.world_seeds import SEEDS

MODES = over("metric.mode", "clean", "paper")

SWEEP = Sweep(world.ABLATION, product(MODES, SEEDS), decoders=("beam4", "greedy"))
