"""Findings in plain words."""

from __future__ import annotations

from .conftest import Shop


def test_findings_about_sales(shop: Shop) -> None:
    """Newest sale on the shop's clock, missing shares over 5 %, amounts of 0, negative discounts, ids that a spreadsheet spoiled."""
    rows = ["a,2017-01-01 03:00,1,p,-1", "b,2017-03-01,0,,0", "1.0,2017-03-02,5,,0", "1.5E+11,2017-03-02,5,,0"]
    read = shop.load(
        "transactions",
        "customer_id,timestamp,amount,product_id,discount\n" + "".join(f"{r}\n" for r in rows),
        format={"time_zone": "UTC"},
        zone="America/New_York",
    )
    assert read.findings == (
        "transactions: timestamp runs from 2016-12-31 to 2017-03-01 (America/New_York).",
        "transactions: product_id is missing in 3 of 4 rows (75%).",
        "transactions: 2 values of customer_id look like numbers that a spreadsheet wrote, such as '1.0'; they are kept as they are.",
        "transactions: 1 of 4 rows (25.0%) have an amount of 0.",
        "transactions: 1 row has a negative discount; discount is money saved, as a positive number: derive it with the sign turned.",
    )


def test_a_few_missing_values_are_no_finding(shop: Shop) -> None:
    """Up to one value in twenty may be missing without a remark."""
    rows = "".join(f"{i},{i}\n" for i in range(19))
    assert shop.load("customers", f"customer_id,x\n{rows}19,\n").findings == ()
    assert shop.load("customers", f"customer_id,x\n{rows}19,\n20,\n").findings == ("customers: x is missing in 2 of 21 rows (10%).",)


def test_refused_rows_are_a_finding(shop: Shop) -> None:
    """How many rows were refused, and mostly why."""
    rows = "".join(f"{i},{i}\n" for i in range(30))
    read = shop.load("customers", f"customer_id,x\n{rows}31,1,2\n")
    assert read.findings == (
        (
            "customers: 1 row is refused and in quarantine (3.2% of 31); mostly (1 row, first in 'customers.csv' line 32) "
            "the row has 3 fields, and the header has 2."
        ),
    )
