"""Sensitive words in column and category names."""

from __future__ import annotations

import pytest

from netlift.catalogue import sensitivity


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("Kidhome", "C"),
        ("Year_Birth", "C"),
        ("share of PHARMACY", "A"),
        ("MaritalStatus", "C"),
        ("recency", "none"),
        ("DRUG GM", "none"),
        ("Casino", "B"),
    ],
)
def test_words_are_found_whatever_the_spelling(name: str, level: str) -> None:
    """Words count in any case, in snake_case and in CamelCase."""
    assert sensitivity(name) == level
