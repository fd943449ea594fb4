"""A small study, and answers to it as the page exports them."""

from quals_jax.evaluation.human_answers import FORMAT
from quals_jax.evaluation.human_study import QUESTIONS, PairedDocument, Study, draw_study

SYSTEMS = ("Zephyr", "Quartz")  # names that no text contains


def documents(count: int, dataset: str = "", start: int = 0) -> list[PairedDocument]:
    """Documents whose summaries tell which system wrote them: alpha is of the first."""
    return [
        PairedDocument(dataset, i, f"Document {dataset} {i}.", (f"alpha {i}", f"beta {i}"))
        for i in range(start, start + count)
    ]


def made_up_study(count: int = 6, num_annotators: int = 2, seed: int = 1) -> Study:
    """A study about two data sets of `count` documents each."""
    both = documents(count, "news") + documents(count, "talk")
    return draw_study(both, SYSTEMS, num_annotators=num_annotators, seed=seed)


def exported(study: Study, annotator: int, judge) -> dict:
    """The file of an annotator; ``judge(item, question)`` is +1 where the first system is better,
    0, -1, or None where nothing is answered."""
    items = {}
    for item in study["items"]:
        first = item["first"][annotator - 1]
        answers = {}
        for question in QUESTIONS:
            value = judge(item, question)
            if value is None:
                continue
            better = 0 if value > 0 else 1
            choice = "first" if better == first else "second"
            answers[question] = choice if value else "equal"
        if answers:
            items[item["key"]] = {"answers": answers, "seconds": 30, "changed": 5, "note": ""}
    return {"format": FORMAT, "study": study["study"], "annotator": annotator, "items": items}
