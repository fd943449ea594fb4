import json

import pytest

from experiments.squad_scores import QagenAnswerer, main, squad_scores
from quals_jax.answering import Answer
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.checkpoints.open_qagen import OPEN_QAGEN


class Fixed:
    """Answers from a table."""

    def __init__(self, table):
        self.table = table

    def answers(self, contexts, questions):
        return [[Answer(self.table[q], 0.0, 0, 0) for q in group] for group in questions]


def question(context, text, *answers):
    starts = [0] * len(answers)
    answers = {"text": list(answers), "answer_start": starts}
    return {"context": context, "question": text, "answers": answers}


def test_the_best_of_the_accepted_answers_counts():
    questions = [
        question("c1", "q1", "Rome", "the city of Rome"),
        question("c1", "q2", "Ann Lee"),
        question("c2", "q3"),
        question("c2", "q4"),
        question("c2", "q5", "York"),
    ]
    table = {"q1": "city of Rome.", "q2": "Ann", "q3": "", "q4": "Bonn", "q5": ""}
    scores = squad_scores(Fixed(table), questions)
    assert scores.exact_match == pytest.approx(40)  # q1 and q3
    assert scores.f1 == pytest.approx(100 * (1 + 2 / 3 + 1) / 5)
    assert (scores.answered, scores.num_questions) == (pytest.approx(60), 5)


def test_a_qagen_writes_its_answers(tmp_path, capsys):
    asked = ["Who lives in Rome?", "In which city does Ann live?"]
    qas = [
        {"id": str(n), "question": text, "answers": [{"text": answer, "answer_start": 0}]}
        for n, (text, answer) in enumerate(zip(asked, ["Ann", "Rome"], strict=True))
    ]
    content = {"data": [{"paragraphs": [{"context": "Ann lives in Rome. " * 300, "qas": qas}]}]}
    (tmp_path / "dev.json").write_text(json.dumps(content), "utf-8")
    assert main([str(OPEN_QAGEN), str(tmp_path / "dev.json")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("written by QAGen: exact match ")
    assert said.endswith("of 2 questions answered\n")
    answerer = QagenAnswerer(load_model_folder(OPEN_QAGEN))
    [[first, second]] = answerer.answers(["Ann lives in Rome."], [asked])
    assert first.text
    assert second.text


def test_bad_arguments_are_explained(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "--max-questions" in capsys.readouterr().out
    assert main([str(tmp_path / "nowhere"), str(tmp_path / "dev.json")]) == 2
    assert "nowhere" in capsys.readouterr().err
