"""Conditions about ages, however they are written, and MINORS of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from netlift.review.ages import ages, spares_minors
from netlift.review.campaign import Condition
from netlift.review.minors import minors
from tests.review.conftest import POLICY, campaign_of

YEAR = datetime.now(tz=UTC).year


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("profile.birth_date", ">=", f"{YEAR - 16}-01-01"),
        ("profile.birth_date", "between", [f"{YEAR - 17}-01-01", f"{YEAR - 13}-12-31"]),
        ("profile.geburtsdatum", ">", f"31.12.{YEAR - 17}"),
        ("profile.fecha_de_nacimiento", ">=", f"01/01/{YEAR - 16}"),
        ("profile.birth_year", "in", [str(YEAR - 15), str(YEAR - 16)]),
        ("profile.yob", ">=", YEAR - 15),
        ("profile.dob", ">=", (YEAR - 15) * 10_000 + 101),
        ("profile.age", "between", ["13", "17"]),
        ("profile.age_group", "in", ["13-17", "18-24"]),
        ("profile.altersgruppe", "=", "unter 16"),
        ("profile.rango_de_edad", "=", "menores de 18"),
        ("segment.name", "=", f"born after {YEAR - 17}"),
        ("audience.name", "=", f"Jahrgang {YEAR - 14}"),
        ("survey.household", "contains", "nacidos después de 2014"),
    ],
)
def test_minors_are_seen_however_they_are_written(field: str, op: str, value: Any) -> None:
    """Numbers, dates, years and words in three languages block; the evidence is what says it."""
    found = minors(campaign_of([(field, op, value)]), POLICY)
    assert {(f.code, f.severity) for f in found} == {("MINORS", "block")}
    assert all(f.evidence for f in found)


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("profile.birth_date", "<=", f"{YEAR - 30}-01-01"),
        ("profile.birth_date", "between", ["1970-01-01", "1990-12-31"]),
        ("profile.age_group", "in", ["25-34", "35-44"]),
        ("profile.age_group", "=", "18+"),
        ("profile.customer_since", ">=", "2010-01-01"),
        ("profile.contract_end", "<=", "2030-01-01"),
        ("profile.birth_month", "=", 5),
        ("purchases.product", "=", "12-16 mm screws"),
        ("purchases.product", "in", ["whisky 12 years"]),
        ("profile.device_age_months", ">=", 13),
    ],
)
def test_adults_and_other_dates_are_left_alone(field: str, op: str, value: Any) -> None:
    """Adults' ages, dates of contracts, months and sizes are no minors."""
    assert minors(campaign_of([(field, op, value)]), POLICY) == ()


def test_leaving_out_everybody_below_18_in_words_spares_them() -> None:
    """An exclusion "under 18" is protection, and its ages say so."""
    condition = Condition("audience.exclusions[0]", "profile.age_group", "=", "under 18", excluded=True)
    assert spares_minors(condition)
    assert ages(condition).high == 17  # type: ignore[union-attr]
