"""How many samples per document the worst is chosen from, 6 in the paper.

python -m experiments.sweep run world_num_samples
"""

from experiments import world
from experiments.sweep.grid import over, product
from experiments.sweep.ledger import Sweep
from experiments.sweeps.world_seeds import SEEDS

NUMBERS = over("sampling.num_samples", 1, 2, 4, 6)

SWEEP = Sweep(world.ABLATION, product(NUMBERS, SEEDS), decoders=("beam4", "greedy"))
