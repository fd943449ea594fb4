"""Answer comparison by the rules of SQuAD's official evaluate-v1.1 script.

token_f1("the Eiffel Tower", "Eiffel tower!")     # 1.0
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case, ASCII punctuation deleted, articles dropped, blanks collapsed, in this order."""
    text = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def token_f1(prediction: str, truth: str) -> float:
    """F1 of the two bags of normalised words; 0 where they share none, even if both are empty."""
    predicted, expected = normalize_answer(prediction).split(), normalize_answer(truth).split()
    shared = sum((Counter(predicted) & Counter(expected)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(expected)
    return 2 * precision * recall / (precision + recall)


def exact_match(prediction: str, truth: str) -> bool:
    """Whether the normalised answers are equal."""
    return normalize_answer(prediction) == normalize_answer(truth)


def best_over_truths(
    metric: Callable[[str, str], float], prediction: str, truths: Sequence[str]
) -> float:
    """The best value of ``metric(prediction, truth)`` over all accepted answers."""
    if not truths:
        raise ValueError("no accepted answer to compare with")
    return max(float(metric(prediction, truth)) for truth in truths)
