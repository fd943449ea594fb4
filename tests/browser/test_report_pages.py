"""Report pages in a real Chromium: nothing is asked for, nothing in a text is run (F39)."""

from quals_jax.evaluation.human_answers import check_answers
from quals_jax.evaluation.human_results import study_results
from quals_jax.evaluation.human_study import PairedDocument, draw_study
from quals_jax.report.comparison_report import comparison_page
from quals_jax.report.conseq_report import conseq_report
from quals_jax.report.meta_eval_report import meta_eval_page
from quals_jax.report.study_report import study_report
from tests.evaluation.made_up_study import exported
from tests.report.made_up_conseq import made_up_conseq
from tests.report.parsed import EVIL
from tests.report.test_comparison_report import made_up_comparison
from tests.report.test_meta_eval_report import made_up_meta_eval


def _study_page():
    study = draw_study(
        [PairedDocument(EVIL, EVIL, EVIL, (EVIL + "a", EVIL + "b"))], (EVIL + "A", EVIL + "B")
    )
    answers = check_answers(study, [("a", exported(study, 1, lambda item, question: 1))])
    return study_report(study, answers, study_results(study, answers))


def test_reports_ask_for_nothing_and_run_nothing(browser, tmp_path):
    for name, html in (
        ("study", _study_page()),
        ("conseq", conseq_report(made_up_conseq() | {"title": EVIL})),
        ("meta_eval", meta_eval_page(made_up_meta_eval(EVIL))),
        ("comparison", comparison_page(made_up_comparison(tmp_path, EVIL))),
    ):
        path = tmp_path / f"{name}.html"
        path.write_text(html, "utf-8")
        page = browser.open(path.as_uri())
        assert page.requests() == [path.as_uri()]
        assert page.complaints() == []
        assert EVIL in page.js("document.body.textContent")
        assert page.js("document.querySelectorAll('script, img, iframe, link').length") == 0
        for width in (390, 1280):
            page.emulate(width, 800)
            assert page.js("document.documentElement.scrollWidth <= innerWidth"), (name, width)
