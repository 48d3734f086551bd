"""Rows of a SQLite through SQLAlchemy, values of all drivers as Arrow, and what is sent to SAP HANA."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql, oracle, postgresql
from sqlalchemy_hana.dialect import HANAHDBCLIDialect

from netlift import sources
from netlift.errors import InputError, MissingExtra, SettingsError, SourceError
from netlift.records import TableInput, silent
from netlift.settings import Settings, parse
from netlift.sources import sql, sql_sqlalchemy
from netlift.sources.relation import Place
from netlift.sources.sql_question import Question
from tests.servers import free_port

from .conftest import Shop

PASSWORD = "the password"


class Books:
    """A SQLite file beside netlift.toml."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.connection: dict[str, Any] = {"kind": "sqlalchemy", "url": "sqlite:///books.db"}

    def run(self, *statements: str) -> None:
        connection = sqlite3.connect(self.shop.folder / "books.db")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        finally:
            connection.close()

    def load(self, **table: Any) -> TableInput:
        """Load the customers, as a run of netlift does."""
        settings = _settings(self.connection, {"source": self.connection["kind"], **table}, self.shop.folder)
        return sources.load(settings, self.shop.engine, silent, landing=self.shop.folder / "landing").inputs[0]

    def fails(self, **settings: Any) -> str:
        """The one sentence with which loading fails; it never holds the password."""
        with pytest.raises(InputError) as caught:
            self.load(**{"relation": "people", **settings})
        text = str(caught.value)
        assert PASSWORD not in text
        assert text.endswith(".")
        assert "\n" not in text
        return text

    def landed(self) -> int:
        """Number of landed files."""
        return len(list(self.shop.folder.glob("landing/*/*.parquet")))


def _settings(connection: dict[str, Any], table: dict[str, Any], folder: Path) -> Settings:
    tables = {"customers": {"connection": "books", **table}}
    data = {"project": {"name": "s", "currency": "EUR"}, "tables": tables, "connections": {"books": connection}}
    return parse(data, folder=folder, sha256="")


def _question(connection: dict[str, Any], folder: Path = Path(), **table: Any) -> Question:
    settings = _settings(connection, {"source": connection["kind"], **table}, folder)
    return sql._question(settings.tables["customers"], "customers", Place(settings, folder))


@pytest.fixture
def books(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Books:
    monkeypatch.setenv("BOOKS", PASSWORD)
    return Books(shop)


def test_values_come_exactly(books: Books) -> None:
    """Whole numbers above 2^53, text, missing values, and columns of mixed types keep their values."""
    books.run(
        'CREATE TABLE "my people" (customer_id INTEGER, "zip code" TEXT, score REAL, mixed, none TEXT)',
        """INSERT INTO "my people" VALUES (9007199254740993, '00501', 0.1, 9007199254740993, NULL), (2, 'é', NULL, 0.1, NULL),
           (3, NULL, 3, 'x', NULL)""",
    )
    books.load(relation="my people")
    assert books.shop.rows("customers", 'customer_id, "zip code", score, mixed, none') == [
        ("2", "é", None, "0.1", None),
        ("3", None, 3.0, "x", None),
        ("9007199254740993", "00501", 0.1, "9007199254740993", None),
    ]


def test_more_rows_than_a_batch(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Types are found over all batches: a column that is empty or whole at first may hold text later."""
    monkeypatch.setattr(sql_sqlalchemy, "ROWS", 10)
    books.run("CREATE TABLE people (customer_id, late, whole, same)")
    books.run(*(f"INSERT INTO people VALUES ({i}, {'NULL' if i < 30 else 7}, {i if i < 25 else i + 0.5}, 'x')" for i in range(35)))
    books.load(relation="people", types={"whole": "text"})
    assert books.shop.engine.rows("SELECT count(*), count(late), sum(late), count(DISTINCT same) FROM customers") == [(35, 5, 35.0, 1)]
    assert books.shop.engine.rows("SELECT whole FROM customers WHERE customer_id IN ('24', '25') ORDER BY 1") == [("24",), ("25.5",)]


@pytest.mark.parametrize(("low", "high"), [("9", "10"), ("'2026-01-01 09:00:00'", "'2026-01-01 10:00:00'")])
@pytest.mark.parametrize("asked", [{"relation": "people"}, {"query": "SELECT *, '10:30' AS at_ten, 'a%b\\:c' AS odd FROM people -- all;"}])
def test_only_rows_above_the_watermark_are_fetched(books: Books, asked: dict[str, str], low: str, high: str) -> None:
    """New rows land as a further file, corrected ones replace earlier ones; a query may hold colons, per cent signs and comments."""
    books.run("CREATE TABLE people (customer_id TEXT, v, n INTEGER)", f"INSERT INTO people VALUES ('a', {low}, 1), ('b', {low}, 1)")
    for _ in range(2):
        assert books.load(**asked, watermark="v").rows_ok == 2
    assert books.landed() == 1
    books.run(f"INSERT INTO people VALUES ('c', {high}, 1)", f"UPDATE people SET n = 2, v = {high} WHERE customer_id = 'a'")
    assert books.load(**asked, watermark="v").rows_ok == 3
    assert books.landed() == 2
    assert books.shop.rows("customers", "customer_id, n") == [("a", 2.0), ("b", 1.0), ("c", 1.0)]


def test_everything_is_fetched_again_when_types_no_longer_fit(books: Books) -> None:
    """New rows with empty columns fit the landed files; a word in a column of numbers does not, and brings a new generation."""
    books.run("CREATE TABLE people (customer_id TEXT, v INTEGER, n)", "INSERT INTO people VALUES ('a', 1, 5)")
    books.load(relation="people", watermark="v")
    books.run("INSERT INTO people VALUES ('b', 2, NULL)")
    books.load(relation="people", watermark="v")
    assert books.landed() == 2
    books.run("INSERT INTO people VALUES ('c', 3, 'many')")
    books.load(relation="people", watermark="v")
    assert books.landed() == 1
    assert books.shop.rows("customers", "customer_id, n") == [("a", "5"), ("b", None), ("c", "many")]


def test_nothing_is_written(books: Books) -> None:
    """A query that changes data is refused before or by the database, whatever it begins with."""
    books.run("CREATE TABLE people (customer_id TEXT)", "INSERT INTO people VALUES ('a')")
    assert "query begins with 'DELETE'; netlift only reads" in books.fails(relation=None, query="DELETE FROM people RETURNING *")
    assert "attempt to write a readonly database" in books.fails(
        relation=None, query="WITH a AS (SELECT 1) INSERT INTO people SELECT 'b' RETURNING *"
    )
    assert books.load(relation="people").rows_ok == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": None}, "connections.books.url is no SQLAlchemy URL; write it as driver://user@host/database"),
        ({"url": f"mysql://me:{PASSWORD}@localhost/x"}, "connections.books.url holds a password; take it out"),
        ({"url": "sqlite:///boks.db"}, "there is no SQLite file 'boks.db'"),
        ({"url": "sqlite://"}, "there is no SQLite file"),
        ({"url": "nosuch://localhost/x"}, "connections.books.url names 'nosuch', which SQLAlchemy does not know"),
        ({"url": "mysql+pymysql://me@localhost/x"}, "needs the driver 'pymysql', which is not installed: pip install pymysql"),
        ({"url": "mysql+pymysql://me@db.example.com/x"}, "asks for no encryption, and 'db.example.com' may not be this machine"),
        ({"url": "mysql+pymysql://me@db.example.com/x?ssl=false"}, "asks for no encryption"),
        ({"url": "postgresql://me@db.example.com/x?sslmode=disable"}, "asks for no encryption"),
        ({"url": "postgresql://me@localhost/x?host=db.example.com"}, "asks for no encryption"),
        ({"url": "mssql+pyodbc:///?odbc_connect=SERVER%3Ddb.example.com"}, "asks for no encryption"),
        ({"url": f"mssql+pyodbc:///?odbc_connect=PWD%3D{PASSWORD}"}, "connections.books.url holds a password; take it out"),
        ({"url": f"mysql+pymysql://me@localhost/x?password={PASSWORD}"}, "connections.books.url holds a password; take it out"),
        ({"url": "mysql+pymysql://me@localhost/x?unix_socket=/run/mysqld.sock"}, "needs the driver 'pymysql'"),
        ({"url": "mysql+pymysql://me@db.example.com/x?ssl_ca=ca.pem"}, "needs the driver 'pymysql'"),
        ({"url": "sqlite:///netlift.toml"}, "file is not a database"),
    ],
)
def test_no_connection_is_explained(books: Books, change: dict[str, Any], said: str) -> None:
    """Wrong URL, password in the URL, missing driver, no encryption, no file: one sentence with what to correct."""
    books.run("CREATE TABLE people (customer_id TEXT)")
    books.shop.write("netlift.toml", "[project]\n" * 100)
    books.connection |= {"password_env": "BOOKS", **change}
    assert said in books.fails()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"relation": "poeple"}, "has no table or view 'poeple' (did you mean 'people'?); correct relation"),
        ({"relation": "main.poeple"}, "has no table or view 'main.poeple' (did you mean 'people'?)"),
        ({"relation": "a.b.c"}, "relation is 'a.b.c'; write table or schema.table, or use query"),
        ({"relation": 'people" --'}, "has no table or view"),
        ({"query": "SELECT * FORM people"}, "the database cannot answer the query of tables.customers: near"),
        ({"query": "SELECT * FROM poeple"}, "no such table: poeple"),
        ({"query": "  ;"}, "tables.customers.query is empty"),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "has the column 'a' twice"),
        ({"relation": "people", "watermark": "changd"}, "no such column (did you mean 'changed'?)"),
        ({"relation": "people", "watermark": "customer_id"}, "the watermark 'customer_id' holds 'a', and a watermark is a whole number"),
        ({"relation": "people", "watermark": "changed"}, "is empty in 1 rows"),
    ],
)
def test_what_cannot_be_asked_is_explained(books: Books, asked: dict[str, Any], said: str) -> None:
    """Unknown relations with a near name, wrong SQL, unfit watermarks: one sentence."""
    books.run("CREATE TABLE people (customer_id TEXT, changed TEXT)", "INSERT INTO people VALUES ('a', NULL)")
    assert said in books.fails(**{"relation": None, **asked})
    assert books.landed() == 0


def test_an_answer_that_breaks_off_leaves_the_last_good_state(books: Books) -> None:
    """The file is damaged behind its first rows: one sentence, and what had landed before stays."""
    books.run("CREATE TABLE people (customer_id INTEGER, filler TEXT)", "INSERT INTO people VALUES (0, '')")
    books.load(relation="people")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
    books.run(f"INSERT INTO people {numbers} SELECT i, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' FROM n")
    path = books.shop.folder / "books.db"
    content = bytearray(path.read_bytes())
    content[-200_000:-100_000] = b"\xff" * 100_000
    path.write_bytes(content)
    assert "database disk image is malformed" in books.fails()
    assert books.landed() == 1


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        ([Decimal("0.10"), Decimal("1E+3"), None], pa.string(), ["0.10", "1000", None]),
        ([2**63, 1], pa.string(), ["9223372036854775808", "1"]),
        ([2**53 + 1, None], pa.int64(), [2**53 + 1, None]),
        ([True, None], pa.bool_(), [True, None]),
        ([1, 0.5], pa.string(), ["1", "0.5"]),
        ([None, None], pa.null(), [None, None]),
        ([date(2026, 1, 2)], pa.date32(), [date(2026, 1, 2)]),
        (
            [datetime.fromisoformat("2026-01-02 03:04:05.000006")],
            pa.timestamp("us"),
            [datetime.fromisoformat("2026-01-02 03:04:05.000006")],
        ),
        ([datetime(2026, 1, 2, tzinfo=UTC)], pa.timestamp("us", "UTC"), [datetime(2026, 1, 2, tzinfo=UTC)]),
        ([datetime.fromisoformat("2026-01-02"), date(2026, 1, 2)], pa.string(), ["2026-01-02 00:00:00", "2026-01-02"]),
        ([b"\x01\xff", memoryview(b"a")], pa.string(), ["01ff", "61"]),
        ([{"a": [1]}], pa.string(), ['{"a": [1]}']),
        ([time(1, 2), UUID(int=1)], pa.string(), ["01:02:00", "00000000-0000-0000-0000-000000000001"]),
    ],
)
def test_values_of_drivers_as_arrow(values: list[Any], kind: Any, stored: list[Any]) -> None:
    """Each kind of value has its exact form; what has no common type is text."""
    made = sql_sqlalchemy.array(values)
    assert (made.type, made.to_pylist()) == (kind, stored)


@given(st.lists(st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))))
def test_decimals_are_exact(values: list[Decimal | None]) -> None:
    """Any decimal comes back from its text as the same number."""
    back = sql_sqlalchemy.array(values).to_pylist()
    assert [None if v is None else Decimal(v) for v in back] == values


@given(
    st.lists(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(st.characters(codec="utf-8")), st.binary())
    )
)
def test_any_column_of_values_has_a_type(values: list[Any]) -> None:
    """No value of a driver is lost or makes the conversion fail, whatever stands beside it."""
    made = sql_sqlalchemy.array(values)
    assert [v is None for v in made.to_pylist()] == [v is None for v in values]
    assert sql_sqlalchemy.unified(pa.null(), made.type) == made.type == sql_sqlalchemy.unified(made.type, pa.null())


DIALECTS: dict[str, Any] = {"hana": HANAHDBCLIDialect, "postgresql": postgresql.dialect, "oracle": oracle.dialect, "mysql": mysql.dialect}
HANA = {"kind": "hana", "host": "hana.example.com", "port": 443, "database": "HDB", "user": "reader"}


@pytest.mark.parametrize("name", DIALECTS)
def test_statements_of_other_databases(name: str) -> None:
    """HANA, PostgreSQL, Oracle and MySQL get quoted names, a parameter for the watermark, and the query as it was written."""
    quote = "`" if name == "mysql" else '"'
    relation = _question(HANA, relation="SALES.VBAK Items", watermark="AEDAT")
    everything = 'SELECT * FROM "SALES"."VBAK Items"'.replace('"', quote)
    assert _compiled(relation, name) == everything
    parameter = {"hana": "?", "postgresql": "%(AEDAT_1)s::INTEGER", "oracle": ":AEDAT_1", "mysql": "%s"}[name]
    assert _compiled(relation.above(5, pa.schema([])), name) == f"{everything} WHERE {quote}AEDAT{quote} > {parameter}"
    query = _question(HANA, query="SELECT a FROM t WHERE x = ':y' ;", watermark="AEDAT")
    assert _compiled(query, name) == "SELECT a FROM t WHERE x = ':y'"
    above = f"SELECT * FROM (SELECT a FROM t WHERE x = ':y' ) q WHERE {quote}AEDAT{quote} > {parameter}"
    assert _compiled(query.above(5, pa.schema([])), name) == above


def _compiled(question: Question, name: str) -> str:
    return " ".join(str(sql_sqlalchemy.statement(question).compile(dialect=DIALECTS[name]())).split())


def test_hana_is_reached_encrypted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The driver gets address, user, password and database, encryption and the check of the server's certificate."""
    monkeypatch.setenv("BOOKS", PASSWORD)
    question = _question(HANA | {"password_env": "BOOKS", "ca_file": "ca.pem"}, tmp_path, relation="T")
    url, arguments = sql_sqlalchemy.hana_address(question)
    _, sent = HANAHDBCLIDialect().create_connect_args(url)
    assert {k: sent[k] for k in ("address", "port", "user", "password", "databaseName")} == {
        "address": "hana.example.com",
        "port": 443,
        "user": "reader",
        "password": PASSWORD,
        "databaseName": "HDB",
    }
    assert arguments == {
        "encrypt": True,
        "sslValidateCertificate": True,
        "connectTimeout": 10000,
        "sslTrustStore": str(tmp_path / "ca.pem"),
    }


def test_a_closed_port_of_hana_is_explained(books: Books) -> None:
    """The driver's own refusal arrives as one sentence without the password."""
    books.connection = {"kind": "hana", "port": free_port(), "user": "reader", "password_env": "BOOKS"}
    assert "the database of connections.books cannot be opened: Connection failed (RTE:[89006]" in books.fails()


def test_missing_extras_are_named(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the optional packages the message says which extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy_hana", None)
    books.connection = {"kind": "hana", "user": "reader"}
    with pytest.raises(MissingExtra, match=r"pip install 'netlift\[hana\]'"):
        books.load(relation="people")
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"pip install 'netlift\[sql\]'"):
        books.load(relation="people")


def test_every_promise_to_read_only_is_for_a_dialect() -> None:
    """The names under which databases promise not to write are names of SQLAlchemy's dialects."""
    assert set(sql_sqlalchemy.READ_ONLY) == {dialect.name for dialect in DIALECTS.values()} | {"mariadb"}
    assert sa.create_engine("sqlite://").dialect.name not in sql_sqlalchemy.READ_ONLY


def test_a_connection_of_another_kind_is_refused(books: Books) -> None:
    """Source and connection are of one kind; both or neither of relation and query is an error."""
    with pytest.raises(SettingsError, match="source 'postgres' needs a connection of this kind, and 'books' is of kind 'sqlalchemy'"):
        books.load(source="postgres", relation="people")
    assert "neither relation nor query" in books.fails(relation=None)
    with pytest.raises(SourceError):
        books.load(relation="people")
