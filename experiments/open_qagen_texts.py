"""Denoising for the open QAGen, the model that comes with the package: the first of two stages.

Question: what does half an hour of two cores teach a model that copies from the start?

    python -m experiments.prepare_data texts rows:wikipedia_en_sample.jsonl.xz \\
        treebank:cnndm/test.jsonl.xz rows:xsum/test_with_documents.jsonl.xz \\
        rows:dialogsum/train.jsonl.xz squad:train-v1.1.json.xz \\
        --judged mturk_cnndm.jsonl mturk_xsum.jsonl -o texts.jsonl.gz
    python -m train open_qagen_texts --workdir runs/open_qagen_texts \\
        --data.train rows:texts.jsonl.gz

See `experiments/open_qagen.py` for the second stage and docs/open-qagen.md for what came out.
"""

from experiments.smoke import smoke
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, Experiment, TextData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

# Sources of 512 tokens: longer ones are read in windows, and training shows no longer ones.
MODEL = BartConfig(
    d_model=192,
    encoder_layers=3,
    decoder_layers=3,
    encoder_heads=4,
    decoder_heads=4,
    encoder_ffn_dim=768,
    decoder_ffn_dim=768,
    max_positions=512,
    dropout=0.0,
    attention_dropout=0.0,
    init_std=0.02,
)

EXPERIMENT = Experiment(
    data=TextData(train=("rows:texts.jsonl.gz",), max_tokens=192),
    model=MODEL,
    init="copying",
    tokenizer=TokenizerConfig(learn_vocab_size=8192),
    batch=BatchConfig(max_tokens=3000, max_shapes=4),
    optim=OptimConfig(
        learning_rate=1e-3,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=100, end_ratio=0.1),
    ),
    label_smoothing=0.0,
    num_steps=2400,
    loss_chunk_tokens=256,
    eval_every_steps=500,
    checkpoint_every_steps=250,
)

SMOKE = smoke(EXPERIMENT)
