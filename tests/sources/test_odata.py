"""Tables from SAP: against SAP's own CAP server, V4 and V2, with a password, 100 rows a page; rare faults against a small one."""

from __future__ import annotations

import base64
import json
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.errors import MissingExtra, SettingsError, SourceError
from netlift.records import TableInput
from netlift.settings import EngineSettings, Settings, parse
from tests.sources.odata_servers import PASSWORD, USER, Answer, Small, cap, small

ORDERS = 250
SERVICE = {"v4": "/sales", "v2": "/odata/v2/sales"}
TRANSACTIONS = {"customer_id": "customer_ID", "timestamp": "orderedAt", "amount": "total", "transaction_id": "ID"}
CUSTOMERS = {"customer_id": "ID", "joined": "joinedOn", "age": "age"}


def _orders() -> str:
    """Three customers; order n is of 1 March, n minutes after midnight, and costs n.10, the first one a very exact sum."""
    totals = {1: "1234567890123.45"}
    rows = [
        f"O{n:03};C{n % 3};2026-03-01T{n // 60:02}:{n % 60:02}:00.125Z;{totals.get(n, f'{n}.10')};;{n};true;2026-03-02T00:00:00Z"
        for n in range(1, ORDERS + 1)
    ]
    return "\n".join(["ID;customer_ID;orderedAt;total;weight;document;paid;modifiedAt", *rows, ""])


@pytest.fixture(scope="module")
def sap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's address."""
    customers = "ID;name;age;joinedOn\nC0;Zoë & Söhne;41;2020-02-29\nC1;B;;1960-12-31\nC2;C;30;\n"
    with cap(tmp_path_factory.mktemp("cap"), {"SalesOrders": _orders(), "Customers": customers}) as url:
        yield url


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAP_PASSWORD", PASSWORD)


def settings(folder: Path, sap: str, tables: dict[str, Any], *, version: str = "v4", **connection: Any) -> Settings:
    section = {"kind": "odata", "url": sap + SERVICE[version], "version": version, "user": USER, "password_env": "SAP_PASSWORD"}
    common = {"source": "odata", "connection": "sap"}
    return parse(
        {
            "project": {"name": "Shop", "currency": "EUR"},
            "connections": {"sap": {**section, **connection}},
            "tables": {name: {**common, **table} for name, table in tables.items()},
        },
        folder=folder,
        sha256="",
    )


def load(given: Settings, select: str) -> tuple[tuple[TableInput, ...], list[tuple[Any, ...]]]:
    """Load the tables, landing in the settings' folder; gives what is said of them, and the rows of a query."""
    with Engine(EngineSettings(threads=2)) as engine:
        tables = sources.load(given, engine, landing=given.folder / "landing")
        return tables.inputs, engine.rows(select)


def landed(folder: Path) -> pa.Table:
    (path,) = (folder / "landing").glob("*/*.parquet")
    return pq.ParquetFile(path).read()


def change(sap: str, order: str, total: str) -> None:
    """What the shop's people do: correct the sum of an order; the server notes when."""
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        f"{sap}/shop/SalesOrders('{order}')",
        data=json.dumps({"total": total}).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json;IEEE754Compatible=true"},
        method="PATCH",
    )
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.parametrize("version", ["v4", "v2"])
def test_an_entity_set_is_read_to_its_last_page(sap: str, tmp_path: Path, version: str) -> None:
    """250 rows over three pages arrive once each, with their moments and sums, in both versions of OData."""
    given = settings(tmp_path, sap, {"transactions": {"relation": "SalesOrders", "columns": TRANSACTIONS}}, version=version)
    (found,), rows = load(given, "SELECT transaction_id, customer_id, timestamp FROM transactions ORDER BY 1")
    assert (found.rows_in, found.rows_ok) == (ORDERS, ORDERS)
    assert len({row[0] for row in rows}) == ORDERS
    assert rows[124] == ("O125", "C2", datetime(2026, 3, 1, 2, 5, 0, 125_000))  # noqa: DTZ001 - naive UTC
    assert landed(tmp_path)["total"].to_pylist()[1:3] == [Decimal("2.10"), Decimal("3.10")]


@pytest.mark.parametrize("version", ["v4", "v2"])
def test_types_are_those_of_the_metadata(sap: str, tmp_path: Path, version: str) -> None:
    """Decimals, days, moments, whole numbers and missing values land as what they are."""
    columns = {**TRANSACTIONS, "product_id": "document", "channel": "paid", "coupon": "weight"}
    load(settings(tmp_path, sap, {"transactions": {"relation": "SalesOrders", "columns": columns}}, version=version), "SELECT 1")
    row = landed(tmp_path).slice(0, 1)
    assert row.to_pylist()[0] == {
        "ID": "O001",
        "customer_ID": "C1",
        "orderedAt": datetime(2026, 3, 1, 0, 1, 0, 125_000, tzinfo=UTC),
        "total": Decimal("1234567890123.45"),
        "weight": None,
        "document": 1,
        "paid": True,
    }
    assert row.schema.field("total").type == pa.decimal128(38, 2)
    assert row.schema.field("weight").type == pa.decimal128(38, 18)


@pytest.mark.parametrize("version", ["v4", "v2"])
def test_only_named_columns_leave_the_service(sap: str, tmp_path: Path, version: str) -> None:
    """A person's name that no mapping asks for is not fetched; days before 1970 and missing ones are right."""
    given = settings(tmp_path, sap, {"customers": {"relation": "Customers", "columns": CUSTOMERS}}, version=version)
    _, rows = load(given, "SELECT customer_id, age FROM customers ORDER BY 1")
    assert rows == [("C0", 41.0), ("C1", None), ("C2", 30.0)]
    assert landed(tmp_path).column_names == ["ID", "age", "joinedOn"]
    assert landed(tmp_path)["joinedOn"].to_pylist() == [date(2020, 2, 29), date(1960, 12, 31), None]


def test_without_a_mapping_everything_is_read(sap: str, tmp_path: Path) -> None:
    """An empty columns takes each property under its own name, so that text keeps its signs."""
    given = settings(tmp_path, sap, {"customers": {"relation": "Customers", "derive": {"customer_id": "ID"}}})
    _, rows = load(given, "SELECT name FROM customers ORDER BY customer_id")
    assert rows[0] == ("Zoë & Söhne",)
    assert landed(tmp_path)["name"].to_pylist() == ["Zoë & Söhne", "B", "C"]


@pytest.mark.parametrize("version", ["v4", "v2"])
def test_only_what_changed_is_fetched_again(sap: str, tmp_path: Path, version: str) -> None:
    """After the first time one corrected order is fetched; it replaces the old row, and no row is there twice."""
    table = {"relation": "SalesOrders", "columns": TRANSACTIONS, "watermark": "modifiedAt"}
    given = settings(tmp_path, sap, {"transactions": table}, version=version)
    change(sap, "O100", "1.00")
    load(given, "SELECT 1")
    change(sap, "O007", "7777.77" if version == "v4" else "8888.88")
    (found,), rows = load(given, "SELECT count(*), max(amount) FILTER (WHERE transaction_id = 'O007') FROM transactions")
    assert rows == [(ORDERS, 7777.77 if version == "v4" else 8888.88)]
    notes = [f for f in found.findings if "changed since" in f]
    assert len(notes) == 1
    fetched = int(notes[0].split(":")[1].split()[0])
    assert fetched <= 3
    assert landed(tmp_path)["modifiedAt"].null_count == 0


def test_the_watermark_is_no_column_of_the_table(sap: str, tmp_path: Path) -> None:
    """When a row was changed is kept for the next time and becomes no attribute of a customer."""
    table = {"relation": "Customers", "columns": CUSTOMERS, "watermark": "modifiedAt"}
    (found,), _ = load(settings(tmp_path, sap, {"customers": table}), "SELECT 1")
    assert set(found.columns) == {"customer_id", "joined", "age"}


WRONG = [
    (
        {"relation": "SalesOrder"},
        {},
        r"'SalesOrder', which is no entity set of the service \(did you mean 'SalesOrders'\?\); they are Customers, Products",
    ),
    (
        {"columns": {**TRANSACTIONS, "amount": "totl"}},
        {},
        r"amount is 'totl', which is no property of 'SalesOrders' \(did you mean 'total'\?\)",
    ),
    ({"watermark": "changedAt"}, {}, r"watermark is 'changedAt', which is no property of 'SalesOrders'"),
    ({"watermark": "paid"}, {}, r"'paid' is Edm.Boolean, which does not grow"),
    ({}, {"user": "somebody"}, r"connections.sap refuses the user 'somebody' \(401\); check the credentials"),
    ({"relation": "Payrolls", "columns": {}}, {}, r"lets this account not read 'Payrolls' \(403\)"),
    ({}, {"url": "/sales", "version": "v2"}, r"speaks OData V4, and the connection's version is 'v2'; write version = \"v4\""),
    ({}, {"url": "/nothing"}, r"is not there: '.*/nothing/\$metadata' is answered with 404; check the url"),
]


@pytest.mark.parametrize(("table", "connection", "message"), WRONG)
def test_what_the_service_does_not_have_is_said(
    sap: str, tmp_path: Path, table: dict[str, Any], connection: dict[str, Any], message: str
) -> None:
    """Wrong names, credentials, rights, versions and addresses get one sentence, and nothing lands."""
    given = {"relation": "SalesOrders", "columns": TRANSACTIONS, **table}
    if "url" in connection:
        connection = {**connection, "url": sap + connection["url"]}
    with pytest.raises(SourceError, match=message) as error:
        load(settings(tmp_path, sap, {"transactions": given}, **connection), "SELECT 1")
    assert "\n" not in str(error.value)
    assert PASSWORD not in str(error.value)
    assert not list((tmp_path / "landing").glob("*/*.parquet"))


INCOMPLETE = [
    ({"connection": None}, r"tables.customers.connection is missing; name one of .* \(there is sap\)"),
    ({"connection": "sab"}, r"tables.customers.connection is 'sab'; name one of"),
    ({"relation": None}, r"tables.customers.relation is missing; write the entity set"),
    ({"query": "SELECT 1"}, r"tables.customers.query is given, and source 'odata' reads the entity set"),
    ({"path": "x.csv"}, r"tables.customers.path is given"),
]


@pytest.mark.parametrize(("table", "message"), INCOMPLETE)
def test_incomplete_settings_are_refused(tmp_path: Path, table: dict[str, Any], message: str) -> None:
    """What is missing or of no use is named before anything is asked."""
    with pytest.raises(SettingsError, match=message):
        load(settings(tmp_path, "http://127.0.0.1:1", {"customers": {"relation": "Customers", **table}}), "SELECT 1")


METADATA = """<edmx:Edmx Version="4.0" xmlns:edmx="x"><edmx:DataServices><Schema Namespace="S">
 <EntityType Name="Order"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int64"/><Property Name="who" Type="Edm.String"/>
  <Property Name="at" Type="Edm.DateTimeOffset"/><Property Name="paid" Type="Edm.Decimal" Scale="2"/>
  <Property Name="picture" Type="Edm.Binary"/><Property Name="how" Type="Edm.String"/></EntityType>
 <EntityType Name="View"><Property Name="ID" Type="Edm.Int64"/><Property Name="who" Type="Edm.String"/>
  <Property Name="at" Type="Edm.DateTimeOffset"/><Property Name="paid" Type="Edm.Decimal" Scale="2"/></EntityType>
 <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="S.Order"/><EntitySet Name="Views" EntityType="S.View"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
COLUMNS = {"transaction_id": "ID", "customer_id": "who", "timestamp": "at", "amount": "paid"}
QUERY = "SELECT transaction_id, amount FROM transactions ORDER BY ALL"


@pytest.fixture
def server() -> Iterator[Small]:
    """A service that says what it is told to."""
    with small() as running:
        yield running


def plain(folder: Path, server: Small, **table: Any) -> Settings:
    return settings(folder, server.url, {"transactions": {"relation": "Orders", "columns": COLUMNS, **table}})


def answer(*orders: tuple[int, str, str], following: str | None = None, count: int | None = None) -> Answer:
    """A page of (id, time of 1 March, sum)."""
    rows = [{"ID": str(n), "who": "A", "at": f"2026-03-01T{at}Z", "paid": paid, "how": "shop"} for n, at, paid in orders]
    more = {"@odata.nextLink": following} if following else {}
    return Answer(json.dumps({"value": rows, **more, **({"@odata.count": count} if count is not None else {})}))


def test_ids_beyond_doubles_stay_two(server: Small, tmp_path: Path) -> None:
    """Two ids that are one as floating point numbers are two customers' orders."""
    server.pages(METADATA, [answer((9007199254740992, "10:00:00", "1.10"), (9007199254740993, "10:00:00", "2.20"))])
    assert load(plain(tmp_path, server), QUERY)[1] == [("9007199254740992", 1.1), ("9007199254740993", 2.2)]


def test_a_row_that_comes_twice_counts_once(server: Small, tmp_path: Path) -> None:
    """An order changed while pages are read comes again at the end: the last one counts. Without a key all rows do."""
    pages = [answer((1, "10:00:00", "1.00"), (2, "11:00:00", "2.00"), following="Orders?p=2"), answer((1, "12:00:00", "9.00"))]
    server.pages(METADATA, pages)
    assert load(plain(tmp_path, server), QUERY)[1] == [("1", 9.0), ("2", 2.0)]
    server.pages(METADATA, pages)
    assert load(plain(tmp_path, server, relation="Views"), QUERY)[1] == [("1", 1.0), ("1", 9.0), ("2", 2.0)]


def test_increments_ask_from_a_little_before(server: Small, tmp_path: Path) -> None:
    """The second time rows are asked for from ten minutes before the newest one, and a failure in between loses nothing."""
    given = plain(tmp_path, server, watermark="at")
    server.pages(METADATA, [answer((1, "10:00:00", "1.00"), (2, "11:00:00", "2.00"))])
    load(given, QUERY)
    server.pages(METADATA, [answer((3, "12:00:00", "3.00"), following="Orders?p=2"), Answer('{"value": [')])
    with pytest.raises(SourceError, match="cuts page 2"):
        load(given, QUERY)
    server.pages(METADATA, [answer((2, "11:30:00", "2.50"), (4, "12:30:00", "4.00"))])
    (found,), rows = load(given, QUERY)
    assert rows == [("1", 1.0), ("2", 2.5), ("4", 4.0)]
    asked = [a.path for a in server.asked if "Orders?$select" in a.path]
    assert "$filter" not in asked[0]
    assert all("&$filter=at%20ge%202026-03-01T10:50:00Z&$orderby=at,ID&" in path for path in asked[1:])
    assert "transactions: 2 rows that changed since 2026-03-01T11:00:00+00:00 were fetched; 3 rows are held." in found.findings


def test_another_mapping_fetches_everything_again(server: Small, tmp_path: Path) -> None:
    """Columns that were not fetched before cannot come from the rows held."""
    server.pages(METADATA, [answer((1, "10:00:00", "1.00"))])
    load(plain(tmp_path, server, watermark="at"), QUERY)
    _, rows = load(plain(tmp_path, server, watermark="at", columns={**COLUMNS, "channel": "how"}), "SELECT channel FROM transactions")
    assert rows == [("shop",)]
    assert not any("$filter" in a.path for a in server.asked)


def test_fewer_rows_than_counted_are_refused(server: Small, tmp_path: Path) -> None:
    """A server that cuts the set off without a next page is found out by its own count."""
    server.pages(METADATA, [answer((1, "10:00:00", "1.00"), count=1000)])
    with pytest.raises(SourceError, match=r"counted 1,000 rows of Orders of connections.sap and gave 1, then no next page"):
        load(plain(tmp_path, server), QUERY)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"relation": "Views", "watermark": "at"}, "'Views' has no key, so a changed row cannot replace the old one"),
        ({"columns": {**COLUMNS, "coupon": "picture"}}, "'picture' of 'Orders' is Edm.Binary, which is no single value"),
    ],
)
def test_what_cannot_be_read_is_refused(server: Small, tmp_path: Path, table: dict[str, Any], message: str) -> None:
    """Increments without a key and pictures as columns."""
    server.pages(METADATA, [answer()])
    with pytest.raises(SourceError, match=message):
        load(plain(tmp_path, server, **table), QUERY)


def test_an_empty_set_is_told(server: Small, tmp_path: Path) -> None:
    """No rows are no table."""
    server.pages(METADATA, [answer()])
    with pytest.raises(SourceError, match="has a header and no rows"):
        load(plain(tmp_path, server), QUERY)


def test_without_httpx_the_extra_is_named(server: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.delitem(sys.modules, "netlift.sources.odata_client", raising=False)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'netlift\[odata\]'"):
        load(plain(tmp_path, server), QUERY)
