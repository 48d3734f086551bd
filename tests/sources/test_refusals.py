"""When a whole table is refused: one sentence with count, first line, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.errors import SourceError

from .conftest import Shop

HEADER = "customer_id,timestamp,amount,quantity\n"


def sales(*rows: str, good: int = 0) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows) + "g,2017-01-01,1,1\n" * good


def refusal(shop: Shop, table: str, content: str, **settings: Any) -> str:
    with pytest.raises(SourceError) as caught:
        shop.load(table, content, **settings)
    assert table not in shop.tables()
    return str(caught.value)


def test_threshold(shop: Shop) -> None:
    """One row in twenty may be refused by default; above it the table is, with the commonest reason."""
    bad = ["1,2017-01-01,x,1"]
    assert shop.load("transactions", sales(*bad, good=19)).rows_quarantined == 1
    said = refusal(shop, "transactions", sales("1,,1,1", *bad * 2, good=19))
    assert "tables.transactions: 3 of 22 rows (13.6 %) are refused, and at most 5 % may be" in said
    assert "mostly (2 rows, first in 'transactions.csv' line 3) amount 'x' is no number" in said
    assert shop.load("transactions", sales("1,,1,1", *bad * 2, good=19), max_quarantined=0.2).rows_quarantined == 3


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (["31/01/2017", "01/02/2017"], "all of these fit '%d/%m/%Y': write date = \"%d/%m/%Y\" in tables.transactions.format"),
        (["01/31/2017", "02/01/2017"], 'write date = "%m/%d/%Y"'),
        (["01/02/2017", "03/04/2017"], "these fit '%d/%m/%Y' and '%m/%d/%Y' alike: write the right one as date"),
        (["31.01.2017 15:30"], 'write date = "%d.%m.%Y %H:%M"'),
        (["20170131"], 'write date = "%Y%m%d"'),
        (["03/04/2017", "13/04/2017", "04/13/2017"], "no usual form fits all of these values"),
    ],
)
def test_dates_in_another_form(shop: Shop, dates: list[str], said: str) -> None:
    """The sentence says which form was expected, an example with its line, and which setting to write."""
    found = refusal(shop, "transactions", sales(*(f"1,{date},1,1" for date in dates)))
    assert f"timestamp '{dates[0]}' is no date of the form ISO 8601 (2017-03-31 or 2017-03-31 14:05:00)" in found
    assert "first in 'transactions.csv' line 2" in found
    assert said in found


@pytest.mark.parametrize(
    ("number", "style", "advice"),
    [
        ("12,50", {}, 'write decimal = "," in tables.transactions.format, or raise'),
        ("-1.250,00", {}, 'write decimal = "," and thousands = "." in'),
        ("1,250.00", {}, 'write thousands = "," in'),
        ("1,250", {}, 'write decimal = "," or thousands = ",", whichever the comma is, in'),
        ("1.250", {"decimal": ","}, 'write decimal = "," and thousands = "." in'),
        ("12 EUR", {}, "correct the file or its format, or raise max_quarantined"),
    ],
)
def test_numbers_with_other_marks(shop: Shop, number: str, style: dict[str, str], advice: str) -> None:
    """The sentence says which marks of decimals and thousands would read the number."""
    assert advice in refusal(shop, "transactions", sales(f'1,2017-01-01,"{number}",1'), format=style)


def test_dates_against_a_declared_form(shop: Shop) -> None:
    """The expected form is the declared one."""
    said = refusal(shop, "transactions", sales("1,2017-01-31,1,1"), format={"date": "%d-%m-%Y"})
    assert "timestamp '2017-01-31' is no date of the form '%d-%m-%Y'; all of these fit '%Y-%m-%d'" in said


@pytest.mark.parametrize(
    ("date", "ok"), [("1899-12-31", 0), ("1900-01-01", 1), ("2100-12-31 23:59:59", 1), ("2101-01-01", 0), ("9999-12-31", 0)]
)
def test_range_of_dates(shop: Shop, date: str, ok: int) -> None:
    """A date before 1900 or after 2100 is refused."""
    read = shop.load("transactions", sales(f"1,{date},1,1", good=1), max_quarantined=1)
    assert read.rows_ok == ok + 1
    assert [row[1:3] for row in shop.quarantined()] == [("timestamp", "lies outside the years 1900 to 2100")] * (1 - ok)


def test_missing_required_values(shop: Shop) -> None:
    """A row without a required value is refused; one without another value is not."""
    read = shop.load("transactions", sales(",2017-01-01,1,1", "1,,1,1", "1,2017-01-01,,1", "1,2017-01-01,1,"), max_quarantined=1)
    assert [row[:3] for row in shop.quarantined()] == [
        (2, "customer_id", "is missing"),
        (3, "timestamp", "is missing"),
        (4, "amount", "is missing"),
    ]
    assert read.rows_ok == 1


def test_returns_are_refused_unless_kept(shop: Shop) -> None:
    """Negative quantities or amounts refuse the table, with count, first column, value, line and the setting; kept, they are reported."""
    content = sales("1,2017-01-01,-2,1", "1,2017-01-01,3,-1", good=8)
    said = refusal(shop, "transactions", content)
    assert "2 rows have a negative quantity or amount, first amount -2 in line 2;" in said
    assert 'write returns = "keep"' in said
    read = shop.load("transactions", content, returns="keep")
    assert read.rows_ok == 10
    assert "transactions: 2 rows with a negative quantity or amount kept as returns (together 1.00)." in read.findings
    assert shop.load("transactions", content, where="quantity > 0 AND amount >= 0").rows_left_out == 2


@pytest.mark.parametrize(
    ("table", "header", "key"),
    [
        ("customers", "customer_id,x", "customer_id"),
        ("products", "product_id,category", "product_id"),
        ("contacts", "customer_id,email", "customer_id"),
        ("campaigns", "campaign_id,start,end,type", "campaign_id"),
    ],
)
def test_duplicate_ids(shop: Shop, table: str, header: str, key: str) -> None:
    """A second row with the same id refuses the table, or goes to quarantine where the settings say so."""
    tail = ",2017-01-01,2017-01-31" if table == "campaigns" else ""
    content = f"{header}\n" + "".join(f"{i}{tail},{v}\n" for i, v in (("007", "a"), ("8", "b"), ("007", "c"), ("007", "a")))
    said = refusal(shop, table, content)
    assert f"2 rows repeat a {key} that an earlier row has (first in line 4: the same as in line 2)" in said
    assert 'duplicates = "quarantine"' in said
    read = shop.load(table, content, duplicates="quarantine", max_quarantined=0.5)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (4, 2, 2)
    assert [row[:3] for row in shop.quarantined()] == [(line, key, "was already seen in line 2") for line in (4, 5)]


def test_the_last_row_of_each_id(shop: Shop) -> None:
    """A file that repeats its customers on each row: the last is kept, the others are left out, and what differs is told."""
    content = "id,mail,n\n7,a@x.org,1\n8,b@x.org,2\n7,c@x.org,1\n7,c@x.org,3\n9,,x\n"
    settings: dict[str, Any] = {"columns": {"customer_id": "id", "email": "mail", "postal": "n"}, "duplicates": "last"}
    read = shop.load("contacts", content, **settings)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (5, 3, 0, 2)
    assert shop.rows("contacts", "customer_id, email") == [("7", "c@x.org"), ("8", "b@x.org"), ("9", None)]
    assert read.findings[0] == (
        "contacts: 2 rows are left out, because a later row has the same customer_id; what differs: email of 1, postal of 1."
    )
    assert shop.load("contacts", "customer_id\n1\n2\n", duplicates="last").rows_left_out == 0


def test_an_earlier_row_that_counts_because_of_where_is_told(shop: Shop) -> None:
    """Of the rows that `where` keeps the last counts; whose very last row is left out is said to count as he was before."""
    content = "customer_id,active,n\n1,yes,1\n2,no,5\n1,yes,2\n1,no,3\n2,yes,6\n3,no,1\n"
    read = shop.load("customers", content, duplicates="last", where="active = 'yes'")
    assert shop.rows("customers", "customer_id, n") == [("1", 2), ("2", 6)]
    assert (read.rows_in, read.rows_ok, read.rows_left_out) == (6, 2, 4)
    assert read.findings[:2] == (
        "customers: 1 row is left out, because a later row has the same customer_id.",
        (
            "customers: 1 customer_id counts by an earlier row, because where leaves out the last one; "
            "if that one tells how it is now, leave the condition out and use the column."
        ),
    )


def test_duplicates_over_the_threshold(shop: Shop) -> None:
    """Quarantined duplicates count for the threshold."""
    assert "2 of 3 rows" in refusal(shop, "customers", "customer_id\n1\n1\n1\n", duplicates="quarantine")


def test_duplicates_over_files(shop: Shop) -> None:
    """The first row is that of the first file, and quarantine names it."""
    shop.write("in/a.csv", "customer_id,x\n1,first\n")
    shop.write("in/b.csv", "customer_id,x\n1,second\n")
    shop.load("customers", path="in", duplicates="quarantine", max_quarantined=0.5)
    assert shop.rows("customers") == [("1", "first")]
    assert shop.quarantined()[0][2] == "was already seen in line 2 of a.csv"


def test_repeated_transactions_are_no_error(shop: Shop) -> None:
    """Real baskets hold the same line twice: kept, and reported."""
    read = shop.load("transactions", sales(good=3))
    assert read.rows_ok == 3
    assert "transactions: 2 rows equal another row in every column; all are kept." in read.findings


def test_empty_tables(shop: Shop) -> None:
    """A header without rows, and rows that are all left out or refused, are refused."""
    assert "'transactions.csv' has a header and no rows" in refusal(shop, "transactions", HEADER)
    assert "no row of 2 is left: where, 'amount > 5', leaves out 2" in refusal(shop, "transactions", sales(good=2), where="amount > 5")
    assert "no row of 1 is left: all are refused" in refusal(shop, "transactions", sales("1,x,1,1"), max_quarantined=1)


def test_campaigns_that_end_before_they_start(shop: Shop) -> None:
    """Such campaigns, and those with a time of day, are refused."""
    content = "campaign_id,start,end\n1,2017-02-01,2017-01-31\n2,2017-02-01 08:00,2017-02-03\n3,2017-02-01,2017-02-01\n"
    assert shop.load("campaigns", content, max_quarantined=1, zone="Asia/Tokyo").rows_ok == 1
    assert [row[1:3] for row in shop.quarantined()] == [
        ("end_date", "lies before start_date"),
        ("start_date", "has a time of day, and whole days are expected"),
    ]
    assert [tuple(map(str, row)) for row in shop.rows("campaigns")] == [("3", "2017-02-01 00:00:00", "2017-02-01 00:00:00")]


def test_consent_is_given_or_withdrawn(shop: Shop) -> None:
    """Any other word is no consent: the row is refused."""
    content = "customer_id,channel,status\n1,email,given\n2,email,withdrawn\n3,email,yes\n4,email,Given\n5,email,\n"
    assert shop.load("consents", content, max_quarantined=1).rows_ok == 2
    assert [row[2] for row in shop.quarantined()] == [
        "is none of given, soft_opt_in, withdrawn",
        "is none of given, soft_opt_in, withdrawn",
        "is missing",
    ]


def test_contact_data_are_never_shown(shop: Shop) -> None:
    """Neither a message nor quarantine shows contact data; the line tells where to look."""
    content = "customer_id,email\n1,ann@example.com\n1,bob@example.com\n2,x@example.com,y\n3,z\0@example.com\n"
    assert "@" not in refusal(shop, "contacts", content)
    assert "@" not in refusal(shop, "contacts", content, duplicates="quarantine")
    read = shop.load("contacts", content, duplicates="quarantine", max_quarantined=1)
    assert (read.rows_ok, read.rows_quarantined) == (1, 3)
    assert {row[3] for row in shop.quarantined()} == {"(contact data, not shown: see the line in the file)"}
    assert "@" not in " ".join(read.findings)
