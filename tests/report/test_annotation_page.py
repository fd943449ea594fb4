"""The page for annotators: whole, blind, quiet, and harmless whatever the texts are."""

import base64
import hashlib
import json
import re

from quals_jax.evaluation.human_study import PairedDocument, draw_study
from quals_jax.report.annotation_page import annotation_page, embedded
from tests.evaluation.made_up_study import SYSTEMS, made_up_study
from tests.report.parsed import EVIL

_HARD = f"{EVIL}</script><!-- ]]> {{{{style}}}} \\ \u2028 \u2029 \x00 \U0001f600 &lt;"


def _scripts(html: str) -> list[str]:
    return re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)


def test_the_texts_come_back_whatever_they_hold():
    study = draw_study([PairedDocument("", 1, _HARD, (_HARD + "a", _HARD + "b"))], SYSTEMS)
    html = annotation_page(study)
    data, program = _scripts(html)  # no text has ended an element or begun one
    assert json.loads(data)["items"]["1"]["texts"] == [_HARD + "a", _HARD + "b"]
    assert json.loads(data)["items"]["1"]["document"] == _HARD
    assert "<" not in data
    assert "onerror" not in html.replace(data, "")
    assert program in annotation_page(made_up_study())


def test_what_ends_a_script_or_a_line_of_javascript_is_escaped():
    text = embedded({"a": "</script><!--\u2028\u2029&"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"a": "</script><!--\u2028\u2029&"}


def test_the_policy_allows_the_pages_own_code_and_no_request():
    html = annotation_page(made_up_study())
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    _, program = _scripts(html)
    script, styled = (
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (program, style)
    )
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{styled}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_nothing_in_the_page_points_elsewhere():
    html = annotation_page(made_up_study())
    assert not re.findall(r"https?:|\bsrc=|url\(|@import|<link|<img|<iframe|fetch\(|XMLHttp", html)


def test_the_page_does_not_know_the_systems():
    html = annotation_page(made_up_study())
    assert not any(name in html for name in SYSTEMS)
    assert "{{" not in html
