"""Makes ``bartscore.json``: BARTScore by PyTorch's transformers with the model in ``world_qagen/``.

Needs torch and transformers 4.56.2 in an environment of their own:

    pip install torch==2.13.0 transformers==4.56.2
    python tests/golden/make_bartscore.py

`bart_score` computes what ``BARTScorer.score`` of github.com/neulab/BARTScore computes: both texts
by the tokenizer with its special tokens, cut at the model's length; cross-entropy of the labels;
mean over the target's tokens. Some of the texts are longer than the model's 80 positions.
``without_bos`` is the same without the leading ``<s>`` of both texts, cut at the same tokens.
"""

import json
from pathlib import Path

import torch
import transformers

FOLDER = Path(__file__).parent
LONG = " ".join(f"On day {i} the ferry left the harbour of Elmsworth at noon." for i in range(9))
TEXTS = [
    ("Ann Lee moved to Rome in May. She works for a bank.", "Ann Lee moved to Paris."),
    ("Ann Lee moved to Rome in May. She works for a bank.", "She works for a bank."),
    ("  The café – “Zum Löwen” – opened in 1987.\n", "Zum Löwen opened"),
    (LONG, "The ferry left at noon."),
    ("The ferry left at noon.", LONG),
    (LONG + " The last word is never read.", LONG),
]


@torch.inference_mode()
def bart_score(model, tokenizer, source: str, target: str, *, bos: bool) -> float:
    limit = model.config.max_position_embeddings
    src, tgt = (
        tokenizer([text], max_length=limit, truncation=True, return_tensors="pt").input_ids
        for text in (source, target)
    )
    if not bos:
        src, tgt = src[:, 1:], tgt[:, 1:]
    out = model(input_ids=src, attention_mask=torch.ones_like(src), labels=tgt)
    logp = torch.log_softmax(out.logits.view(-1, model.config.vocab_size), dim=1)
    loss = torch.nn.functional.nll_loss(logp, tgt.view(-1), reduction="none")
    return -(loss.sum() / tgt.numel()).item()


def main() -> None:
    model = transformers.BartForConditionalGeneration.from_pretrained(FOLDER / "world_qagen").eval()
    tokenizer = transformers.BartTokenizer.from_pretrained(FOLDER / "world_qagen")
    cases = [
        {
            "source": source,
            "target": target,
            "tokens": len(tokenizer(target)["input_ids"]),
            "with_bos": bart_score(model, tokenizer, source, target, bos=True),
            "without_bos": bart_score(model, tokenizer, source, target, bos=False),
        }
        for source, target in TEXTS
    ]
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    content = {"versions": versions, "cases": cases}
    (FOLDER / "bartscore.json").write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
