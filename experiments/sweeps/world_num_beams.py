"""How many question-answer pairs are searched for, 60 beams in 60 groups in the paper.

    python -m experiments.sweep run world_num_beams

The search of the selecting metric varies; all systems are evaluated by one and the same.
"""

from experiments import world
from experiments.sweep.grid import over, product, zipped
from experiments.sweep.ledger import Sweep
from experiments.sweeps.world_seeds import SEEDS

SEARCHES = zipped(
    over("metric.num_beams", 8, 16, 32, 16, 60),
    over("metric.num_groups", 1, 2, 2, 16, 60),
)

SWEEP = Sweep(world.ABLATION, product(SEARCHES, SEEDS), decoders=("beam4", "greedy"))
