"""ConSeq on CNN/DailyMail from the summarizer of `cnndm_mle`, with the official hyper-parameters.

Question: does training on S+ and S- make the summaries of real news more consistent?

    python -m train cnndm_conseq --workdir runs/cnndm_conseq --init-from runs/cnndm_mle/model \\
        --data.train rows:contrast.jsonl --data.dev tfds:cnn_dailymail/level1:validation:tfds

`python -m experiments.pipeline cnndm` makes the sets and runs this. Differs from `xsum_conseq` as
the official scripts do: a quarter of the tokens per update. What is known and what is our choice is
said there.
"""

import dataclasses

from experiments import cnndm_mle, xsum_conseq

EXPERIMENT = dataclasses.replace(
    xsum_conseq.EXPERIMENT,
    data=dataclasses.replace(xsum_conseq.EXPERIMENT.data, dev=cnndm_mle.EXPERIMENT.data.dev),
    batch=cnndm_mle.EXPERIMENT.batch,
    init_from="runs/cnndm_mle/model",
    eval_every_steps=800,
    checkpoint_every_steps=800,
)

SMOKE = xsum_conseq.SMOKE
