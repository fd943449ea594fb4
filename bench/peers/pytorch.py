"""PyTorch's transformers."""

from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from transformers import BartForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

from bench.peers.tasks import DIVERSITY, LABEL_SMOOTHING, PAD, TASKS, Task, previous


def versions() -> dict[str, str]:
    """Of what decides the speed."""
    return {"torch": torch.__version__, "transformers": transformers.__version__}


def _model(folder: Path) -> BartForConditionalGeneration:
    return BartForConditionalGeneration.from_pretrained(folder).eval()


def _scorer(folder: Path, task: Task, shared: bool) -> Callable[[], float]:
    """``shared``: each source is encoded once, and its states repeated for its targets."""
    model = _model(folder)
    documents, targets = torch.tensor(task.documents()), torch.tensor(task.targets())
    prev = torch.tensor(previous(task.targets()))
    N = task.num_targets

    @torch.inference_mode()
    def score() -> float:
        total = 0.0
        for row in range(task.num_sources):
            source_1S = documents[row : row + 1]
            given = {}
            if shared:
                hidden_1SD = model.get_encoder()(source_1S).last_hidden_state
                given["encoder_outputs"] = BaseModelOutput(hidden_1SD.expand(N, -1, -1))
            else:
                given["input_ids"] = source_1S.expand(N, -1)
            logits_NTV = model(decoder_input_ids=prev[row], use_cache=False, **given).logits
            log_probs_NTV = torch.log_softmax(logits_NTV, dim=-1)
            total += log_probs_NTV.gather(-1, targets[row][..., None]).sum().item()
        return total

    return score


def _searcher(folder: Path, task: Task) -> Callable[[], float]:
    model = _model(folder)
    sources = torch.tensor(task.sources())
    groups = {}
    if task.num_groups > 1:
        groups = {"num_beam_groups": task.num_groups, "diversity_penalty": DIVERSITY}

    @torch.inference_mode()
    def search() -> float:
        found = model.generate(
            sources,
            attention_mask=torch.ones_like(sources),
            num_beams=task.num_beams,
            num_return_sequences=task.num_beams if task.num_groups > 1 else 1,
            min_new_tokens=task.new_tokens,
            max_new_tokens=task.new_tokens,
            do_sample=False,
            forced_bos_token_id=None,
            forced_eos_token_id=None,
            no_repeat_ngram_size=0,
            **groups,
        )
        return float((found[:, 1:] != PAD).sum())

    return search


def _train(folder: Path) -> Callable[[], float]:
    task = TASKS["train"]
    model = _model(folder)  # without dropout, as all here
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98))
    sources, targets = torch.tensor(task.sources()), torch.tensor(task.targets())[:, 0]
    prev = torch.tensor(previous(task.targets()))[:, 0]

    def step() -> float:
        logits_BTV = model(sources, decoder_input_ids=prev, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(
            logits_BTV.flatten(0, 1), targets.flatten(), label_smoothing=LABEL_SMOOTHING
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


def _search(name: str) -> Callable[[Path], Callable[[], float]]:
    return lambda folder: _searcher(folder, TASKS[name])


def _quals(folder: Path, shared: bool) -> Callable[[], float]:
    search, score = _searcher(folder, TASKS["quals"]), _scorer(folder, TASKS["quals"], shared)
    return lambda: search() and score()


JOBS = {
    "score": lambda folder: _scorer(folder, TASKS["score"], shared=False),
    "score_shared": lambda folder: _scorer(folder, TASKS["score"], shared=True),
    "diverse60": _search("diverse60"),
    "beam4": _search("beam4"),
    "greedy": _search("greedy"),
    "quals": lambda folder: _quals(folder, shared=False),
    "quals_shared": lambda folder: _quals(folder, shared=True),
    "train": _train,
}
