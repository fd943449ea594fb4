"""Penn-Treebank tokens back to text."""

import pytest

from quals_jax.text.treebank import from_treebank


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("He did n't say `` no '' -lrb- yet -RRB- .", 'He didn\'t say "no" (yet).'),
        ("Ann 's cat , which they 'd fed , ate $ 5 !", "Ann's cat, which they'd fed, ate $5!"),
        ("It fell 20 % ; why ? -lsb- sic -rsb-", "It fell 20%; why? [sic]"),
        ("London -- the city -- won .", "London - the city - won."),
        ('Plain text, (already) "written" isn\'t changed.', None),
        ("", None),
    ],
)
def test_tokens_become_text(tokens, text):
    assert from_treebank(tokens) == (tokens if text is None else text)
