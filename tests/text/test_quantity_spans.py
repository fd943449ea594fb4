import pytest

from quals_jax.text.quantity_spans import date_spans, number_spans


def texts(spans):
    return [span.text for span in spans]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("It began on Friday, 12 May 2010.", ["Friday, 12 May 2010"]),
        ("On 3rd of June and June 4, 1998, and in July.", ["3rd of June", "June 4, 1998", "July"]),
        ("It fell on friday in april.", ["friday", "april"]),
        ("They may march in May or March.", ["May", "March"]),
        ("On 4 may and march 2012.", ["4 may", "march 2012"]),
        ("Since 1998 it cost 1998 pounds.", ["1998"]),
        ("Marching on Sundays, June 45.", ["June"]),
        ("", []),
    ],
)
def test_dates(text, dates):
    assert texts(date_spans(text)) == dates


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It cost £3.2 million, or 1,000 euros.", ["£3.2 million", "1,000"]),
        ("They won 2-1 in the 3rd round.", ["2-1", "3rd"]),
        ("Twenty-five men and two hundred women; one left.", ["Twenty-five", "two hundred"]),
        ("About 10% (5 per cent) of $4bn.", ["10%", "5 per cent", "$4bn"]),
        ("On 12 May 2010 he was 54.", ["54"]),  # not the numbers of a date
        ("The A1 and B-52 of covid-19.", []),
        ("A 23-year-old tenor with oneness.", []),
    ],
)
def test_numbers(text, numbers):
    assert texts(number_spans(text)) == numbers


def test_spans_are_places_in_the_text():
    text = "On Friday 26 people came."
    for span in (*date_spans(text), *number_spans(text)):
        assert text[span.start : span.end] == span.text
    assert [(span.start, span.end) for span in number_spans(text)] == [(10, 12)]
