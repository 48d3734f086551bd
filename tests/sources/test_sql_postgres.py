"""Rows of a real PostgreSQL: exact values, increments by watermark, and one sentence for whatever goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from netlift import sources
from netlift.errors import InputError, SettingsError, SourceError
from netlift.records import TableInput, silent
from netlift.settings import parse
from netlift.sources import sql, sql_postgres
from netlift.sources.area import Area
from netlift.sources.relation import Place
from tests.servers import Postgres, free_port, postgres

from .conftest import Shop

PASSWORD = "pass'word \\ of the reader"  # what a naive connection string would break on


def _certificate() -> tuple[bytes, bytes]:
    """A certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return built.public_bytes(serialization.Encoding.PEM), secret


CERTIFICATE = _certificate()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(certificate=CERTIFICATE) as running:
        yield running


class Warehouse:
    """A schema of its own in the server, and an account that may only read it."""

    def __init__(self, server: Postgres, shop: Shop) -> None:
        self.server, self.shop = server, shop
        self.connection: dict[str, Any] = {
            "kind": "postgres",
            "port": server.port,
            "database": server.database,
            "user": "reader",
            "password_env": "READER",
        }
        server.run(
            "DROP SCHEMA IF EXISTS sales CASCADE",
            "CREATE SCHEMA sales",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN CREATE ROLE reader LOGIN; END IF; END $$",
            f"ALTER ROLE reader PASSWORD '{PASSWORD.replace(chr(39), 2 * chr(39))}'",
            "GRANT USAGE ON SCHEMA sales TO reader",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO reader",
        )

    def run(self, *statements: str) -> None:
        self.server.run(*statements)

    def load(self, table: str, **settings: Any) -> TableInput:
        """Load one table from the warehouse, as a run of netlift does."""
        tables: dict[str, Any] = {table: {"source": "postgres", "connection": "warehouse", **settings}}
        if table not in {"customers", "transactions"}:
            tables["customers"] = {"path": self.shop.write("everybody.csv", "customer_id\n1\n")}
        project = {"name": "Shop", "currency": "EUR"}
        data = {"project": project, "tables": tables, "connections": {"warehouse": self.connection}}
        parsed = parse(data, folder=self.shop.folder, sha256="")
        loaded = sources.load(parsed, self.shop.engine, silent, landing=self.shop.folder / "landing")
        return next(i for i in loaded.inputs if i.table == table)

    def fails(self, table: str = "customers", **settings: Any) -> str:
        """The one sentence with which loading fails; it never holds the password."""
        with pytest.raises(InputError) as caught:
            self.load(table, **{"relation": "sales.people", **settings})
        text = str(caught.value)
        assert PASSWORD not in text
        assert text.endswith(".")
        assert "\n" not in text
        return text

    def landed(self) -> list[int]:
        """Rows of every landed file, in the order of their names in the manifest."""
        manifests = sorted(self.shop.folder.glob("landing/*/manifest.jsonl"))
        lines = [line for m in manifests for line in m.read_text().splitlines()]
        return [int(re.findall(r'"rows": (\d+)', line)[0]) for line in lines]


@pytest.fixture
def warehouse(server: Postgres, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("READER", PASSWORD)
    return Warehouse(server, shop)


ORDERS = "CREATE TABLE sales.orders (id bigint, customer_id bigint, paid numeric(12,2), bought_at timestamptz, changed_at timestamp)"
COLUMNS = {"transaction_id": "id", "amount": "paid", "timestamp": "bought_at"}


def test_values_come_exactly(warehouse: Warehouse) -> None:
    """Ids above 2^53, decimals, money, padded text, unusual types and moments of a zone keep their value."""
    warehouse.run(
        "CREATE TYPE sales.mood AS ENUM ('glad', 'sad')",
        """CREATE TABLE sales.people (customer_id bigint, big numeric(30, 0), price numeric(20, 10), fee money, code char(6),
           mood sales.mood, address inet, tag uuid, seen timestamptz, born date, member boolean, score double precision)""",
        """INSERT INTO sales.people VALUES (9007199254740993, 123456789012345678901234567890, 0.1234567891, 1234.5::numeric::money, 'ab',
           'glad', '10.0.0.1', '00000000-0000-0000-0000-000000000001', '2026-03-29 03:30+02', '1999-12-31', true, 0.1)""",
    )
    warehouse.load("customers", relation="sales.people", types={"big": "text", "price": "text", "fee": "text"})
    row = warehouse.shop.engine.arrow("SELECT * FROM customers").to_pylist()[0]
    assert row == {
        "customer_id": "9007199254740993",
        "big": "123456789012345678901234567890",
        "price": "0.1234567891",
        "fee": "1234.50",
        "code": "ab",
        "mood": "glad",
        "address": "10.0.0.1/32",
        "tag": "00000000-0000-0000-0000-000000000001",
        "seen": datetime.fromisoformat("2026-03-29 01:30"),
        "born": datetime.fromisoformat("1999-12-31"),
        "member": 1.0,
        "score": 0.1,
    }


def test_a_query_is_read(warehouse: Warehouse) -> None:
    """A query may join, cast with ::, end in a semicolon and hold a comment; its columns are the table's."""
    warehouse.run(ORDERS, "INSERT INTO sales.orders SELECT g, g % 3, g * 1.10, '2026-01-01 10:30', now() FROM generate_series(1, 9) g")
    query = (
        "SELECT customer_id::text, sum(paid) AS total FROM sales.orders\nWHERE bought_at::text LIKE '2026%' GROUP BY 1; -- all of them ;"
    )
    with pytest.raises(SettingsError):  # the comment comes after the end of the statement
        warehouse.load("customers", query=query)
    found = warehouse.load("customers", query=query.replace("; --", " --"))
    assert found.rows_ok == 3
    assert warehouse.shop.rows("customers", "customer_id, total") == [("0", 19.8), ("1", 13.2), ("2", 16.5)]
    assert found.source == "the query of tables.customers"


def test_only_rows_above_the_watermark_are_fetched(warehouse: Warehouse) -> None:
    """The second load lands only new rows, one with the same values but nothing new lands nothing, and all rows are there."""
    warehouse.run(
        ORDERS,
        "INSERT INTO sales.orders SELECT g, g, g, now(), '2026-01-01'::timestamp + g * interval '1 us' FROM generate_series(1, 1000) g",
    )
    table: dict[str, Any] = {"relation": "sales.orders", "columns": COLUMNS, "watermark": "changed_at"}
    assert warehouse.load("transactions", **table).rows_ok == 1000
    assert warehouse.load("transactions", **table).rows_ok == 1000
    assert warehouse.landed() == [1000]
    warehouse.run("INSERT INTO sales.orders VALUES (1001, 1, 5.5, now(), '2026-02-01'), (1002, 1, 6, now(), '2025-12-31')")
    assert warehouse.load("transactions", **table).rows_ok == 1001
    assert warehouse.landed() == [1000, 1]


@pytest.mark.parametrize("kind", ["bigint", "integer", "date", "timestamptz", "text"])
def test_watermarks_of_every_kind(warehouse: Warehouse, kind: str) -> None:
    """Whole numbers, dates, moments with zone and text of dates all work as a watermark, in a relation and in a query."""
    low, high = (
        ("9007199254740992", "9007199254740993") if kind == "bigint" else ("9", "10") if kind == "integer" else ("2026-01-09", "2026-01-10")
    )
    warehouse.run(f"CREATE TABLE sales.people (customer_id text, v {kind})", f"INSERT INTO sales.people VALUES ('a', '{low}')")
    for asked in ({"relation": "sales.people"}, {"query": "SELECT * FROM sales.people"}):
        warehouse.load("customers", **asked, watermark="v")
    warehouse.run(f"INSERT INTO sales.people VALUES ('b', '{high}')")
    for asked in ({"relation": "sales.people"}, {"query": "SELECT * FROM sales.people"}):
        warehouse.load("customers", **asked, watermark="v")
        assert warehouse.shop.rows("customers", "customer_id") == [("a",), ("b",)]
    assert warehouse.landed() == [1, 1, 1, 1]


def test_corrected_rows_replace_earlier_ones(warehouse: Warehouse) -> None:
    """Where a table has one row per id, the row with the highest watermark counts; increments equal one fetch of everything."""
    warehouse.run(
        "CREATE TABLE sales.people (customer_id text, income integer, v integer)",
        "INSERT INTO sales.people VALUES ('a', 10, 1), ('b', 20, 2)",
    )
    table: dict[str, Any] = {"relation": "sales.people", "watermark": "v"}
    warehouse.load("customers", **table)
    warehouse.run("UPDATE sales.people SET income = 11, v = 3 WHERE customer_id = 'a'", "INSERT INTO sales.people VALUES ('c', 30, 4)")
    found = warehouse.load("customers", **table)
    assert warehouse.shop.rows("customers", "customer_id, income") == [("a", 11.0), ("b", 20.0), ("c", 30.0)]
    assert found.rows_in == 3
    assert "customers: 1 row was replaced by a later version of the same customer_id." in found.findings
    whole = warehouse.load("customers", relation="sales.people")
    assert warehouse.shop.rows("customers", "customer_id, income") == [("a", 11.0), ("b", 20.0), ("c", 30.0)]
    assert whole.rows_in == 3


def test_everything_is_fetched_again_when_columns_change(warehouse: Warehouse) -> None:
    """A new column, or another type, is a new fetch of everything; the old files are gone."""
    warehouse.run("CREATE TABLE sales.people (customer_id text, v integer)", "INSERT INTO sales.people VALUES ('a', 1), ('b', 2)")
    table: dict[str, Any] = {"relation": "sales.people", "watermark": "v"}
    warehouse.load("customers", **table)
    warehouse.run("ALTER TABLE sales.people ADD city text DEFAULT 'Ulm'", "INSERT INTO sales.people VALUES ('c', 3)")
    warehouse.load("customers", **table)
    assert warehouse.shop.rows("customers", "customer_id, city") == [("a", "Ulm"), ("b", "Ulm"), ("c", "Ulm")]
    assert warehouse.landed() == [3]
    warehouse.run("ALTER TABLE sales.people ALTER v TYPE bigint", "DELETE FROM sales.people WHERE customer_id = 'a'")
    warehouse.load("customers", **table)
    assert warehouse.landed() == [2]


def test_a_watermark_that_vanishes_is_named(warehouse: Warehouse) -> None:
    """When the watermark's column is gone, the sentence says so and what had landed stays."""
    warehouse.run("CREATE TABLE sales.people (customer_id text, v integer)", "INSERT INTO sales.people VALUES ('a', 1)")
    warehouse.load("customers", relation="sales.people", watermark="v")
    warehouse.run("ALTER TABLE sales.people RENAME v TO vv")
    assert "watermark is 'v', and sales.people has no such column" in warehouse.fails(watermark="v")
    assert warehouse.landed() == [1]


def test_without_a_watermark_everything_is_fetched_each_time(warehouse: Warehouse) -> None:
    """Deleted and changed rows are seen; one file is kept."""
    warehouse.run("CREATE TABLE sales.people (customer_id text)", "INSERT INTO sales.people VALUES ('a'), ('b')")
    warehouse.load("customers", relation="sales.people")
    warehouse.run("DELETE FROM sales.people WHERE customer_id = 'a'")
    warehouse.load("customers", relation="sales.people")
    assert warehouse.landed() == [1]


def test_a_crash_between_two_generations_does_no_harm(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies before it drops the old files leaves a state that reads as the new one."""
    warehouse.run("CREATE TABLE sales.people (customer_id text)", "INSERT INTO sales.people VALUES ('a'), ('b')")
    warehouse.load("customers", relation="sales.people")
    with monkeypatch.context() as patched:
        patched.setattr(Area, "keep", _die)
        with pytest.raises(KeyboardInterrupt):
            warehouse.load("customers", relation="sales.people")
    assert warehouse.landed() == [2, 2]
    assert warehouse.load("customers", relation="sales.people").rows_in == 2
    assert warehouse.landed() == [2]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"host": "no-such-host.invalid"}, "there is no such host; correct connections.warehouse.host"),
        ({"port": None}, "nothing listens there; correct host and port in connections.warehouse, or start the server"),
        ({"user": "nobody"}, "refuses the user 'nobody' or the password"),
        ({"password_env": "WRONG"}, "refuses the user 'reader' or the password"),
        ({"password_env": None}, "wants a password; write password_env or password_file in connections.warehouse"),
        ({"database": "shop"}, "does not exist; correct connections.warehouse.database"),
        ({"user": "guest"}, "has no free connection; try again later"),
        ({"user": "idle"}, 'cannot be opened: role "idle" is not permitted to log in.'),
        ({"database": None}, "connections.warehouse.database is missing"),
        ({"password_env": "NOT_SET"}, "The environment variable NOT_SET, named as password_env, is not set"),
        ({"ca_file": "none.pem", "host": "localhost"}, "ca_file 'none.pem' cannot be read"),
        ({"ca_file": "other.pem", "host": "localhost"}, "shows a certificate that connections.warehouse.ca_file did not sign"),
        ({"ca_file": "own.pem", "host": "127.0.0.1"}, "shows a certificate for another host"),
    ],
)
def test_no_connection_is_explained(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], said: str) -> None:
    """Wrong host, port, user, password, database or certificate: one sentence with what to correct."""
    monkeypatch.setenv("WRONG", "not the password")
    warehouse.run(
        "DROP ROLE IF EXISTS guest, idle",
        *(
            f"CREATE ROLE {account} PASSWORD '{PASSWORD.replace(chr(39), 2 * chr(39))}'"
            for account in ("guest LOGIN CONNECTION LIMIT 0", "idle")
        ),
    )
    warehouse.shop.write("own.pem", CERTIFICATE[0])
    warehouse.shop.write("other.pem", _certificate()[0])
    warehouse.connection |= {"port": free_port()} if "port" in change else change
    assert said in warehouse.fails()


def test_the_servers_certificate_is_checked(warehouse: Warehouse) -> None:
    """With ca_file the connection is encrypted and the server is the one whose certificate was signed."""
    warehouse.shop.write("own.pem", CERTIFICATE[0])
    warehouse.connection |= {"host": "localhost", "ca_file": "own.pem"}
    found = "SELECT '1' AS customer_id, ssl AS encrypted, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    warehouse.load("customers", query=found)
    assert warehouse.shop.rows("customers", "encrypted, version") == [(1.0, "TLSv1.3")]


def test_other_machines_are_reached_encrypted(tmp_path: Path) -> None:
    """Without ca_file sslmode is require on another machine; tls = false is refused there."""
    data: dict[str, Any] = {"kind": "postgres", "host": "db.example.com", "database": "shop"}
    assert "sslmode='require'" in _conninfo(data, tmp_path)
    assert "sslmode='verify-full' sslrootcert=" in _conninfo(data | {"ca_file": "ca.pem"}, tmp_path)
    assert "sslmode='disable'" in _conninfo(data | {"host": "127.0.0.1", "tls": False}, tmp_path)
    with pytest.raises(SettingsError, match=r"tls = false is allowed only on this machine, and host is 'db\.example\.com'"):
        _conninfo(data | {"tls": False}, tmp_path)


def _conninfo(connection: dict[str, Any], folder: Path) -> str:
    table = {"source": "postgres", "connection": "w", "relation": "people"}
    data = {"project": {"name": "s", "currency": "EUR"}, "tables": {"customers": table}, "connections": {"w": connection}}
    settings = parse(data, folder=folder, sha256="")
    question = sql._question(settings.tables["customers"], "customers", Place(settings, folder))
    return sql_postgres._conninfo(question)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"relation": "sales.poeple"}, """relation "sales.poeple" does not exist (did you mean 'sales.people'?); correct relation"""),
        ({"relation": "Sales.People"}, "(did you mean 'sales.people'?)"),
        ({"relation": "sales.secret"}, "the user 'reader' may not read sales.secret: permission denied for table secret; grant SELECT"),
        ({"relation": "a.b.c"}, "relation is 'a.b.c'; write table or schema.table, or use query"),
        ({"relation": 'sales.people" WHERE false --'}, "does not exist"),
        ({"query": "SELEC 1"}, "query begins with 'SELEC'; netlift only reads: write a SELECT"),
        ({"query": "SELECT * FORM sales.people"}, "the query of tables.customers is wrong: syntax error at or near"),
        ({"query": "SELECT nothing FROM sales.people"}, 'the query of tables.customers is wrong: column "nothing" does not exist'),
        ({"query": "SELECT * FROM sales.poeple"}, "(did you mean 'sales.people'?); correct query"),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "has the column 'a' twice; name one of them otherwise with AS"),
        ({"query": "SELECT 1; DROP TABLE sales.people"}, "cannot insert multiple commands into a prepared statement"),
        ({"query": "SELECT 1/0 AS customer_id"}, "the database cannot answer the query of tables.customers: division by zero"),
        ({"query": "SELECT 1/(g - 300000) AS customer_id FROM generate_series(1, 400000) g"}, "division by zero, after "),
        ({"query": "SELECT nextval('sales.counter') AS customer_id"}, "wants to change data"),
        ({"query": "WITH gone AS (DELETE FROM sales.people RETURNING *) SELECT * FROM gone"}, "wants to change data"),
        (
            {"query": "SELECT pg_terminate_backend(pg_backend_pid()) AS customer_id"},
            "the connection was lost after 0 rows; nothing of them was kept, run again",
        ),
        (
            {"relation": "sales.people", "watermark": "changed"},
            "watermark is 'changed', and sales.people has no such column (did you mean 'changed_at'?)",
        ),
        ({"relation": "sales.people", "watermark": "name"}, "the watermark 'name' holds 'Ann', and a watermark is a whole number"),
        ({"relation": "sales.people", "watermark": "changed_at"}, "the watermark 'changed_at' is empty in 1 rows"),
        ({"relation": "sales.people", "watermark": "never"}, "holds a moment that no calendar has"),
        ({"relation": "sales.people", "format": {"decimal": ","}}, "format: kind, decimal and thousands are for files"),
        (
            {"relation": "sales.people", "connection": "lake"},
            "connection is 'lake', which is no section of [connections]; there are: warehouse",
        ),
    ],
)
def test_what_cannot_be_asked_is_explained(warehouse: Warehouse, asked: dict[str, Any], said: str) -> None:
    """Unknown relations with a near name, missing permission, wrong or writing SQL, unfit watermarks: one sentence; nothing is changed."""
    warehouse.run(
        "CREATE TABLE sales.people (customer_id text, name text, changed_at timestamp, never timestamp)",
        "INSERT INTO sales.people VALUES ('1', 'Ann', NULL, 'infinity')",
        "CREATE TABLE sales.secret (customer_id text)",
        "CREATE SEQUENCE sales.counter",
        "GRANT ALL ON sales.people, sales.counter TO reader",
        "REVOKE ALL ON sales.secret FROM reader",
    )
    assert said in warehouse.fails(**{"relation": None, **asked})
    assert warehouse.landed() == []
    assert warehouse.load("customers", query="SELECT customer_id FROM sales.people").rows_ok == 1


def test_a_connection_lost_in_the_middle_leaves_the_last_good_state(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends the session while rows come: one sentence, the landed files stay, the next load fetches all the rest."""
    warehouse.run(
        "CREATE TABLE sales.people (customer_id integer, filler text, v integer)",
        "INSERT INTO sales.people VALUES (0, '', 0)",
    )
    table: dict[str, Any] = {"relation": "sales.people", "watermark": "v"}
    warehouse.load("customers", **table)
    warehouse.run("INSERT INTO sales.people SELECT g, repeat('x', 500), g FROM generate_series(1, 150000) g")
    with monkeypatch.context() as patched:
        patched.setattr(sql_postgres, "_batches", _ended_after_one_batch(warehouse.server, sql_postgres._batches))
        assert re.search(r"the connection was lost after \d\d,\d\d\d rows; nothing of them was kept, run again", warehouse.fails(**table))
    assert warehouse.landed() == [1]
    assert warehouse.load("customers", **table).rows_ok == 150_001
    assert warehouse.landed() == [1, 150_000]


def _ended_after_one_batch(server: Postgres, batches: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """The same rows, but the administrator ends all sessions after the first batch."""

    def ended(*arguments: Any) -> Iterator[Any]:
        for i, batch in enumerate(batches(*arguments)):
            if i == 0:
                server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'netlift'")
            yield batch

    return ended


def test_an_empty_table_is_refused(warehouse: Warehouse) -> None:
    """No rows: the sentence names the relation; when rows come they are fetched."""
    warehouse.run("CREATE TABLE sales.people (customer_id text, v integer)")
    assert "'sales.people' has" in warehouse.fails(watermark="v")
    warehouse.run("INSERT INTO sales.people VALUES ('a', 1)")
    assert warehouse.load("customers", relation="sales.people", watermark="v").rows_ok == 1


def test_a_source_error_is_kept_apart(warehouse: Warehouse) -> None:
    """A lost server is an error of the source, a wrong key one of the settings."""
    with pytest.raises(SourceError):
        warehouse.load("customers", relation="sales.nothing")
    with pytest.raises(SettingsError, match="both relation and query"):
        warehouse.load("customers", relation="sales.people", query="SELECT 1")
