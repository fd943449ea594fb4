"""Letters that were decoded wrongly."""

import pytest

from quals_jax.text.mojibake import mend_mojibake


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("a â£50 cafã© for â‚¬9", "a £50 café for €9"),
        ("CAFÃ© and Â£5", "CAFé and £5"),
        ("it â€™s â€“ so", "it ’s – so"),
        ("fête, são, â la â£", "fête, são, â la £"),
        ("£50 café", "£50 café"),
        ("â€œsoâ€\x9d and â\x80\x9cnoâ\x80\x9d", "“so” and “no”"),
        ("nãµ and âµ but ã or â", "nõ and µ but ã or â"),
        ("ã\xad", "í"),
    ],
)
def test_wrongly_decoded_letters_are_mended(wrong, right):
    assert mend_mojibake(wrong) == right
