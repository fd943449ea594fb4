import json

from train.sources import qa_rows


def test_squad_questions_can_be_asked_about_their_sentences(tmp_path):
    context = "Rome is old. Ann is mayor of it."
    answer = {"text": "Ann", "answer_start": 13}
    qa = {"id": "q", "question": "Who?", "answers": [answer]}
    content = {"data": [{"paragraphs": [{"context": context, "qas": [qa]}]}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(content))
    [sentence] = qa_rows(f"squad-sentences:{path}")
    assert sentence.context in ("Ann is mayor of it.", context)
    [row] = qa_rows(f"squad-views:{path}")
    assert (row.question, row.answer) == ("Who?", "Ann")
    [plain] = qa_rows(f"squad:{path}")
    assert plain.context == context
