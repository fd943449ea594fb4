"""Question answering on SQuAD v1.1, small enough for a CPU: the second half of QAGS.

Question: how good are the answers that a quarter of an hour of one core buys?

    python -m train qa_squad --workdir runs/qa_squad --init-from runs/qagen/model \\
        --data.train squad-sentences:train-v1.1.json.xz \\
        --data.dev squad-sentences:dev-v1.1.json.xz
    python -m experiments.squad_scores runs/qa_squad/model dev-v1.1.json.xz

It starts as the encoder of the QAGen of `qagen_squad` (any model of that size), with its tokenizer,
and reads the sentence that answers a question, since short pairs teach more per second; longer
texts are then read in windows of the same size. SQuAD 1 has an answer to every question; those
without one are made up: questions about other sentences, half of them neighbours. The official
reader is BERT-large on SQuAD 2: such folders of the Hugging Face hub are read as they are.
"""

from experiments import world_qa
from quals_jax.data.pair_examples import PairLimits
from quals_jax.models.bert_config import BertConfig
from train.config import BatchConfig, Experiment, SpanData
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

# The encoder of `qagen_squad`.
MODEL = BertConfig(
    vocab_size=4096,
    d_model=128,
    encoder_layers=3,
    encoder_heads=4,
    encoder_ffn_dim=512,
    max_positions=384,
    num_segments=4,
    mark_shared=True,
    init_std=0.05,
    norm_eps=1e-5,
    dropout=0.0,
    attention_dropout=0.0,
)

EXPERIMENT = Experiment(
    data=SpanData(
        train=("squad-sentences:train-v1.1.json",),
        dev=("squad-sentences:dev-v1.1.json",),
        limits=PairLimits(max_tokens=128, max_question_tokens=40, overlap_tokens=40),
        no_answer_share=0.25,
        max_dev_rows=600,
    ),
    model=MODEL,
    init_from="runs/qagen/model",
    batch=BatchConfig(max_tokens=4096, max_shapes=5),
    optim=OptimConfig(
        learning_rate=1e-3,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=40, end_ratio=0.02),
    ),
    label_smoothing=0.0,
    num_steps=1500,
    eval_every_steps=250,
    checkpoint_every_steps=250,
)

SMOKE = world_qa.SMOKE
