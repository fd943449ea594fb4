"""Writes small copies of the official layouts of XSum and CNN/DailyMail."""

import json

from quals_jax.data.cnn_dailymail import URL_LISTS, story_name
from quals_jax.data.xsum import SPLIT_FILE

# (id, body, introduction): a story without flaws, one with a share button, one with a stranger.
XSUM = {
    "train": [
        ("1", "Ann Lee went to Rome\nShe was glad.", "A woman left, Ann Lee said"),
        ("2", "Share this with\nEmail\nBob slept.", "Bob slept."),
        ("3", "Ann Lee stayed.", "She had met Bob Fox."),
    ],
    "validation": [("4", "It rained", "Rain fell.")],
    "test": [("5", "Facebook", "A test."), ("6", "Zoë won.", "Zoë won")],
}
# (address, body, highlights)
CNNDM = {
    "train": [
        ("http://a", "Ann Lee went to Rome\nShe was glad.", ["Ann Lee left", "READ: more"]),
        ("http://b", "It rained.", ["CLICK HERE for more"]),
        ("http://c", "Ann Lee stayed.", ["She had met Bob Fox .", "She met Ann Lee."]),
    ],
    "validation": [("http://d", "Rain.", ["It rained"])],
    "test": [("http://e", "Zoë won.", ["Zoë won"])],
}


def xsum_file(body, introduction, *, old_marks=False):
    marks = ("INTRODUCTION", "[XSUM]") if old_marks else ("FIRST-SENTENCE", "[SN]")
    first, bracket = marks
    return (
        f"{bracket}URL{bracket}\nhttp://x\n\n{bracket}{first}{bracket}\n{introduction}\n\n"
        f"{bracket}RESTBODY{bracket}\n{body}\n"
    ).encode()


def write_xsum(folder, *, old_marks=False, missing=()):
    """``ID.summary`` (or ``ID.data``) files in a subfolder, and the file of the splits."""
    suffix = ".data" if old_marks else ".summary"
    (folder / "bbc").mkdir(parents=True)
    for stories in XSUM.values():
        for story_id, body, introduction in stories:
            if story_id not in missing:
                content = xsum_file(body, introduction, old_marks=old_marks)
                (folder / "bbc" / (story_id + suffix)).write_bytes(content)
    ids = {split: [story[0] for story in stories] for split, stories in XSUM.items()}
    (folder / SPLIT_FILE).write_text(json.dumps(ids))


def write_cnn_dailymail(folder):
    """Stories in cnn/stories and dailymail/stories, and the lists of addresses."""
    for publisher in ("cnn", "dailymail"):
        (folder / publisher / "stories").mkdir(parents=True)
    for split, stories in CNNDM.items():
        urls = "".join(f"{url}\n" for url, _, _ in stories)
        (folder / URL_LISTS[split]).write_text(urls)
        for number, (url, body, highlights) in enumerate(stories):
            text = body + "".join(f"\n\n@highlight\n\n{line}" for line in highlights)
            publisher = ("cnn", "dailymail")[number % 2]
            path = folder / publisher / "stories" / f"{story_name(url)}.story"
            path.write_text(text, "utf-8")


def qags_line(article: str, *sentences: tuple[str, str]) -> dict:
    """A line of QAGS; the answers are letters, such as "yyn"."""
    names = {"y": "yes", "n": "no"}
    return {
        "article": article,
        "summary_sentences": [
            {
                "sentence": sentence,
                "responses": [
                    {"worker_id": i, "response": names[letter]} for i, letter in enumerate(letters)
                ],
            }
            for sentence, letters in sentences
        ],
    }
