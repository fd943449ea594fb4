"""The paper in miniature on the synthetic world: every stage, with an exact oracle as the judge.

Question: does ConSeq with QUALS teach a summarizer to leave out what its article does not state,
where ROUGE or random sets do not? The world is made so that this effect can exist.

    python -m experiments.pipeline world --workdir runs/world
    python -m experiments.pipeline world --workdir runs/world-2 --seed 2

A seed draws the articles, the references, every model's first weights and every sample anew.
"""

import dataclasses
from typing import Any

from experiments import world_conseq, world_mle, world_qagen
from experiments.pipeline.config import Decoder, Pipeline, SetRule, System
from quals_jax.decoding.options import BeamSearch, Sampling, TopK, greedy
from quals_jax.metrics.quals import QualsOptions
from quals_jax.selection import SelectionOptions
from train.config import Experiment
from train.schedules import ScheduleConfig

# A summary of 15 words has few facts: 60 beams in 60 groups run out of sensible questions, and the
# penalties drive the late ones to nonsense. Two groups of 8 beams cover more facts than 16 groups.
METRIC = QualsOptions(
    num_beams=16, num_groups=2, num_pairs=6, min_question_tokens=4, max_pair_tokens=32
)
# Twice the beams find more of the errors; to rank samples of one document, half of them do.
PLANTED_METRIC = dataclasses.replace(METRIC, num_beams=32)

RULES = (
    SetRule("quals", options=SelectionOptions(0.4, 0.4)),
    SetRule("rouge", "rouge"),
    SetRule("random", "random"),
    # Two of three references are factual, and so are half of the worst samples: the first of each
    # overlap in about as many documents as the sets of QUALS.
    SetRule("oracle", "oracle", SelectionOptions(0.2, 0.2)),
)

SYSTEMS = (
    System("mle", "MLE"),
    System("references", "continued on random references", "random", negative_weight=0.0),
    System("random", "ConSeq, random sets", "random"),
    System("rouge", "ConSeq-ROUGE", "rouge"),
    System("positives", "S+ by QUALS only", "quals", negative_weight=0.0),
    System("quals", "ConSeq-QUALS", "quals"),
    System("oracle", "ConSeq, sets by the oracle", "oracle"),
)

DECODERS = (
    Decoder("beam4", BeamSearch(4, min_len=4, max_len=40)),
    Decoder("greedy", greedy(min_len=4, max_len=40), scored=False),
    Decoder("sampled", Sampling(1, TopK(5), min_len=4, max_len=40), scored=False),
)

PIPELINE = Pipeline(
    title="ConSeq in the synthetic world",
    qagen=world_qagen.EXPERIMENT,
    mle=world_mle.EXPERIMENT,
    conseq=world_conseq.EXPERIMENT,
    test=("world-held-out:500:1",),
    clean_test=("world-clean:500:1",),
    oracle=True,
    num_documents=1500,
    shard_rows=2048,  # one piece: a partly filled last batch costs as much as a full one
    mle_from_qagen=True,
    sampling=Sampling(2, TopK(5), min_len=4, max_len=32),
    metric=METRIC,
    rules=RULES,
    systems=SYSTEMS,
    decoders=DECODERS,
    num_planted=250,
    planted_metric=PLANTED_METRIC,
)

# Half the test, and one control less: about ten minutes of two cores.
DEMO_PIPELINE = dataclasses.replace(
    PIPELINE,
    test=("world-held-out:250:1",),
    clean_test=("world-clean:250:1",),
    systems=tuple(system for system in SYSTEMS if system.name != "references"),
    num_planted=100,
)

# For sweeps around ConSeq-QUALS: one system beside MLE, evaluated by one metric whatever selects.
ABLATION = dataclasses.replace(
    PIPELINE,
    title="ConSeq-QUALS in the synthetic world",
    rules=(SetRule("quals"),),
    systems=(System("mle", "MLE"), System("quals", "ConSeq-QUALS", "quals")),
    decoders=DECODERS[:2],
    test_metric=METRIC,
    num_planted=0,
)


def _taught(experiment: Experiment) -> Experiment:
    """150 updates on few passages teach the form of a text: some summaries get a score."""
    schedule = ScheduleConfig("cosine", warmup_steps=10)
    optim = dataclasses.replace(experiment.optim, learning_rate=5e-3, schedule=schedule)
    steps = {"num_steps": 150, "log_every_steps": 50, "checkpoint_every_steps": 150}
    return dataclasses.replace(_blind(experiment), optim=optim, **steps)


def _blind(experiment: Experiment) -> Experiment:
    """No dev set, so that there is less to compile."""
    data: Any = dataclasses.replace(experiment.data, dev=())  # pyrefly: ignore
    return dataclasses.replace(experiment, data=data)


SMOKE_PIPELINE = dataclasses.replace(
    PIPELINE,
    qagen=_taught(world_qagen.SMOKE),
    mle=_taught(world_mle.SMOKE),
    conseq=_blind(world_conseq.SMOKE),
    test=("world-held-out:8:1",),
    clean_test=("world-clean:8:1",),
    num_documents=8,
    sampling=Sampling(2, TopK(5), min_len=4, max_len=28),
    metric=QualsOptions(
        num_beams=8, num_groups=2, num_pairs=2, min_question_tokens=1, max_pair_tokens=24
    ),
    rules=(SetRule("quals", options=SelectionOptions(1.0, 1.0)), SetRule("rouge", "rouge")),
    systems=tuple(s for s in SYSTEMS if s.name in ("mle", "rouge", "quals")),
    decoders=(Decoder("beam4", BeamSearch(2, min_len=4, max_len=28)),),
    num_planted=2,
    planted_metric=None,
)
