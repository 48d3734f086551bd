"""Suggestions follow from what the catalogue needs."""

from __future__ import annotations

from netlift.features import suggestions
from netlift.records import TableInput, Tables

FULL = {
    "transactions": ("customer_id", "timestamp", "amount", "product_id", "quantity", "discount", "coupon", "channel"),
    "products": ("product_id", "category"),
    "events": ("customer_id", "timestamp", "event"),
    "campaigns": ("campaign_id", "start_date"),
    "contacted": ("campaign_id", "customer_id"),
    "responses": ("campaign_id", "customer_id", "responded_at"),
}


def given(**tables: tuple[str, ...]) -> Tables:
    return Tables(tuple(TableInput(name, "x", 1, 1, 0, 0, "", dict.fromkeys(columns, "text")) for name, columns in tables.items()))


def test_nothing_is_missing_where_all_is_there() -> None:
    """A shop with every table and column gets no suggestion."""
    assert suggestions(given(**FULL)) == ()


def test_what_adds_most_comes_first() -> None:
    """Without sales, sales; without a column, what needs it; campaigns with what they lack alone."""
    assert suggestions(given(customers=("customer_id",)))[0][1].startswith("[tables.transactions]")
    without = {**FULL, "transactions": tuple(c for c in FULL["transactions"] if c != "discount")}
    assert suggestions(given(**without)) == ((1, "the column discount in transactions"),)
    without["transactions"] = tuple(c for c in FULL["transactions"] if c != "channel")
    assert suggestions(given(**without)) == ((8, "the column channel in transactions (at most so many)"),)
    del without["responses"]
    assert "[tables.responses] with campaign_id, customer_id, responded_at, which also judge segments in money" in {
        text for _, text in suggestions(given(**without))
    }
    counts = [count for count, _ in suggestions(given(customers=("customer_id",)))]
    assert counts == sorted(counts, reverse=True)
