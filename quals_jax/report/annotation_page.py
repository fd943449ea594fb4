"""The page on which people compare summaries: one HTML file that asks the network for nothing.

    html = annotation_page(draw_study(documents, ("MLE", "ConSeq")))

Its parts lie in the folder ``annotation``. Answers are saved in the browser and exported as the
files that `quals_jax.evaluation.human_answers` reads.
"""

import base64
import dataclasses
import hashlib
import json
import re
from importlib import resources
from typing import Any

from quals_jax.evaluation.human_answers import FORMAT
from quals_jax.evaluation.human_study import QUESTIONS, Study, study_for_annotators
from quals_jax.report.palette import DARK, LIGHT, PRINT, colour_rules

_SCRIPTS = ("answers.js", "sheet.js", "controls.js")
_COLOURS = f""":root{{color-scheme:light dark;{colour_rules(LIGHT)};--found:#ffe08a}}
@media (prefers-color-scheme:dark){{:root{{{colour_rules(DARK)};--found:#6b5200}}}}
@media print{{:root{{{colour_rules(PRINT)}}}}}
"""
# What could end the element that the data stands in, or a line of JavaScript.
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def annotation_page(study: Study) -> str:
    """The whole file. It does not tell which system wrote what; see study_for_annotators.

    Its content policy allows the page's own script and style, known by their hashes, and no
    request.
    """
    style = _COLOURS + _part("style.css")
    script = "\n".join(map(_part, _SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    data = study_for_annotators(study) | {
        "format": FORMAT,
        "questions": {name: dataclasses.astuple(q) for name, q in QUESTIONS.items()},
    }
    values = {"policy": policy, "style": style, "script": script, "study": embedded(data)}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], _part("page.html"))


def embedded(data: Any) -> str:
    """JSON that may stand in a script element: no text in it can end the element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _part(name: str) -> str:
    return resources.files("quals_jax.report").joinpath("annotation", name).read_text("utf-8")


def _source(content: str) -> str:
    """The name of an inline script or style in a content policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
