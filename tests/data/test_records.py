"""F9, F17: what becomes of the fields of a row."""

import json

import pytest

from quals_jax.data.records import Record, RowError, RowKeys, RowReader, SummaryRow


def _read(keys=None, *, replace_invalid=False, line=7, **values):
    return RowReader(keys or RowKeys(), replace_invalid)(Record(line, values))


def test_a_row_holds_one_summary_or_a_list_of_them():
    assert _read(id="a", document="d", summary="s") == SummaryRow("a", "d", ("s",), True, 7)
    assert _read(id=3, document="d", summaries=["s", ""]) == SummaryRow(3, "d", ("s", ""), False, 7)
    assert _read(id=3, document="", summaries=[]) == SummaryRow(3, "", (), False, 7)


def test_a_list_of_summaries_may_be_json_text_as_in_csv():
    assert _read(document="d", summaries='["s", "t"]').summaries == ("s", "t")


def test_of_two_columns_the_filled_one_counts():
    assert _read(document="d", summary=None, summaries=["s"]).summaries == ("s",)
    assert _read(document="d", summary="", summaries='["s"]').summaries == ("s",)
    assert _read(document="d", summary="s", summaries=None) == SummaryRow(7, "d", ("s",), True, 7)
    assert _read(document="d", summary="", summaries="").summaries == ("",)


@pytest.mark.parametrize("values", [{}, {"id": None}, {"id": ""}])
def test_a_row_without_id_is_called_by_its_line(values):
    assert _read(document="d", summary="s", **values).id == 7


def test_line_numbers_can_replace_ids():
    assert _read(RowKeys(id=None), id="a", document="d", summary="s").id == 7


def test_fields_can_have_other_names():
    keys = RowKeys(document="article", summary="highlights", id="url")
    row = _read(keys, url="u", article="d", highlights="s", document="x", summary="y")
    assert row == SummaryRow("u", "d", ("s",), True, 7)


def test_fields_that_are_not_asked_for_may_be_missing():
    assert _read(RowKeys(summary=None, summaries=None), document="d").summaries == ()
    assert _read(RowKeys(document=None), summary="s").document == ""


def test_references_are_read_where_they_are_asked_for():
    values = {"document": "d", "summary": "s"}
    assert _read(reference="r", **values).reference is None
    needed, optional = RowKeys(reference="target"), RowKeys(optional_reference="target")
    for keys in (needed, optional):
        assert _read(keys, target="r", **values).reference == "r"
        assert _read(keys, target="", **values).reference == ""
        assert _read(keys, target=None, **values).reference is None
        assert _read(keys, target=3, **values).code == "bad_type"
    assert _read(optional, **values).reference is None
    missing = _read(needed, targets="r", **values)
    assert missing.code == "missing_key"
    assert missing.message.endswith("(--reference-key targets?); where it is not known, write null")


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        ({"summary": "s"}, "missing_key", "'document' is missing; the row has 'summary'"),
        ({"document": "d"}, "missing_key", "'summary' is missing; the row has 'document'"),
        ({}, "missing_key", "'summary' is missing; the row has no fields"),
        (
            {"documents": "d", "summary": "s"},
            "missing_key",
            "'documents', 'summary' (--document-key documents?)",
        ),
        ({"document": None, "summary": "s"}, "bad_type", "'document' is null; a text is expected"),
        ({"document": "d", "summary": 0.5}, "bad_type", "'summary' is the number 0.5"),
        ({"document": "d", "summary": False}, "bad_type", "'summary' is false"),
        ({"document": ["d"], "summary": "s"}, "bad_type", "'document' is a list"),
        ({"document": {"text": "d"}, "summary": "s"}, "bad_type", "'document' is an object"),
        ({"document": b"d", "summary": "s"}, "bad_type", "'document' is of type bytes"),
        ({"document": "d", "summaries": "s"}, "bad_type", "'summaries' is a text; a list"),
        ({"document": "d", "summaries": '["s", '}, "json", "'summaries' is no list of texts"),
        ({"document": "d", "summaries": ["s", None]}, "bad_type", "'summaries[1]' is null"),
        ({"document": "d", "summary": "s", "id": 1.5}, "bad_type", "'id' is the number 1.5"),
        ({"document": "d", "summary": "s", "id": True}, "bad_type", "'id' is true"),
        (
            {"document": "d", "summary": "s", "summaries": ["t"]},
            "ambiguous",
            "--summary-key summary",
        ),
    ],
)
def test_an_unusable_field_is_a_row_error_that_names_key_and_type(values, code, message):
    error = _read(**values)
    assert isinstance(error, RowError)
    assert (error.id, error.line, error.code) == (7, 7, code)
    assert message in error.message


def test_a_row_error_keeps_the_id_of_its_row():
    row = _read(id="a", document=None, summary="s")
    assert row.id == "a"
    assert row.as_row()["message"].startswith("line 7: 'document' is null")
    assert list(row.as_row()) == ["status", "code", "message"]


def test_a_lone_surrogate_is_a_row_error_or_replaced():
    text = json.loads('"caf\\ud800é"')
    error = _read(document=text, summary="s")
    assert error.code == "encoding"
    assert "character 4" in error.message
    assert _read(document=text, summary="s", replace_invalid=True).document == "caf\ufffdé"
    paired = json.loads('"\\ud83d\\ude00"')
    assert _read(document=paired, summary="s").document == "😀"
