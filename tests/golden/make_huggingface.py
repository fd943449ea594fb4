"""Makes ``huggingface/``: what PyTorch's transformers says about a tiny BART and about our exports.

Needs torch and transformers 4.56.2 in an environment of their own (neither is ever a dependency):

    pip install torch==2.13.0 transformers==4.56.2
    python tests/golden/make_huggingface.py tiny       # all but the next
    # With the project's own Python, so that the folders are written by this project:
    python -m tests.checkpoints.write_exports EXPORTS
    python tests/golden/make_huggingface.py exports EXPORTS     # huggingface/exports.npz

``tiny/`` is written by transformers, ``tiny.bin`` is the same model by torch.save (zip container,
tied tables sharing one storage), ``tensors.pt`` has every kind of tensor that a checkpoint may hold
and ``legacy.pt`` is the same in the container of PyTorch before 1.6.

``tiny.json`` holds beam searches. Hugging Face's rules and fairseq's give the same hypotheses when

- ``early_stopping=True``;
- ``forced_eos_token_id=None`` (transformers' default for BART replaces the score of a forced
  ``</s>`` by 0);
- ``suppress_tokens=[pad]`` (fairseq never generates padding);
- ``min_new_tokens = min_len`` and ``max_new_tokens = max_len + 1``, and every hypothesis ends by
  itself;
- no step finishes more hypotheses than were missing: transformers then keeps the best ones of all,
  fairseq the first.

``same_as_fairseq`` tells whether a plain implementation of fairseq's rules, below, found the same
tokens in the same order.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import BartConfig, BartForConditionalGeneration

FOLDER = Path(__file__).parent / "huggingface"
BOS, PAD, EOS = 0, 1, 2
SEED = 18
TRAINING_STEPS = 600
SOURCES = [
    [11, 5, 43, 7, 59, 29, 2],
    [31, 31, 4, 17, 2],
    [8, 2],
    [50, 6, 9, 33, 21, 47, 12, 38, 26, 2],
]
TARGETS = [[9, 17, 52, 30, 2], [2], [41, 5, 5, 2], [0, 14, 58, 3, 22, 19, 2]]
BEAM_CASES = [
    {"num_beams": 4, "length_penalty": 1.0, "min_new_tokens": 1},
    {"num_beams": 4, "length_penalty": 2.0, "min_new_tokens": 5},
    {"num_beams": 3, "length_penalty": 0.0, "min_new_tokens": 1},
    {"num_beams": 4, "length_penalty": 1.0, "min_new_tokens": 6, "no_repeat_ngram_size": 2},
    {"num_beams": 4, "length_penalty": 1.0, "min_new_tokens": 1, "early_stopping": False},
]
MAX_NEW_TOKENS = 31


def tiny_model() -> BartForConditionalGeneration:
    config = BartConfig(
        vocab_size=60,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=40,
        max_position_embeddings=44,
        forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config).eval()
    rng = np.random.default_rng(SEED)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = 0.2 * rng.standard_normal(tuple(parameter.shape))
            if "norm" in name and name.endswith("weight"):
                values += 1.0
            parameter.copy_(torch.from_numpy(values))
    train(model, rng)
    return model


def train(model: BartForConditionalGeneration, rng: np.random.Generator) -> None:
    """A few steps on noisy reversed sources, so that outputs depend on them and end."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(TRAINING_STEPS):
        sources, targets = [], []
        for _ in range(16):
            source = rng.integers(4, 60, rng.integers(1, 10)).tolist()
            noisy = [t if rng.random() < 0.7 else int(rng.integers(4, 60)) for t in source[::-1]]
            kept = noisy[: int(rng.integers(len(noisy) // 2, len(noisy) + 1))]
            sources.append([*source, EOS])
            targets.append([*kept, EOS])
        src, tgt = padded(sources), padded(targets)
        prev = torch.cat([torch.full((16, 1), EOS), tgt[:, :-1]], dim=1)
        logits = model(input_ids=src, attention_mask=src.ne(PAD), decoder_input_ids=prev).logits
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), tgt.flatten(), ignore_index=PAD
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("training loss", loss.item())


def padded(rows: list[list[int]]) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])


def teacher_forced(model, sources, targets) -> dict[str, np.ndarray]:
    """Logits of all target tokens; sources and targets padded on the right."""
    src, tgt = padded(sources), padded(targets)
    prev = torch.cat([torch.full((len(tgt), 1), EOS), tgt[:, :-1]], dim=1)
    with torch.no_grad():
        logits = model(input_ids=src, attention_mask=src.ne(PAD), decoder_input_ids=prev).logits
    return {
        "src": src.numpy(),
        "target": tgt.numpy(),
        "prev": prev.numpy(),
        "logits": logits.numpy(),
    }


def generate(model, source, **options) -> list[dict]:
    out = model.generate(
        torch.tensor([source]),
        attention_mask=torch.ones(1, len(source), dtype=torch.long),
        max_new_tokens=MAX_NEW_TOKENS,
        suppress_tokens=[PAD],
        forced_eos_token_id=None,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )
    scores = (
        out.sequences_scores.tolist() if options["num_beams"] > 1 else [None] * len(out.sequences)
    )
    found = []
    for row, score in zip(out.sequences.tolist(), scores, strict=True):
        tokens = row[1:]
        tokens = tokens[: tokens.index(EOS) + 1] if EOS in tokens else tokens
        found.append({"tokens": tokens, "score": score})
    return found


def fairseq_search(model, source, options) -> list[list[int]]:
    """Beam search by fairseq's rules, one source, without a cache."""
    num_beams, size = options["num_beams"], options.get("no_repeat_ngram_size", 0)
    src = torch.tensor([source])
    live, finished = [(0.0, [EOS])], []
    for step in range(MAX_NEW_TOKENS):
        with torch.no_grad():
            prev = torch.tensor([tokens for _, tokens in live])
            logits = model(input_ids=src.expand(len(live), -1), decoder_input_ids=prev).logits
        log_probs = torch.log_softmax(logits[:, -1], dim=-1)
        log_probs[:, PAD] = -torch.inf
        if step < options["min_new_tokens"]:
            log_probs[:, EOS] = -torch.inf
        for i, (_, tokens) in enumerate(live):
            for start in range(len(tokens) - size + 1) if size else ():
                gram = tokens[start : start + size]
                if gram[:-1] == tokens[len(tokens) - size + 1 :]:
                    log_probs[i, gram[-1]] = -torch.inf
        sums = torch.tensor([total for total, _ in live])[:, None] + log_probs
        best = torch.topk(sums.reshape(-1), 2 * num_beams)
        candidates = [
            (total, [*live[index // sums.shape[1]][1], index % sums.shape[1]])
            for total, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
        for total, tokens in candidates[:num_beams]:
            if tokens[-1] == EOS and len(finished) < num_beams:
                length = len(tokens) - 1
                finished.append((total / length ** options["length_penalty"], tokens[1:]))
        if len(finished) == num_beams:
            break
        live = [candidate for candidate in candidates if candidate[1][-1] != EOS][:num_beams]
    return [tokens for _, tokens in sorted(finished, key=lambda item: -item[0])]


def make_tiny() -> None:
    model = tiny_model()
    model.save_pretrained(FOLDER / "tiny")
    torch.save(model.state_dict(), FOLDER / "tiny.bin")
    torch.save(kinds_of_tensors(), FOLDER / "tensors.pt")
    torch.save(kinds_of_tensors(), FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)
    np.savez_compressed(FOLDER / "tiny.npz", **teacher_forced(model, SOURCES, TARGETS))
    beams = []
    for options in ({"early_stopping": True} | case for case in BEAM_CASES):
        for source in SOURCES:
            found = generate(
                model, source, num_return_sequences=options["num_beams"], do_sample=False, **options
            )
            expected = fairseq_search(model, source, options)
            same = [hypothesis["tokens"] for hypothesis in found] == expected
            beams.append(
                {
                    "options": options,
                    "source": source,
                    "hypotheses": found,
                    "same_as_fairseq": same,
                }
            )
    greedy = [
        generate(model, s, num_beams=1, do_sample=False, min_new_tokens=1)[0] for s in SOURCES
    ]
    content = {
        "versions": versions(),
        "common_options": {
            "max_new_tokens": MAX_NEW_TOKENS,
            "suppress_tokens": [PAD],
            "forced_eos_token_id": None,
            "do_sample": False,
        },
        "beam": beams,
        "greedy": [
            {"source": source, "tokens": found["tokens"], "min_new_tokens": 1}
            for source, found in zip(SOURCES, greedy, strict=True)
        ],
    }
    (FOLDER / "tiny.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for case in beams:
        lengths = [len(hypothesis["tokens"]) for hypothesis in case["hypotheses"]]
        print(case["options"], case["same_as_fairseq"], lengths)


def kinds_of_tensors() -> dict[str, torch.Tensor]:
    """Values are 0, 1, 2, ... in each; test_torch_file.py knows the names."""
    base = torch.arange(24, dtype=torch.float32)
    return {
        "parameter": torch.nn.Parameter(base[:6].clone()),
        "transposed": base.reshape(4, 6).clone().T,
        "scalar": torch.tensor(0.0),
        "empty": torch.zeros(0, 5),
        "tied": base,
        "tied_again": base,
        "first_half": (halves := torch.arange(20, dtype=torch.float32))[:10],
        "second_half": halves[10:],
        **{
            str(dtype).removeprefix("torch."): torch.arange(7).to(dtype)
            for dtype in (
                *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
                *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool),
            )
        },
    }


def make_exports(exports: Path) -> None:
    """Each folder of ``exports`` holds a model and inputs.json (sources, targets)."""
    arrays = {}
    for folder in sorted(path for path in exports.iterdir() if path.is_dir()):
        inputs = json.loads((folder / "inputs.json").read_text())
        model, loading = BartForConditionalGeneration.from_pretrained(
            folder, output_loading_info=True
        )
        assert not any(loading.values()), loading
        found = teacher_forced(model.eval(), inputs["sources"], inputs["targets"])
        weights = (folder / "model.safetensors").read_bytes()
        found["weights_sha256"] = np.array(hashlib.sha256(weights).hexdigest())
        arrays |= {f"{folder.name}/{name}": values for name, values in found.items()}
    arrays["versions"] = np.array(json.dumps(versions()))
    np.savez_compressed(FOLDER / "exports.npz", **arrays)
    print({name: values.shape for name, values in arrays.items()})


def versions() -> dict[str, str]:
    return {"torch": torch.__version__, "transformers": transformers.__version__}


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:] == ["tiny"]:
        make_tiny()
    elif sys.argv[1:2] == ["exports"] and len(sys.argv) == 3:
        make_exports(Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
