"""Traps of business data are named with their counts; ordinary data bring no remark."""

from __future__ import annotations

from netlift.expressions import conditions

from .conftest import Shop

ORDERS = "customer_id,timestamp,amount,state\n"


def orders(shop: Shop, *rows: str, **settings: str) -> list[str]:
    """The remarks on orders `amount,state`, without the one on the time they span."""
    content = ORDERS + "".join(f"{i},2017-01-01 00:{i:02d},{row}\n" for i, row in enumerate(rows))
    read = shop.load("transactions", content, **settings)
    return [f.removeprefix("transactions: ") for f in read.findings if "timestamp runs" not in f]


def test_orders_that_are_no_sales(shop: Shop) -> None:
    """Cancelled and unfinished orders are named with their number, once they count as sales and only then."""
    rows = ("5,Complete", "6,Cancelled", "7,cancelled ", "8,In-Progress", "9,Complete")
    said = "state: 1 x 'Cancelled', 1 x 'In-Progress', 1 x 'cancelled' count as sales; leave them out with where"
    assert orders(shop, *rows)[0].startswith(said)
    assert orders(shop, *rows, where="amount < 7") == [
        "rows left out by where: 3 by amount < 7.",
        "state: 1 x 'Cancelled' count as sales; leave them out with where if they are none.",
    ]
    assert orders(shop, *rows, where="state = 'Complete'") == ["rows left out by where: 3 by state = 'Complete'."]


def test_each_condition_of_where_has_its_count(shop: Shop) -> None:
    """A row counts for the first condition that it fails, also where a value is missing; together they are the rows left out."""
    rows = ("5,Complete", "9999999,Complete", "9999999,Cancelled", "7,", "8,Cancelled", "9,Complete")
    where = "state = 'Complete' AND (amount < 9999999 OR amount IS NULL) AND amount BETWEEN 1 AND 100"
    assert orders(shop, *rows, where=where)[0] == (
        "rows left out by where: 3 by state = 'Complete'; 1 by (amount < 9999999 OR amount IS NULL)."
    )


def test_conditions_are_cut_at_the_outer_and() -> None:
    """AND inside BETWEEN, CASE, brackets or text does not cut, and what OR joins stays whole."""
    assert conditions("a = 1 AND b BETWEEN 2 AND 3 AND (c OR d AND e)") == ("a = 1", "b BETWEEN 2 AND 3", "(c OR d AND e)")
    assert conditions("CASE WHEN a AND b THEN 1 ELSE 2 END = 1 and c = ' AND '") == (
        "CASE WHEN a AND b THEN 1 ELSE 2 END = 1",
        "c = ' AND '",
    )
    assert conditions("a AND b OR c") == ("a AND b OR c",)


def test_amounts_far_out(shop: Shop) -> None:
    """An amount a thousand times the median is named; a large one is not."""
    assert orders(shop, "5,x", "6,x", "9999999,x") == [
        "1 amount is at least 1,000 times the middle one (6.00), up to 9,999,999.00; leave them out with where if nobody paid them."
    ]
    assert orders(shop, "5,x", "6,x", "5999,x", "0,x") == ["1 of 4 rows (25.0 %) have an amount of 0."]


def test_addresses_that_cannot_be(shop: Shop) -> None:
    """They are counted among those given, and not shown."""
    read = shop.load("contacts", "customer_id,email\n1,ann@example.com\n2,ann@\n3,\n4,x@shop.invalid\n")
    assert "contacts: email is no possible address in 2 of 3 rows that have one; these customers get no e-mail." in read.findings


def test_salutations(shop: Shop) -> None:
    """A column of salutations is told from one of other words."""
    read = shop.load("customers", "customer_id,title,sex\n1,Mr.,m\n2,Miss.,f\n3,,f\n")
    assert [f for f in read.findings if "guess" in f] == [
        "customers: title holds salutations (miss., mr.): a gender read from them is a guess."
    ]


def test_numbers_with_words_before_them(shop: Shop) -> None:
    """A column that is partly numbers stays text and says so, whatever the share: "33" beside "age-33"."""
    read = shop.load(
        "customers", "customer_id,AGE\n1,33\n2,age-33\n3,age-40\n", derive={"years": "try_cast(replace(AGE, 'age-', '') AS DOUBLE)"}
    )
    assert [f.partition(";")[0] for f in read.findings] == [
        "customers: AGE stays text, because 2 of its 3 values are no numbers, first 'age-33' in line 3"
    ]
    assert shop.rows("customers", "years") == [(33.0,), (33.0,), (40.0,)]


def test_several_currencies_are_told_also_over_files(shop: Shop) -> None:
    """Euros in one file and dollars in the other would be added up; one currency, and words that only look like it, are no trap."""
    head = "customer_id,timestamp,amount,curr,size\n"
    shop.write("sales/a.csv", head + "1,2026-01-01,5,EUR,xxl\n1,2026-01-02,5,EUR,usd\n")
    shop.write("sales/b.csv", head + "1,2026-01-03,5,USD,eur\n")
    read = shop.load("transactions", path="sales")
    told = [f for f in read.findings if "currencies" in f]
    (said,) = told
    assert said.startswith("transactions: curr names several currencies (2 x 'EUR', 1 x 'USD'), and amounts are added up as if they were")
    assert not any("currencies" in f for f in shop.load("transactions", path="sales/a.csv").findings)
    where = shop.load("transactions", path="sales", where="curr = 'EUR'")
    assert (where.rows_ok, any("currencies" in f for f in where.findings)) == (2, False)
