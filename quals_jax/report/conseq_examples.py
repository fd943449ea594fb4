"""Documents with their S+ and S- summaries, unsupported parts marked."""

from collections.abc import Sequence

from quals_jax.report.axes import fixed
from quals_jax.report.conseq_results import Example
from quals_jax.report.conseq_tables import RULES
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.page import marked_parts, missing

_MARKS = {
    "oracle": "Marked: what the article does not state, by the exact oracle.",
    "pairs": "Marked: the answers of the pairs with the lowest scores, so QUALS's own suspicion.",
}


def example_cards(
    rule: str, examples: Sequence[Example] | None, unsupported_by: str | None, *, folded: bool
) -> Markup:
    """A card per document; `folded` hides them until they are asked for."""
    heading = f"Examples, chosen by {RULES.get(rule, rule)}"
    cards: list[Child]
    if examples:
        told = _MARKS.get(unsupported_by or "")
        has_marks = any(example.get("unsupported") for example in examples)
        intro = element("p", told, class_="note") if told and has_marks else None
        cards = [intro, element("div", *map(_card, examples), class_="stack")]
    else:
        cards = [missing("The run kept no examples of this rule.")]
    if folded:
        return element("details", element("summary", heading), *cards)
    return element("div", element("h3", heading), *cards)


def _card(example: Example) -> Markup:
    positive = _summary("S+", example["positive"], example.get("positive_score"), ())
    parts = example.get("unsupported")
    negative = _summary("S−", example["negative"], example.get("negative_score"), parts or ())
    body = element("span", example["document"], class_="long")
    document = element("div", _labelled("Document", body), class_="texts one")
    unmarked = None
    if example["negative"] is not None and not parts:
        words = "No single part of S− was named as unsupported."
        if parts is None:
            words = "What is unsupported in S− was not recorded."
        unmarked = element("p", words, class_="note")
    texts = element("div", positive, negative, class_="texts")
    return element("div", document, texts, unmarked, class_="card")


def _summary(name: str, text: str | None, score: float | None, parts: Sequence[str]) -> Markup:
    if text is None:
        return _labelled(name, element("span", "none of this document", class_="note"))
    label = name
    if score is not None:
        label += f" (score {fixed(score, 3, '+')})"
    return _labelled(label, marked_parts(text, parts))


def _labelled(label: str, content: Child) -> Markup:
    return element("p", element("span", label, class_="sans"), content)
