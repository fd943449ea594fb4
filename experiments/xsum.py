"""ConSeq on XSum, every stage with the official hyper-parameters, from text to report.

Question: the paper's main table, with its controls.

    python -m experiments.prepare_data xsum --from DIR --data-dir tfds
    python -m experiments.pipeline xsum --workdir runs/xsum --qagen-folder models/qagen

Without ``--qagen-folder`` QAGen is trained too (`qagen_squad_newsqa`: name its data by
``--qagen.data.train``). `cnndm` is the same on CNN/DailyMail, `world` on made-up data in minutes.
On a TPU pod or a SLURM job the same command starts one process per host; each stage uses all of
them. Hardware of the official recipe: 8 V100 GPUs per training.

Known: 6 samples per training document from the 50 most probable tokens, 10 to 60 tokens; shares
0.3 and 0.3, intersection; QUALS as the official code computes it (``--metric.mode clean`` is ours);
beam 6, 10 to 60 tokens. Our choice: the controls, and the seed of the samples.
"""

import dataclasses

from experiments import qagen_squad_newsqa, world, xsum_conseq, xsum_mle
from experiments.pipeline.config import Decoder, Pipeline, SetRule, System
from quals_jax.decoding.options import BeamSearch, Sampling, TopK
from quals_jax.metrics.quals import QualsOptions

RULES = (SetRule("quals"), SetRule("rouge", "rouge"), SetRule("random", "random"))

SYSTEMS = (
    System("mle", "MLE"),
    System("random", "ConSeq, random sets", "random"),
    System("rouge", "ConSeq-ROUGE", "rouge"),
    System("positives", "S+ by QUALS only", "quals", negative_weight=0.0),
    System("quals", "ConSeq-QUALS", "quals"),
)

PIPELINE = Pipeline(
    title="ConSeq on XSum",
    qagen=qagen_squad_newsqa.EXPERIMENT,
    mle=xsum_mle.EXPERIMENT,
    conseq=xsum_conseq.EXPERIMENT,
    test=("tfds:xsum/level1:test:tfds",),
    sampling=Sampling(6, TopK(50), min_len=10, max_len=60),
    metric=QualsOptions(mode="paper"),
    rules=RULES,
    systems=SYSTEMS,
    decoders=(Decoder("beam6", BeamSearch(6, min_len=10, max_len=60, length_penalty=1.0)),),
    dtype="bfloat16",
    shard_rows=1024,
)

SMOKE_PIPELINE = dataclasses.replace(
    world.SMOKE_PIPELINE, title=PIPELINE.title, oracle=False, num_planted=0, clean_test=()
)
