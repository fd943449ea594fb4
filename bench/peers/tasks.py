"""What every library is asked to do: the shapes, and the rows, the same for all.

Nothing but NumPy is imported, so that each library can live in an environment of its own. Token ids
are random, and so are the weights: hypotheses hardly ever end, and all have the length that is
asked for.
"""

import dataclasses

import numpy as np

BOS, PAD, EOS = 0, 1, 2
VOCAB_SIZE = 50_265
LABEL_SMOOTHING = 0.1
DIVERSITY = 0.5


@dataclasses.dataclass(frozen=True)
class Task:
    """A job of ``num_sources`` sources; what it has no use for is 0.

    ``score_tokens`` is the length of the sources that targets are scored against, where they are
    not the sources that are searched.
    """

    num_sources: int
    source_tokens: int
    num_targets: int = 0
    target_tokens: int = 0
    new_tokens: int = 0
    num_beams: int = 1
    num_groups: int = 1
    score_tokens: int = 0

    def sources(self, tokens: int = 0) -> np.ndarray:
        """``[num_sources, tokens]`` (default: ``source_tokens``) ids, ``</s>`` at the end."""
        return _ids(0, self.num_sources, tokens or self.source_tokens)

    def documents(self) -> np.ndarray:
        """``[num_sources, score_tokens]`` ids of what the targets are scored against."""
        return self.sources(self.score_tokens)

    def targets(self) -> np.ndarray:
        """``[num_sources, num_targets, target_tokens]`` ids, ``</s>`` at the end."""
        flat = _ids(1, self.num_sources * self.num_targets, self.target_tokens)
        return flat.reshape(self.num_sources, self.num_targets, self.target_tokens)


TASKS = {
    "score": Task(8, 512, num_targets=10, target_tokens=30),
    "diverse60": Task(2, 64, new_tokens=40, num_beams=60, num_groups=60),
    "beam4": Task(16, 64, new_tokens=40, num_beams=4),
    "greedy": Task(16, 64, new_tokens=40),
    # A row of XSum: 60 pairs of 40 tokens from the summary, ten of 30 scored on the document.
    "quals": Task(
        2, 25, num_targets=10, target_tokens=30, new_tokens=40, num_beams=60, num_groups=60,
        score_tokens=500,
    ),
    "train": Task(8, 256, num_targets=1, target_tokens=64),
}  # fmt: skip


def previous(targets: np.ndarray) -> np.ndarray:
    """What the decoder reads to predict the targets: ``</s>``, then all but the last."""
    start = np.full_like(targets[..., :1], EOS)
    return np.concatenate([start, targets[..., :-1]], axis=-1)


def _ids(seed: int, rows: int, tokens: int) -> np.ndarray:
    ids = np.random.default_rng(seed).integers(4, VOCAB_SIZE - 1, (rows, tokens))
    ids[:, -1] = EOS
    return ids
