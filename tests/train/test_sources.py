import json

from quals_jax.data.world_oracle import judge
from train.sources import contrast_rows, qa_rows, summary_rows


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


def test_held_out_and_clean_references_of_the_world_are_about_the_same_articles():
    noisy, clean = list(summary_rows("world-held-out:60:3")), list(summary_rows("world-clean:60:3"))
    assert [row[:2] for row in noisy] == [row[:2] for row in clean]
    assert all(judge(document, summary).factual for _, document, summary in clean)
    assert not all(judge(document, summary).factual for _, document, summary in noisy)
    trained = {document for _, document, _ in summary_rows("world:60:3")}
    assert not trained & {document for _, document, _ in noisy}


def test_contrasts_of_the_world_are_true_and_false():
    rows = list(contrast_rows("world:20:3"))
    assert len({row[0] for row in rows}) == len(rows) >= 18
    for _, document, positive, negative in rows:
        assert judge(document, positive).factual
        assert not judge(document, negative).factual
