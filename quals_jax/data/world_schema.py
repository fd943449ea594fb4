"""What a type of news consists of: facts, the sentences that state them, the questions for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from quals_jax.data.world_templates import Template


def templates(*texts: str) -> tuple[Template, ...]:
    """Several patterns of the same meaning."""
    return tuple(Template(text) for text in texts)


@dataclass(frozen=True)
class Slot:
    """One fact an event can have: the kind of its value, what states it and what asks for it.

    Careless summaries state a `core` fact whether or not the article does.
    """

    kind: str
    sentences: tuple[Template, ...]
    questions: tuple[Template, ...]
    core: bool = False


@dataclass(frozen=True)
class Distractor:
    """A sentence about somebody or something else, and the questions that ask about it."""

    kinds: Mapping[str, str]
    sentences: tuple[Template, ...]
    questions: Mapping[str, tuple[Template, ...]]


@dataclass(frozen=True)
class EventType:
    """One type of news. Slots without sentences of their own are anchors, in `lead`."""

    name: str
    lead: tuple[Template, ...]
    slots: Mapping[str, Slot]
    distractors: tuple[Distractor, ...]
    summaries: tuple[Template, ...]
    kinds: Mapping[str, str] = field(init=False)

    def __post_init__(self):
        kinds = {name: slot.kind for name, slot in self.slots.items()}
        for distractor in self.distractors:
            kinds |= distractor.kinds
        object.__setattr__(self, "kinds", kinds)

    @property
    def anchors(self) -> tuple[str, ...]:
        """Names of the facts that every article and summary of this type states."""
        return tuple(name for name, slot in self.slots.items() if not slot.sentences)

    @property
    def optional(self) -> tuple[str, ...]:
        """Names of the facts an article may or may not state."""
        return tuple(name for name, slot in self.slots.items() if slot.sentences)


def anchor(kind: str, *questions: str) -> Slot:
    """A fact that the lead sentence states."""
    return Slot(kind, (), templates(*questions))


def fact(kind: str, sentences: tuple[str, ...], *questions: str, core: bool = False) -> Slot:
    """A fact with sentences of its own; see `Slot` for `core`."""
    return Slot(kind, templates(*sentences), templates(*questions), core)


def aside(kinds: dict[str, str], sentences: tuple[str, ...], **questions: str) -> Distractor:
    """A distractor with one question per value."""
    asked = {slot: templates(question) for slot, question in questions.items()}
    return Distractor(kinds, templates(*sentences), asked)
