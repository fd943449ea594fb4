"""Noise of a text generator in a claim: words said twice or lost (FactCC's last transformation)."""

import re

import numpy as np

_WORD = re.compile(r"\s*\S+")
# A claim without these says something else.
_KEPT = re.compile(
    r"\b(?:not?|never|none|nobody|nothing|without)\b|n['’]t\b|\bcannot\b", re.IGNORECASE
)


def add_noise(
    claim: str, rng: np.random.Generator, rate: float, kept: tuple[int, int] = (0, 0)
) -> str | None:
    """Each word, with probability ``rate``, is doubled or dropped; at least one is.

    Words of ``claim[kept[0]:kept[1]]`` and negations stay as they are, so that the label does (in
    FactCC they may be lost). None where no word may change. Blanks at the ends are lost.
    """
    words = list(_WORD.finditer(claim.rstrip()))
    free = [
        i
        for i, match in enumerate(words)
        if not (match.start() < kept[1] and kept[0] < match.end()) and not _KEPT.search(match[0])
    ]
    if not free or len(words) < 2:
        return None
    hit = {i for i in free if rng.random() < rate} or {free[rng.integers(len(free))]}
    pieces: list[str] = []
    for i, match in enumerate(words):
        if i not in hit:
            pieces.append(match[0])
        elif rng.random() < 0.5:
            pieces += [match[0], f" {match[0].lstrip()}"]
    return "".join(pieces).strip() or None
