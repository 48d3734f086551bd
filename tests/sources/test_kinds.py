"""What a column holds is decided over the whole column."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.errors import SourceError
from netlift.sources import kinds

from .conftest import Shop


def kind(shop: Shop, values: list[str], **settings: Any) -> str:
    content = "customer_id,x\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))
    return shop.load("customers", content, **settings).columns["x"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2.5", "-3e2"], "number"),
        (["1", "", "3"], "number"),
        (["0", "0.5", "10"], "number"),
        (["01067", "80331"], "text"),
        (["12345678901234567890", "1"], "text"),
        (["1", "x"], "text"),
        (["", ""], "text"),
        (["2017-01-01", "2018-02-03"], "timestamp"),
        (["2017-01-01", "soon"], "text"),
        (["03/04/2017", "13/04/2017"], "text"),
        (["true", "false"], "text"),
    ],
)
def test_kind(shop: Shop, values: list[str], expected: str) -> None:
    """All numbers: number; all dates of the known form: timestamp; else, and for codes, text."""
    assert kind(shop, values) == expected


def test_declared_kinds(shop: Shop) -> None:
    """A declared kind is final: numbers may stay text, codes may become numbers."""
    assert kind(shop, ["1", "2"], types={"x": "text"}) == "text"
    assert kind(shop, ["01067"], types={"x": "number"}) == "number"
    assert kind(shop, ["03/04/2017"], types={"x": "timestamp"}, format={"date": "%d/%m/%Y"}) == "timestamp"


def test_days_are_not_moved(shop: Shop) -> None:
    """A column of days is the same day in every zone; one with times of day is a moment in UTC."""
    shop.load("customers", "customer_id,day,moment\n1,2017-07-01,2017-07-01 00:00\n2,2017-07-02,2017-07-02 12:00\n", zone="Europe/Berlin")
    assert [tuple(map(str, row)) for row in shop.rows("customers", "day, moment")] == [
        ("2017-07-01 00:00:00", "2017-06-30 22:00:00"),
        ("2017-07-02 00:00:00", "2017-07-02 10:00:00"),
    ]


def test_few_odd_values_are_worth_a_remark(shop: Shop) -> None:
    """Nine numbers in ten: the remark names the odd value; a column of words is none."""
    numbers = "".join(f"{i},{i},word\n" for i in range(9))
    read = shop.load("customers", f"customer_id,n,w\n{numbers}9,5+,word\n")
    remarks = [f for f in read.findings if "stays text" in f]
    assert len(remarks) == 1
    assert "n stays text, because 1 of its 10 values are no numbers, first '5+' in line 11" in remarks[0]
    assert 'write types = { n = "number" }' in remarks[0]


def test_contacts_are_always_text(shop: Shop) -> None:
    """Further columns of contacts are fields for messages: a number keeps its form."""
    read = shop.load("contacts", "customer_id,phone,points\n1,0301234,0010\n")
    assert read.columns == {"customer_id": "text", "phone": "text", "points": "text"}
    assert shop.rows("contacts") == [("1", "0301234", "0010")]


def test_extra_columns_of_other_tables(shop: Shop) -> None:
    """In expressions over other tables, further columns are numbers or text by the same rule, days stay text."""
    content = "customer_id,timestamp,amount,n,day\n1,2017-01-01,1,2,2017-01-01\n"
    shop.load("transactions", content, derive={"twice": "n * 2", "channel": "day || '!'"})
    assert shop.rows("transactions", "twice, channel") == [(4.0, "2017-01-01!")]


DATES = ["31-01-2017", "01-02-2017", "05-06-2018"]


def test_dates_of_another_form_than_declared(shop: Shop) -> None:
    """A declared form that a column of dates does not fit is refused, with the form that does fit."""
    said = r"x holds dates such as '31-01-2017' \(line 2\), which fit '%d-%m-%Y', and not the declared form '%m-%d-%Y'"
    with pytest.raises(SourceError, match=said):
        kind(shop, DATES, format={"date": "%m-%d-%Y"})
    assert kind(shop, DATES, format={"date": "%m-%d-%Y"}, types={"x": "text"}) == "text"
    assert kind(shop, DATES, format={"date": "%d-%m-%Y"}) == "timestamp"


def test_dates_of_another_form_where_none_is_declared(shop: Shop) -> None:
    """Without a declared form such a column stays text, with a remark."""
    assert kind(shop, DATES) == "text"
    read = shop.load("customers", "customer_id,x\n1,01/02/2017\n")
    assert "which fit '%d/%m/%Y' and '%m/%d/%Y' and not ISO 8601" in read.findings[0]


def test_mixed_dates_are_worth_a_remark(shop: Shop) -> None:
    """Some dates and some words: text, with the first odd value."""
    read = shop.load("customers", "customer_id,x\n1,2017-01-01\n2,soon\n3,2017-01-03\n")
    assert "x stays text, because 1 of its 3 values are no dates of the form ISO 8601" in read.findings[0]
    assert "first 'soon' in line 3." in read.findings[0]


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
def test_many_columns_are_decided_some_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """However many are looked at in one query, each column gets its own kind."""
    monkeypatch.setattr(kinds, "AT_ONCE", at_once)
    read = shop.load("customers", "customer_id,a,b,c,d,e\n1,1,x,2017-01-01,007,2.5\n2,,y,2017-01-02,08,3\n")
    assert list(read.columns.values()) == ["text", "number", "text", "timestamp", "text", "number"]
