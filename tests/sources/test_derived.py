"""derive in order, where counted; expressions that fail are named."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.errors import ExpressionError

from .conftest import Shop

PEOPLE = (
    "customer_id,a,b,joined,name\n1,1,10,2017-01-01,ann@example.com\n2,2,20,2017-02-01,bob@example.com\n3,,30,2017-03-01,cid@example.com\n"
)


def test_later_ones_use_earlier_ones(shop: Shop) -> None:
    """Derived columns are computed in their order and may build on each other; a missing value stays missing."""
    derive = {"c": "a + b", "d": "c * 2", "young": "joined > DATE '2017-01-15'", "mark": "name || '!'"}
    read = shop.load("customers", PEOPLE, derive=derive)
    assert {name: read.columns[name] for name in derive} == {"c": "number", "d": "number", "young": "number", "mark": "text"}
    assert shop.rows("customers", "customer_id, d, young") == [("1", 22.0, 0.0), ("2", 44.0, 1.0), ("3", None, 1.0)]


def test_derived_days_and_moments(shop: Shop) -> None:
    """A derived day or moment of an attribute is a timestamp and stays where the expression put it."""
    read = shop.load("customers", PEOPLE, derive={"later": "joined + INTERVAL 1 DAY", "month": "month_start(joined)"}, zone="Asia/Tokyo")
    assert (read.columns["later"], read.columns["month"]) == ("timestamp", "timestamp")
    assert str(shop.rows("customers", "later")[0][0]) == "2017-01-02 00:00:00"


def test_where_counts_what_it_leaves_out(shop: Shop) -> None:
    """Rows where the condition is false or unknown are left out and counted; they are not quarantined."""
    read = shop.load("customers", PEOPLE, where="a < 2")
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (3, 1, 0, 2)
    assert shop.quarantined() == []


def test_refused_rows_are_not_left_out(shop: Shop) -> None:
    """A row with a value that cannot be read is refused, although where would leave it out."""
    read = shop.load("customers", PEOPLE + "4,x,1,2017-01-01,d\n", types={"a": "number"}, where="a < 2", max_quarantined=0.5)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (4, 1, 1, 2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"derive": {"x": "a + name"}}, "tables.customers.derive.x cannot be computed"),
        ({"derive": {"ok": "a", "x": "CAST(name AS DOUBLE)"}}, "tables.customers.derive.x cannot be computed: Conversion Error"),
        ({"where": "CAST(name AS DOUBLE) > 1"}, "tables.customers.where cannot be computed"),
        ({"where": "a + 1"}, "gives a double, and a condition that is true or false is expected"),
        ({"derive": {"x": "ln(a - 1)"}}, "tables.customers.derive.x cannot be computed"),
    ],
)
def test_failing_expression(shop: Shop, settings: dict[str, Any], said: str) -> None:
    """An expression that fails on types or on a row is named; no value of a row is shown."""
    with pytest.raises(ExpressionError) as caught:
        shop.load("customers", PEOPLE, **settings)
    assert said in str(caught.value)
    assert "example.com" not in str(caught.value)


def test_failing_expression_shows_no_part_of_a_name(shop: Shop) -> None:
    """A value with an apostrophe in it does not end the part of the engine's message that is hidden."""
    with pytest.raises(ExpressionError) as caught:
        shop.load("customers", "customer_id,name\n1,Pat O'Neil\n", where="CAST(name AS DOUBLE) > 1")
    assert "Neil" not in str(caught.value)


@pytest.mark.parametrize(
    ("derive", "said"),
    [
        ({"amount": "channel"}, "derive.amount gives a varchar, and amount is a number"),
        ({"transaction_id": "amount"}, "derive.transaction_id gives a double, and transaction_id is an id (text)"),
    ],
)
def test_derived_canonical_column_of_the_wrong_kind(shop: Shop, derive: dict[str, str], said: str) -> None:
    """A derived canonical column must be of its kind."""
    header, row = (
        ("customer_id,timestamp,channel", "1,2017-01-01,x") if "amount" in derive else ("customer_id,timestamp,amount", "1,2017-01-01,1")
    )
    with pytest.raises(ExpressionError) as caught:
        shop.load("transactions", f"{header}\n{row}\n", derive=derive)
    assert said in str(caught.value)


def test_derived_id_from_whole_numbers(shop: Shop) -> None:
    """An id may be derived from whole numbers or text."""
    content = "customer_id,timestamp,amount,n\n1,2017-01-01,1,7\n"
    shop.load("transactions", content, derive={"transaction_id": "whole(n)", "product_id": "customer_id || '-x'"})
    assert shop.rows("transactions", "transaction_id, product_id") == [("7", "1-x")]


def test_derived_value_that_is_not_finite(shop: Shop) -> None:
    """An overflow in a derived column is refused row by row."""
    read = shop.load("customers", PEOPLE, derive={"x": "b * 1e307"}, max_quarantined=1)
    assert (read.rows_ok, read.rows_quarantined) == (1, 2)
    assert shop.quarantined()[0][:3] == (3, "x", "is no finite number")
