"""The picture of the method: how probable each token of a pair is, given summary and document."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quals_jax.report.markup import Markup
from quals_jax.report.svg import box, drawing, line, path, text

_LEFT, _RIGHT, _TOP, _PLOT = 34.0, 104.0, 34.0, 120.0
_LETTER, _NARROWEST = 6.9, 46.0  # width of a letter and of the narrowest column
_NARROWEST_DRAWING = 560.0
_DROP = -1.0  # nats: from here on a token counts as one that the document does not support


@dataclass(frozen=True)
class TokenRow:
    """The tokens of a pair, split where the answer begins, and their log-probabilities."""

    tokens: tuple[str, ...]
    num_question_tokens: int
    log_probs_summary: tuple[float, ...]
    log_probs_document: tuple[float, ...]

    @property
    def differences(self) -> list[float]:
        """Nats per token, document minus summary."""
        pairs = zip(self.log_probs_document, self.log_probs_summary, strict=True)
        return [document - summary for document, summary in pairs]

    @property
    def score(self) -> float:
        """What the pair contributes to QUALS."""
        return sum(self.differences) / len(self.tokens)


def token_picture(row: TokenRow) -> Markup:
    """Two bars per token: its probability given the summary and given the document."""
    lefts, widths = _columns(row.tokens)
    right = lefts[-1] + widths[-1]
    bottom = _TOP + _PLOT
    shapes = [_legend(), *_axis(right)]
    for i, token in enumerate(row.tokens):
        shapes += _token(row, i, token, lefts[i], widths[i])
    cut = lefts[row.num_question_tokens]
    shapes.append(line(cut, _TOP - 4, cut, bottom + 54, "axis"))
    shapes += [
        _bracket(lefts[0] + 3, cut - 4, bottom + 44, "question"),
        _bracket(cut + 4, right - 3, bottom + 44, "answer"),
        text(right + 14, _TOP + 46, _signed(row.score), "strong"),
        text(right + 14, _TOP + 62, "nats per token", "soft small"),
    ]
    words = "".join(row.tokens)
    title = f"Token probabilities of the pair: {words}; score {_signed(row.score)} nats per token"
    return drawing(max(right + _RIGHT, _NARROWEST_DRAWING), bottom + 56, title, *shapes)


def _columns(tokens: Sequence[str]) -> tuple[list[float], list[float]]:
    widths = [max(_NARROWEST, _LETTER * len(token.strip()) + 10) for token in tokens]
    return [_LEFT + sum(widths[:i]) for i in range(len(widths))], widths


def _token(row: TokenRow, i: int, token: str, left: float, width: float) -> list[Markup]:
    bottom, middle = _TOP + _PLOT, left + width / 2
    bar = min(17.0, width / 2 - 5)
    drop = row.differences[i]
    unsupported = drop < _DROP
    shapes = []
    if unsupported:
        shapes.append(box(left + 1, _TOP - 4, width - 2, _PLOT + 36, "tint"))
    sides = (
        (middle - bar - 1, row.log_probs_summary[i], "summary"),
        (middle + 1, row.log_probs_document[i], "document"),
    )
    for x, log_prob, side in sides:
        height = max(_PLOT * math.exp(log_prob), 0.8)
        hint = f"{token.strip()}: {math.exp(log_prob):.3f} given the {side} ({log_prob:.2f} nats)"
        shapes.append(box(x, bottom - height, bar, height, side, hint))
    shapes.append(
        text(middle, bottom + 16, token.strip(), "strong" if unsupported else "", "middle")
    )
    label = _signed(drop) if abs(drop) >= 0.05 else "0"
    shapes.append(
        text(middle, bottom + 29, label, f"small {'red' if unsupported else 'soft'}", "middle")
    )
    return shapes


def _axis(right: float) -> list[Markup]:
    shapes = []
    for share, label in ((0.0, "0"), (0.5, ".5"), (1.0, "1")):
        y = _TOP + _PLOT * (1 - share)
        shapes += [
            line(_LEFT, y, right, y, "grid" if share else "axis"),
            text(_LEFT - 6, y + 4, label, "soft small", "end"),
        ]
    return shapes


def _legend() -> Markup:
    entries = (
        ("summary", "probability given the summary"),
        ("document", "probability given the document"),
    )
    shapes, x = [], _LEFT
    for side, words in entries:
        shapes += [box(x, 4, 11, 11, side), text(x + 17, 14, words, "soft")]
        x += 24 + 6.4 * len(words)
    return Markup("".join(shapes))


def _bracket(left: float, right: float, y: float, label: str) -> Markup:
    middle = (left + right) / 2
    half = len(label) * 3.3 + 5
    shapes = [text(middle, y + 4, label, "soft small", "middle")]
    if right - left > 2 * half + 8:
        shapes += [
            path([(left, y - 4), (left, y), (middle - half, y)], "bracket"),
            path([(right, y - 4), (right, y), (middle + half, y)], "bracket"),
        ]
    return Markup("".join(shapes))


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
