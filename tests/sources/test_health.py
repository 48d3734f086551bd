"""Findings in plain words."""

from __future__ import annotations

import re

import pytest

from netlift.sources import vital_signs

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
        "transactions: product_id is missing in 3 of 4 rows (75 %).",
        "transactions: customer_id looks like a spreadsheet's number in 2 rows, such as '1.0'; kept as it is.",
        "transactions: 1 of 4 rows (25.0 %) have an amount of 0.",
        "transactions: 1 row has a negative discount; discount is money saved, as a positive number: derive it with the sign turned.",
    )


def test_a_few_missing_values_are_no_finding(shop: Shop) -> None:
    """Up to one value in twenty may be missing without a remark."""
    rows = "".join(f"{i},{i}\n" for i in range(19))
    assert shop.load("customers", f"customer_id,x\n{rows}19,\n").findings == ()
    assert shop.load("customers", f"customer_id,x\n{rows}19,\n20,\n").findings == ("customers: x is missing in 2 of 21 rows (10 %).",)


def test_many_columns_with_missing_values_are_told_together(shop: Shop) -> None:
    """Twenty one by one, the others as a number."""
    names = [f"c{i}" for i in range(30)]
    found = shop.load("customers", f"customer_id,{','.join(names)}\n1{',' * 30}\n").findings
    assert len([f for f in found if "is missing in 1 of 1 rows" in f]) == 20
    assert found[-1] == "customers: 10 further columns are missing in more than 5 % of the rows."


def test_refused_rows_are_a_finding(shop: Shop) -> None:
    """How many rows were refused, and mostly why."""
    rows = "".join(f"{i},{i}\n" for i in range(30))
    read = shop.load("customers", f"customer_id,x\n{rows}31,1,2\n")
    assert read.findings == (
        (
            "customers: 1 row is refused and in quarantine (3.2 % of 31); mostly (1 row, first in 'customers.csv' line 32) "
            "the row has 3 fields, and the header has 2."
        ),
    )


def test_blanks_around_ids(shop: Shop) -> None:
    """An id with a blank is another id: kept, and reported."""
    read = shop.load("customers", "customer_id\n1\n1 \n")
    assert read.findings == ("customers: customer_id begins or ends with a blank in 1 row, which makes it another id; kept so.",)


def test_customers_of_one_table_unknown_in_the_other(shop: Shop) -> None:
    """Ids that are written differently in two files are noticed; a few unknown ones are not worth a remark."""
    shop.write("customers.csv", "customer_id\n" + "".join(f"{i:03d}\n" for i in range(100)))
    shop.write("odd.csv", "customer_id,postal\n" + "".join(f"{i},x\n" for i in range(100)))
    shop.write("fine.csv", "customer_id,event,timestamp\n" + "".join(f"{i:03d},x,2017-01-01\n" for i in range(5, 105)))
    tables = {"customers": {"path": "customers.csv"}, "contacts": {"path": "odd.csv"}, "events": {"path": "fine.csv"}}
    read = shop.load_all(tables)
    assert read["contacts"].findings == ("contacts: 100 of 100 customers (100 %) are not in customers; are ids written alike in both?",)
    assert not any("are not in customers" in f for f in read["events"].findings)


def test_of_a_large_table_some_customers_tell_the_share_of_strangers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of tables in parts only some buckets are looked at, in both tables, and the numbers are about those of all customers."""
    monkeypatch.setattr(vital_signs, "LARGEST", 1_000)
    shop.write("sales.csv", "customer_id,timestamp,amount\n" + "".join(f"{i},2017-01-01,1\n" for i in range(4_000)))
    shop.write("seen.csv", "customer_id,event,timestamp\n" + "".join(f"{i},x,2017-01-01\n" for i in range(2_000, 6_000)))
    tables = {"transactions": {"path": "sales.csv"}, "events": {"path": "seen.csv"}}
    (told,) = [f for f in shop.load_all(tables)["events"].findings if "are not in transactions" in f]
    unknown, count = (float(n.replace(",", "")) for n in re.findall(r"about ([\d,]+) of ([\d,]+) customers", told)[0])
    assert count == pytest.approx(4_000, rel=0.15)
    assert unknown / count == pytest.approx(0.5, abs=0.06)
