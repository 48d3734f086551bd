"""Data that others collected are read only with provider, purpose, notice and a consent for each row."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.errors import Refused, SettingsError
from tests.sources.conftest import Shop

RECORDED = {"provider": "Example Data Ltd", "purpose": "choosing offers", "notice": "privacy page of 2026-03-01"}
ROWS = "customer_id,consent_reference,purchasing_power,segment\n007,c-1,1.5,A\n8,c-2,,B\n"


def test_what_is_recorded_is_read(shop: Shop) -> None:
    """With everything written down the rows are there: ids as text, further columns with their kinds."""
    read = shop.load("enrichment", ROWS, **RECORDED)
    assert read.rows_ok == 2
    assert (read.columns["purchasing_power"], read.columns["segment"]) == ("number", "text")
    assert shop.rows("enrichment", "customer_id, purchasing_power") == [("007", 1.5), ("8", None)]


@pytest.mark.parametrize("key", sorted(RECORDED))
@pytest.mark.parametrize("value", [None, "  "])
def test_what_is_not_recorded_is_refused(shop: Shop, key: str, value: str | None) -> None:
    """Without provider, purpose or notice nothing is read, not even the file's name: the sentence says which is missing and why."""
    given: dict[str, Any] = {**RECORDED, key: value, "path": "there is none.csv"}
    with pytest.raises(Refused, match=f"tables.enrichment.{key} is missing, and data that others collected"):
        shop.load("enrichment", **given)


def test_a_row_without_consent_is_quarantined(shop: Shop) -> None:
    """One row without a reference is refused by itself; a table without the column as a whole."""
    read = shop.load("enrichment", ROWS + "9,,2,C\n", max_quarantined=0.5, **RECORDED)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (3, 2, 1)
    assert shop.quarantined()[0][:3] == (4, "consent_reference", "is missing")
    with pytest.raises(Exception, match="consent_reference"):
        shop.load("enrichment", "customer_id,purchasing_power\n007,1.5\n", **RECORDED)


@pytest.mark.parametrize(
    "more",
    [
        {"provider": "Facebook export"},
        {"content": ROWS.replace("segment", "TwitterFollowers")},
        {"content": ROWS.replace("segment", "social_media_score")},
        {"content": ROWS.replace("segment", "x.com")},
        {"columns": {"instagram": "segment"}},
    ],
)
def test_social_media_are_off_with_the_reason(shop: Shop, more: dict[str, Any]) -> None:
    """A network in the provider's or a column's name refuses the table; who has everybody's yes may write so."""
    given = {"content": ROWS, **RECORDED, **more}
    with pytest.raises(Refused, match="social media are off: people do not expect a shop to read what they post"):
        shop.load("enrichment", **given)
    assert shop.load("enrichment", **given, social_media=True).rows_ok == 2


def test_other_words_are_no_social_media(shop: Shop) -> None:
    """Only whole words count: a column of snapshots or of the socio-economic class is none."""
    assert shop.load("enrichment", ROWS.replace("segment", "snapshots_socioeconomic"), **RECORDED).rows_ok == 2


def test_other_tables_have_no_such_keys(shop: Shop) -> None:
    """Keys of the enrichment in another table are refused, not ignored."""
    with pytest.raises(SettingsError, match="provider, purpose, notice and social_media belong to enrichment"):
        shop.load("products", "product_id\n1\n", provider="Ltd")
