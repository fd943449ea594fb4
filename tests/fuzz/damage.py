"""Bytes that were whole before: some edits of real files."""

from collections.abc import Sequence

from hypothesis import strategies as st

# Lengths, counts and offsets that readers get wrong.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1)
_PATCHES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [number.to_bytes(8, "little")[:size] for number in _NUMBERS for size in (4, 8)]
    ),
)
_PLACE = st.integers(0, (1 << 16) - 1)
_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "write", "insert", "cut", "end", "copy"]), _PLACE, _PLACE, _PATCHES
    ),
    min_size=1,
    max_size=6,
)


def damaged(originals: Sequence[bytes], tokens: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """An original after one to six edits; ``tokens`` are what the format is made of."""
    edits = _EDITS
    if tokens:
        named = st.tuples(
            st.sampled_from(["write", "insert"]), _PLACE, _PLACE, st.sampled_from(list(tokens))
        )
        edits = st.one_of(_EDITS, st.lists(named, min_size=1, max_size=6))
    return st.builds(_edited, st.sampled_from(list(originals)), edits)


def _edited(content: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, place, other, patch in edits:
        at = place % (len(content) + 1)
        length = other % 64
        if kind == "flip":
            changed = bytes(byte ^ (1 << other % 8) for byte in content[at : at + 1])
            content = content[:at] + changed + content[at + 1 :]
        elif kind == "write":
            content = content[:at] + patch + content[at + len(patch) :]
        elif kind == "insert":
            content = content[:at] + patch + content[at:]
        elif kind == "cut":
            content = content[:at] + content[at + length :]
        elif kind == "end":
            content = content[:at]
        else:
            source = other % (len(content) + 1)
            content = content[:at] + content[source : source + place % 64] + content[at:]
    return content
