"""The header against the canonical table: names are exact, and every refusal says what was found."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.errors import ExpressionError, SettingsError, SourceError

from .conftest import Shop

SALES = "customer,when,paid,list,start\nA,2017-01-01,3,4,x\n"
NAMED = {"customer_id": "customer", "timestamp": "when", "amount": "paid"}


def test_renamed_columns(shop: Shop) -> None:
    """Canonical columns take their canonical names; others of a table without attributes are left out."""
    read = shop.load("transactions", SALES, columns=NAMED)
    assert list(read.columns) == ["customer_id", "timestamp", "amount", "local_timestamp"]


def test_further_columns_of_customers_keep_their_names(shop: Shop) -> None:
    """Attributes keep the source's name, case and all, or take the one given."""
    read = shop.load("customers", "ID,MntWines,Order Value\n1,2,3\n", columns={"customer_id": "ID", "order_value": "Order Value"})
    assert list(read.columns) == ["customer_id", "MntWines", "order_value"]


def test_start_and_end_of_campaigns(shop: Shop) -> None:
    """start and end are stored as start_date and end_date, however the file calls them."""
    for header, columns in (
        ("campaign_id,start,end", {}),
        ("campaign_id,start_date,end_date", {}),
        ("campaign_id,a,b", {"start": "a", "end": "b"}),
    ):
        read = shop.load("campaigns", f"{header}\n1,2017-01-01,2017-01-31\n", columns=columns)
        assert list(read.columns) == ["campaign_id", "start_date", "end_date"]


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        (
            {},
            SourceError,
            'list, start; write columns = { customer_id = "the name in the file", timestamp = "the name in the file", amount = ',
        ),
        ({"columns": {**NAMED, "amount": "payd"}}, SourceError, "columns says that amount is 'payd'"),
        ({"columns": {**NAMED, "amount": "payd"}}, SourceError, "(did you mean 'paid'?)"),
        ({"columns": {**NAMED, "quantitty": "list"}}, SettingsError, "'quantitty' is no column of transactions (did you mean 'quantity'?)"),
        ({"columns": NAMED, "types": {"amount": "text"}}, SettingsError, "amount is always a number, not a text"),
        ({"columns": NAMED, "types": {"amoun": "number"}}, SettingsError, "types names 'amoun', which is no column"),
        ({"columns": NAMED, "derive": {"amount": "list"}}, SettingsError, "already has a column 'amount'"),
        ({"columns": NAMED, "derive": {"discount": "lst - amount"}}, ExpressionError, "there is no column 'lst' (did you mean 'list'?)"),
        ({"columns": NAMED, "where": "start"}, ExpressionError, "gives a varchar, and a condition that is true or false is expected"),
        ({"columns": NAMED, "where": "paid > 1"}, ExpressionError, "there is no column 'paid'"),
        ({"columns": NAMED, "derive": {"__x": "list"}}, SourceError, "begins with '__'"),
    ],
)
def test_wrong_names(shop: Shop, settings: dict[str, Any], error: type[Exception], said: str) -> None:
    """A name that leads nowhere is refused, with what there is."""
    with pytest.raises(error) as caught:
        shop.load("transactions", SALES, **settings)
    assert said in str(caught.value)


def test_renamed_extra_column_for_derive(shop: Shop) -> None:
    """A further column may be renamed where derive uses it; it does not stay, what is derived does."""
    columns = {**NAMED, "list_price": "list"}
    read = shop.load("transactions", SALES, columns=columns, derive={"discount": "list_price - amount"})
    assert list(read.columns) == ["customer_id", "timestamp", "amount", "discount", "local_timestamp"]
    assert shop.rows("transactions", "discount") == [(1.0,)]


def test_derived_required_column(shop: Shop) -> None:
    """A required column may be derived; a derived moment is on the shop's clock, like those in the file."""
    content = "customer_id,day,hour,a,b\n1,2017-07-01,12:00,1,2\n2,2017-07-01,,1,2\n"
    derive = {"timestamp": "try_cast(day || ' ' || hour || ':00' AS TIMESTAMP)", "amount": "a + b"}
    read = shop.load("transactions", content, derive=derive, zone="Europe/Berlin", max_quarantined=0.5)
    assert [(str(t), str(local), a) for t, local, a in shop.rows("transactions", "timestamp, local_timestamp, amount")] == [
        ("2017-07-01 10:00:00", "2017-07-01 12:00:00", 3.0),
    ]
    assert (read.rows_ok, read.rows_quarantined) == (1, 1)
    assert shop.quarantined()[0][:3] == (3, "timestamp", "is missing (derived)")


def test_unused_wrong_column_does_no_harm(shop: Shop) -> None:
    """A further column that nothing reads may hold what it likes."""
    assert shop.load("transactions", "customer_id,timestamp,amount,local_timestamp,x\n1,2017-01-01,1,y,\xa0\n").rows_ok == 1
