"""ConSeq on CNN/DailyMail, every stage with the official hyper-parameters, from text to report.

Question: the paper's main table, with its controls.

    python -m experiments.prepare_data cnn_dailymail --from DIR --data-dir tfds
    python -m experiments.pipeline cnndm --workdir runs/cnndm --qagen-folder models/qagen

See `xsum`, which differs by its name only. Known: beam 4, 55 to 140 tokens. Our choice, since the
official script of the sampling is lost: samples of 55 to 140 tokens, shares 0.3 and 0.3.
"""

import dataclasses

from experiments import cnndm_conseq, cnndm_mle, xsum
from experiments.pipeline.config import Decoder
from quals_jax.decoding.options import BeamSearch, Sampling, TopK

PIPELINE = dataclasses.replace(
    xsum.PIPELINE,
    title="ConSeq on CNN/DailyMail",
    mle=cnndm_mle.EXPERIMENT,
    conseq=cnndm_conseq.EXPERIMENT,
    test=("tfds:cnn_dailymail/level1:test:tfds",),
    sampling=Sampling(6, TopK(50), min_len=55, max_len=140),
    decoders=(Decoder("beam4", BeamSearch(4, min_len=55, max_len=140, length_penalty=1.0)),),
)

SMOKE_PIPELINE = dataclasses.replace(xsum.SMOKE_PIPELINE, title=PIPELINE.title)
