"""ConSeq on DialogSum from text to report, with models small enough for a CPU.

Question: does every stage work on real text? The models are tiny, so what they reach says nothing
about what ConSeq does to a good summarizer.

    python -m experiments.pipeline dialogsum --workdir runs/dialogsum \\
        --qagen-folder runs/qagen/model --mle.init-from runs/denoise/model \\
        --mle.data.train dialogsum:train.jsonl.xz --mle.data.dev dialogsum:dev.jsonl.xz \\
        --conseq.data.dev dialogsum:dev.jsonl.xz --test dialogsum:test.jsonl.xz

``runs/denoise`` and ``runs/qagen`` are those of `denoise` and `qagen_squad_views`. Without
``--qagen-folder`` QAGen is trained as the first stage (``--qagen.data.train`` names its data).
"""

import dataclasses

from experiments import dialogsum_conseq, dialogsum_mle, qagen_squad_views, xsum
from experiments.pipeline.config import Decoder, Pipeline
from quals_jax.decoding.options import BeamSearch, Sampling, TopK, greedy
from quals_jax.metrics.quals import QualsOptions

PIPELINE = Pipeline(
    title="ConSeq on DialogSum",
    qagen=qagen_squad_views.EXPERIMENT,
    mle=dialogsum_mle.EXPERIMENT,
    conseq=dialogsum_conseq.EXPERIMENT,
    test=("dialogsum:test.jsonl.xz",),
    sampling=Sampling(2, TopK(10), min_len=8, max_len=60),
    metric=QualsOptions(num_beams=16, num_groups=16, max_pair_tokens=40),
    rules=xsum.RULES,
    systems=xsum.SYSTEMS,
    decoders=(
        Decoder("beam4", BeamSearch(4, min_len=8, max_len=60, no_repeat_ngram_size=3)),
        Decoder("greedy", greedy(min_len=8, max_len=60, no_repeat_ngram_size=3)),
    ),
    num_documents=3000,
)

SMOKE_PIPELINE = dataclasses.replace(xsum.SMOKE_PIPELINE, title=PIPELINE.title)
