"""Ages, years and dates of birth are read from words; other numbers are left alone."""

from __future__ import annotations

from datetime import date
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.catalogue.ages import Kind, full_years, said

TODAY = date(2026, 12, 1)

READ: list[tuple[Kind, str, float, float, str]] = [
    ("age", "13-17", 13, 17, "13-17"),
    ("age", "unter 16", 0, 15, "unter 16"),
    ("age", "menores de 18", 0, 17, "menores de 18"),
    ("age", "18+", 18, inf, "18+"),
    ("age", "65 und älter", 65, inf, "65 und älter"),
    ("age", "<18", 0, 17, "<18"),
    ("age", "17", 17, 17, "17"),
    ("age", "15 years", 15, 15, "15 years"),
    ("birth", "2010-01-01", 16, 16, "2010-01-01"),
    ("birth", "31.12.2009", 16, 16, "31.12.2009"),
    ("birth", "12/31/2008", 17, 17, "12/31/2008"),
    ("birth", "20100101", 16, 16, "20100101"),
    ("birth", "2011", 15, 15, "2011"),
    ("birth", "after 2009", -inf, 16, "after 2009"),
    ("birth", "before 1960", 66, inf, "before 1960"),
    ("free", "people born after 2009", -inf, 16, "born after 2009"),
    ("free", "geboren nach 2010", -inf, 15, "geboren nach 2010"),
    ("free", "nacidos después de 2010", -inf, 15, "nacidos después de 2010"),
    ("free", "Jahrgang 2010", 16, 16, "Jahrgang 2010"),
    ("free", "menores de 18", 0, 17, "menores de 18"),
    ("free", "families with under 16s", 0, 15, "under 16s"),
    ("free", "kids aged 8-12", 8, 12, "aged 8-12"),
    ("free", "de 13 a 17 años", 13, 17, "13 a 17 años"),
    ("free", "13–17 Jahre", 13, 17, "13–17 Jahre"),
    ("free", "unter\u200b 16", 0, 15, "unter\u200b 16"),
]


@pytest.mark.parametrize(("kind", "text", "low", "high", "words"), READ)
def test_ages_are_read(kind: Kind, text: str, low: float, high: float, words: str) -> None:
    """Both ends, and the text's own words, in three languages and behind hidden characters."""
    (span,) = said(text, kind, today=TODAY)
    assert (span.low, span.high, text[span.start : span.end]) == (low, high, words)


@pytest.mark.parametrize(
    "text",
    [
        "gifts under 15 euros",
        "Geschenke unter 16 Euro",
        "12 year old whisky",
        "offers of 10 to 12 October",
        "customers since 2010",
        "Only 10-12 left",
        "under 15 minutes",
        "10 % auf alles",
        "born to run",
    ],
)
def test_other_numbers_are_no_ages(text: str) -> None:
    """Prices, days, stock and the age of a whisky are not people's."""
    assert said(text, "free", today=TODAY) == ()


@given(st.dates(date(1920, 1, 1), date(2026, 12, 1)))
def test_a_date_of_birth_gives_the_age_reached(born: date) -> None:
    """Written in ISO order a date is read as the full years lived."""
    (span,) = said(born.isoformat(), "birth", today=TODAY)
    assert span.low == span.high == full_years(born, TODAY) >= 0


def test_a_day_that_does_not_exist_is_no_age() -> None:
    """The 45th of a month is nobody's birthday."""
    assert said("2010-13-45", "birth", today=TODAY) == ()
    assert full_years(date(2008, 12, 2), TODAY) == 17


@given(st.text(max_size=60), st.sampled_from(["age", "birth", "free"]))
def test_any_text_is_read_or_left(text: str, kind: Kind) -> None:
    """Whatever it is, spans lie inside the text and ages are in order."""
    for span in said(text, kind, today=TODAY):
        assert 0 <= span.start < span.end <= len(text)
        assert span.low <= span.high
