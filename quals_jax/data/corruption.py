"""Text of raw XSum and CNN/DailyMail stories, and the filters against corrupt summaries.

    story = read_story("0001.story", cnndm_story, filter_level=1)
    if story.reason is None:                 # otherwise why the official code drops the story
        write(story.source, story.target)

Filter levels: 0 nothing, 1 texts that collecting left behind, 2 also entities that the source does
not mention. The ACL paper used level 1.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quals_jax.text.entity_match import find_entity

_SENTENCE_ENDS = frozenset(".!?'`\"’”)")
_SHARE_TEXTS = frozenset(
    (
        "share this with",
        "email",
        "facebook",
        "messenger",
        "twitter",
        "pinterest",
        "whatsapp",
        "linkedin",
        "copy this link",
        "these are external links and will open in a new window",
    )
)
_LINK_TEXTS = ("READ", "CLICK HERE")
_HIGHLIGHT = "@highlight"
# The first of each is in the *.data files of the paper's time, the second in today's *.summary.
_INTRODUCTION = ("[XSUM]INTRODUCTION[XSUM]", "[SN]FIRST-SENTENCE[SN]")
_REST = ("[XSUM]RESTBODY[XSUM]", "[SN]RESTBODY[SN]")


@dataclass(frozen=True)
class Story:
    """Source and target in one line each; ``reason`` says why it cannot be used, None if it can."""

    source: str
    target: str
    reason: str | None = None


@dataclass(frozen=True)
class SummarySentence:
    """A sentence of a summary and the entities of the tracked types in it."""

    text: str
    entities: tuple[str, ...] = ()


Analyser = Callable[[str], Sequence[SummarySentence]]  # sentences of a summary, in order
Extractor = Callable[[str, int], tuple[str, str]]  # (source, target) of a file at a filter level


def fix_missing_period(line: str) -> str:
    """``line`` with a full stop unless it ends like a sentence, is empty or has a highlight mark.

    A closing bracket or quotation mark ends a sentence; ``…``, ``:`` and ``,`` do not.
    """
    if not line or _HIGHLIGHT in line or line[-1] in _SENTENCE_ENDS:
        return line
    return line + "."


def text_lines(text: str) -> list[str]:
    """Stripped lines that are not empty; only CR and LF end a line, as when Python reads a file."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [stripped for line in lines if (stripped := line.strip())]


def one_line(lines: Iterable[str]) -> str:
    """The lines with missing full stops, joined by blanks."""
    return " ".join(map(fix_missing_period, lines))


def is_corrupt_summary_sentence(sentence: str) -> bool:
    """Whether it is a link left by collecting: it starts with READ (or READY) or CLICK HERE."""
    return sentence.startswith(_LINK_TEXTS)


def xsum_texts(body: str, introduction: str, filter_level: int) -> tuple[str, str]:
    """(source, target) of XSum: the lines of body and introduction, each in one line.

    From level 1 up, lines of the body that are a share button's text are left out.
    """
    lines = [
        line for line in text_lines(body) if filter_level == 0 or line.lower() not in _SHARE_TEXTS
    ]
    return one_line(lines), one_line(text_lines(introduction))


def cnndm_texts(article: str, highlights: str, filter_level: int) -> tuple[str, str]:
    """(source, target) of CNN/DailyMail: the lines of article and highlights, each in one line.

    From level 1 up, highlights that are links are left out.
    """
    lines = [
        line
        for line in text_lines(highlights)
        if filter_level == 0 or not is_corrupt_summary_sentence(line)
    ]
    return one_line(text_lines(article)), one_line(lines)


def xsum_story(text: str, filter_level: int) -> tuple[str, str]:
    """``xsum_texts`` of an XSum file: what follows its rest-of-body and introduction marks."""
    parts: dict[str | None, list[str]] = {None: [], "source": [], "target": []}
    part = None
    for line in text_lines(text):
        if line in _INTRODUCTION:
            part = "target"
        elif line in _REST:
            part = "source"
        else:
            parts[part].append(line)
    return xsum_texts("\n".join(parts["source"]), "\n".join(parts["target"]), filter_level)


def cnndm_story(text: str, filter_level: int) -> tuple[str, str]:
    """``cnndm_texts`` of a .story file: before and after its first highlight mark."""
    article: list[str] = []
    highlights: list[str] = []
    part = article
    for line in text_lines(text):
        if line == _HIGHLIGHT:
            part = highlights
        else:
            part.append(line)
    return cnndm_texts("\n".join(article), "\n".join(highlights), filter_level)


def story_of(source: str, target: str) -> Story:
    """The story of these texts, with the reason where one of them is empty."""
    reason = "no source" if not source else "no target" if not target else None
    return Story(source, target, reason)


def decode_story(raw: bytes, extract: Extractor, filter_level: int) -> Story:
    """The story in a file's content by ``xsum_story`` or ``cnndm_story``, rules of levels 0 and 1.

    What is not UTF-8 gives an empty story with the reason (the official code: an empty one,
    silently).
    """
    check_filter_level(filter_level)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Story("", "", f"unreadable: {error}")
    return story_of(*extract(text, filter_level))


def read_story(path: str | Path, extract: Extractor, filter_level: int) -> Story:
    """``decode_story`` of a file; one that cannot be read gives an empty story with the reason."""
    check_filter_level(filter_level)
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        return Story("", "", f"unreadable: {error}")
    return decode_story(raw, extract, filter_level)


def check_filter_level(filter_level: int) -> None:
    """ValueError unless it is 0, 1 or 2."""
    if filter_level not in (0, 1, 2):
        raise ValueError(f"filter level {filter_level}: expected 0, 1 or 2")


def drop_unsupported_story(story: Story, analyse: Analyser) -> Story:
    """Level 2 for XSum: no story of which any entity in the summary is not in the source."""
    if story.reason is not None:
        return story
    for sentence in analyse(story.target):
        for entity in sentence.entities:
            if not find_entity(entity, story.source):
                return Story(story.source, story.target, f"entity not in source: {entity}")
    return story


def drop_unsupported_sentences(story: Story, analyse: Analyser) -> Story:
    """Level 2 for CNN/DailyMail: the summary without sentences with an entity not in the source.

    Sentences of the same text stay or go together.
    """
    if story.reason is not None:
        return story
    sentences = analyse(story.target)
    unsupported = {
        sentence.text
        for sentence in sentences
        if not all(find_entity(entity, story.source) for entity in sentence.entities)
    }
    kept = " ".join(s.text for s in sentences if s.text not in unsupported)
    return Story(story.source, kept, None if kept else "no supported sentence")
