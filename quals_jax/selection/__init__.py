"""The contrast sets of ConSeq: S+, summaries to write like, and S-, summaries not to write like.

>>> chosen = select(documents, SelectionOptions(negative_ratio=0.3, positive_ratio=0.3))
>>> [row.to_row() for row in chosen.rows], chosen.drops, chosen.statistics

S- holds the worst sample of the documents whose worst sample scores lowest, S+ the references that
score highest; by default a document must be in both (Nan et al. 2021; official
``make_unlikelihood_dataset``). Nothing here reads files or knows what a score means.
"""

from quals_jax.selection.ranking import extreme_sample as extreme_sample
from quals_jax.selection.ranking import ranked as ranked
from quals_jax.selection.records import ContrastRow as ContrastRow
from quals_jax.selection.records import ContrastSets as ContrastSets
from quals_jax.selection.records import Drop as Drop
from quals_jax.selection.records import ScoredDocument as ScoredDocument
from quals_jax.selection.records import ScoredText as ScoredText
from quals_jax.selection.rules import SelectionOptions as SelectionOptions
from quals_jax.selection.rules import select as select
from quals_jax.selection.rules import select_at_random as select_at_random
from quals_jax.selection.rules import select_by_rouge as select_by_rouge
