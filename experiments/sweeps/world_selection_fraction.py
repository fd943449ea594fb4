"""The shares of documents with the worst samples and the best references, 0.3 in the paper.

    python -m experiments.sweep run world_selection_fraction

Small shares give purer but smaller sets.
"""

from experiments import world
from experiments.sweep.grid import over, product, zipped
from experiments.sweep.ledger import Sweep
from experiments.sweeps.world_seeds import SEEDS

SHARES = (0.1, 0.2, 0.3, 0.4, 0.6)
BOTH = zipped(
    over("rules.quals.options.negative_ratio", *SHARES),
    over("rules.quals.options.positive_ratio", *SHARES),
)

SWEEP = Sweep(world.ABLATION, product(BOTH, SEEDS), decoders=("beam4", "greedy"))
