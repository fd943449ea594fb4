"""FactCC's classifier of claims about documents.

Question: which claims about a document does it support, by an encoder of one's own size?

    python -m train factcc_claims --workdir runs/factcc --init-from bert-base-uncased-qa \\
        --data.train rows:claims.jsonl.gz --data.dev rows:claims_dev.jsonl.gz

Rows: {"document", "claim", "label"}, the label CORRECT or INCORRECT. The settings are those of the
paper: BERT-base, uncased, pairs of at most 512 tokens, batches of 12, learning rate 2e-5. The
folder to start from is a BERT with any head; the released FactCC itself needs no training.
"""

from experiments import world_factcc
from quals_jax.models.bert_config import BertConfig
from train.config import BatchConfig, ClaimData, Experiment
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = Experiment(
    data=ClaimData(train=("rows:claims.jsonl.gz",), dev=("rows:claims_dev.jsonl.gz",)),
    model=BertConfig(head="classification", labels=("CORRECT", "INCORRECT")),
    init_from="bert-base-uncased",
    batch=BatchConfig(max_tokens=12 * 516),
    optim=OptimConfig(
        learning_rate=2e-5,
        weight_decay=0.0,
        clip_norm=1.0,
        schedule=ScheduleConfig("polynomial_decay"),
    ),
    label_smoothing=0.0,
    num_epochs=10,
    eval_every_steps=1000,
    checkpoint_every_steps=1000,
)

SMOKE = world_factcc.SMOKE
