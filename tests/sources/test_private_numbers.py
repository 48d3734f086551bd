"""Card numbers, account numbers, national ids: recognised, never loaded, never shown; what only resembles them is loaded."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.errors import Refused
from netlift.settings import parse
from netlift.sources.private_numbers import named, recognised
from netlift.sources.quarantine import WITHHELD

from .conftest import Shop

# Published test numbers of the card networks; the same digits with one changed are no cards.
CARDS = ("4111111111111111", "4012 8888 8888 1881", "5555-5555-5555-4444", "378282246310005", "6011111111111117", "3530111333300000")
ACCOUNTS = (
    "GB82WEST12345698765432",
    "DE89 3704 0044 0532 0130 00",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "CH9300762011623852957",
)
IDS = ("078-05-1120", "219-09-9999", "AB123456C", "RSSMRA85T10A562S", "123-45-6789")


@pytest.mark.parametrize(
    ("column", "meaning"),
    [
        ("CREDITCARD_NUMBER", "a payment card's number or code"),
        ("customerCreditCardNumber", "a payment card's number or code"),
        ("cvv", "a payment card's number or code"),
        ("NATIONAL_ID", "a national id"),
        ("SSN", "a national id"),
        ("Social Security Number", "a national id"),
        ("DRIVER_LICENSE", "a driving licence's number"),
        ("Driver's licence no.", "a driving licence's number"),
        ("passport_no", "a passport's number"),
        ("IBAN", "a bank account's number"),
        *((name, None) for name in ("CREDITCARD_TYPE", "NATIONALITY", "loyalty_card_number", "card_number", "ORDER_ID", "PHONE_NUMBER")),
        *(
            (name, None)
            for name in ("session", "urban", "CUST_ID", "pays_by_credit_card", "passport_country", "licence_plate", "account_number")
        ),
    ],
)
def test_names(column: str, meaning: str | None) -> None:
    """A name that says card, account, passport, licence or national id number is recognised; one that is only near is not."""
    assert named(column) == meaning


@pytest.mark.parametrize(
    ("values", "meaning"), [(CARDS, "payment card numbers"), (ACCOUNTS, "bank account numbers"), (IDS, "national ids")]
)
def test_values(values: tuple[str, ...], meaning: str) -> None:
    """Published examples are recognised, also among as many other values, not among more, and not if they are few."""
    others = [f"other {i}" for i in range(len(values))]
    assert recognised(values) == meaning
    assert recognised([*values, *others]) == meaning
    assert recognised([*values, *others, "one more"]) is None
    assert recognised(values[:4]) is None


def _ean(rng: random.Random) -> str:
    body = "4" + "".join(rng.choices("0123456789", k=11))
    return body + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body)) % 10)


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: str(4_000_000_000_000_000 + rng.randrange(10**6)),  # order numbers as long as card numbers
        lambda rng: "".join(rng.choices("0123456789", k=16)),
        _ean,
        lambda rng: f"+49 151 {rng.randrange(10**8):08d}",
        lambda rng: f"{rng.randrange(10**3):03d}-{rng.randrange(10**3):03d}-{rng.randrange(10**4):04d}",  # phones as written in the US
        lambda rng: f"{rng.randrange(10**5):05d}-{rng.randrange(10**4):04d}",  # ZIP+4
        lambda rng: f"DE{rng.randrange(10**20):020d}",
        lambda rng: f"2017-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        lambda rng: f"{rng.randrange(16**32):032x}",
        lambda rng: f"978-3-{rng.randrange(10**8):08d}",
    ],
    ids=["order", "digits", "ean", "phone", "us-phone", "zip", "code", "day", "hash", "isbn"],
)
def test_numbers_that_only_resemble_them(make: Callable[[random.Random], str]) -> None:
    """Order numbers, EANs, phones, ZIP codes and the like are not taken for cards or ids, in columns short and long."""
    rng = random.Random(3)
    for size in (5, 10, 50, 1000):
        assert recognised([make(rng) for _ in range(size)]) is None


HEADER = "customer_id,NATIONAL_ID,age,note"


def test_a_column_of_that_name_is_not_loaded(shop: Shop) -> None:
    """The column is in no table and in no quarantined row, and a finding says so."""
    content = f"{HEADER}\n1,A-77123,33,x\n2,A-77124,x,y\n3,A-77125,5\n"
    read = shop.load("customers", content, types={"age": "number"}, max_quarantined=1)
    assert list(read.columns) == ["customer_id", "age", "note"]
    assert "customers: NATIONAL_ID is not loaded: by its name it is a national id." in read.findings
    assert [row[3] for row in shop.quarantined()] == ["2,x,y", WITHHELD]


def test_a_column_of_such_values_is_not_loaded(shop: Shop) -> None:
    """Whatever its name: values that are card numbers leave the engine, and quarantine shows none of them."""
    rows = [f"{i},{card},{'x' if i == 0 else i}" for i, card in enumerate(CARDS)]
    content = "\n".join(["customer_id,remark,age", *rows, f"8,{CARDS[0]}"]) + "\n"
    read = shop.load("customers", content, types={"age": "number"}, max_quarantined=1)
    assert list(read.columns) == ["customer_id", "age"]
    assert "customers: remark is not loaded: it holds payment card numbers." in read.findings
    assert sorted(row[3] for row in shop.quarantined()) == [WITHHELD, "0,,x"]


def test_whole_numbers_in_parquet(shop: Shop) -> None:
    """Card numbers stored as whole numbers are recognised as well."""
    table = pa.table({"customer_id": list("abcde"), "c": [int(card.replace(" ", "").replace("-", "")) for card in CARDS[:5]]})
    assert list(shop.load("customers", table).columns) == ["customer_id"]


@pytest.mark.parametrize(
    "asked",
    [
        {"columns": {"extra": "NATIONAL_ID"}},
        {"types": {"NATIONAL_ID": "text"}},
        {"derive": {"extra": "length(NATIONAL_ID)"}},
        {"where": "NATIONAL_ID IS NOT NULL"},
        {"columns": {"ssn": "note"}},
    ],
)
def test_a_table_that_asks_for_one_is_refused(shop: Shop, asked: dict[str, Any]) -> None:
    """Settings that name such a column are refused by policy, with the reason and what to do."""
    with pytest.raises(
        Refused, match=r"tables.customers asks for '(NATIONAL_ID|ssn)', which by its name is a national id: netlift never loads"
    ):
        shop.load("customers", f"{HEADER}\n1,A-77123,33,x\n", **asked)


def test_customers_known_by_their_national_id_are_refused(shop: Shop) -> None:
    """A canonical column cannot be left out, so a table whose ids are national ids is refused."""
    content = "customer_id\n" + "".join(f"{i}\n" for i in IDS)
    with pytest.raises(Refused, match=r"tables.customers asks for 'customer_id', which holds national ids"):
        shop.load("customers", content)
    assert "customers" not in shop.tables()


def test_what_is_fetched_is_kept_without_them(tmp_path: Path) -> None:
    """Rows of a database land without the values of such a column, and the finding is the same."""
    books = tmp_path / "shop.db"
    with closing(sqlite3.connect(books)) as database, database:
        database.execute("CREATE TABLE people AS SELECT '1' AS customer_id, 'A-77123' AS passport_number, 'canary' AS note")
    config = {
        "project": {"name": "shop", "currency": "USD"},
        "connections": {"books": {"kind": "sqlalchemy", "url": f"sqlite:///{books}"}},
        "tables": {"customers": {"source": "sqlalchemy", "connection": "books", "relation": "people"}},
    }
    with Engine() as engine:
        read = sources.load(parse(config, folder=tmp_path, sha256=""), engine, landing=tmp_path / "landing").inputs[0]
    assert "customers: passport_number is not loaded: by its name it is a passport's number." in read.findings
    landed = [row for path in (tmp_path / "landing").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert landed == [{"customer_id": "1", "passport_number": None, "note": "canary"}]
