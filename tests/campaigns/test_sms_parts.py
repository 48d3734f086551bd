from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.sms_parts import BASIC, EXTENSION, Parts, parts_of


@pytest.mark.parametrize(
    ("text", "alphabet", "places", "parts"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("€" * 153, "GSM-7", 306, 3),  # 76 in each part: a place stays free rather than cut one in two
        ("ж" * 70, "UCS-2", 70, 1),
        ("ж" * 71, "UCS-2", 71, 2),
        ("ж" * 134, "UCS-2", 134, 2),
        ("ж" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("😀" * 67, "UCS-2", 134, 3),  # 33 in each part
    ],
)
def test_boundaries(text: str, alphabet: str, places: int, parts: int) -> None:
    """Those of 3GPP TS 23.038 and 23.040, as the notes' table has them."""
    found = parts_of(text)
    assert (found.alphabet, found.places, found.parts) == (alphabet, places, parts)


def test_the_character_that_makes_it_dear_is_named() -> None:
    """One curly quote turns 100 characters from one part into two."""
    assert parts_of("a" * 99 + "'") == Parts("GSM-7", 100, 1, "")
    assert parts_of("a" * 99 + "’") == Parts("UCS-2", 100, 2, "’")


def test_the_alphabet_is_whole() -> None:
    """127 characters and an escape make 128 places (TS 23.038, 6.2.1), ten more stand in the extension."""
    assert (len(BASIC), len(EXTENSION), BASIC & EXTENSION) == (127, 10, frozenset())


@given(st.text(max_size=400), st.characters())
def test_a_longer_text_is_never_cheaper(text: str, more: str) -> None:
    """Places and parts only grow, and every part has room for what is in it."""
    one, two = parts_of(text), parts_of(text + more)
    assert (two.places, two.parts) >= (one.places, one.parts)
    room = {"GSM-7": 153, "UCS-2": 67}[one.alphabet]
    assert one.parts == 1 or (one.parts - 1) * (room - 1) < one.places <= one.parts * room
