"""docs/sources.md is run: every example with files is loaded, every other one is read by the settings, and nothing is left out."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import openpyxl  # type: ignore[import-untyped]
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from netlift import features, sources
from netlift.engine import Engine
from netlift.records import Features, Tables
from netlift.settings import Connection, EngineSettings, parse
from netlift.sources.canonical import CANONICAL, STORED_AS
from netlift.sources.loading import SOURCES
from tests.conftest import ROOT
from tests.sources.odata_servers import Answer, small

PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)]
HERE = [e for e in EXAMPLES if "connections" not in e]
PROJECT = {"project": {"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin", "country": "DE"}}

SALES = "customer;bought_at;paid;status;list_price;receipt;sku\n7;05.10.2026 10:00;1.250,00;Complete;1.300;r1;p\n"
FORM = 'Timestamp,Your customer number,How likely?,Which wines do you like?\n01/02/2026 10:00:00,7,9,"Red, White"\n'


def excel(path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Notes")
    sheet = book.active
    sheet.title = "Responses"
    sheet.append(["token", "submitdate", "w", "Q1", "Q7[golf]", "Q7[chess]"])
    sheet.append(["7", datetime(2026, 1, 2, 10), 1.5, "-99", "Y", "N"])  # noqa: DTZ001 - as Excel has it
    book.save(path)


def spss(path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"panelid": ["7"], "Q1": [2.0], "nps": [9.0], "age": [40.0]}), path)


FILES: dict[str, str | bytes | Callable[[Path], None]] = {
    "sales/1.csv.gz": gzip.compress(SALES.encode("cp1252")),
    "products.parquet": lambda path: pq.write_table(pa.table({"sku": ["p"], "category": ["wine"]}), path),
    "customers.csv": "customer_id,age\n7,39\n7,40\n8,50\n",
    "events.jsonl": json.dumps(
        {"user": {"id": "7"}, "sent_at": "2026-01-02T10:00:00Z", "name": "product_seen", "item": {"sku": "p"}, "agent": "Mozilla/5.0"}
    ),
    "limesurvey.xlsx": excel,
    "panel.sav": spss,
    "form.csv": FORM,
    "bought_in.csv": "customer_id,proof,income\n7,form 12 of 2026-02-01,3000\n",
    "orders.csv": "customer_id,timestamp,amount,channel\n7,2026-01-02,10,app\n7,2026-06-02,10,shop\n8,2026-06-03,5,shop\n",
}


def run(example: dict[str, Any], folder: Path) -> tuple[Tables, Features]:
    settings = parse({**PROJECT, **example}, folder=folder, sha256="")
    with Engine(EngineSettings(threads=1)) as engine:
        tables = sources.load(settings, engine)
        return tables, features.build(settings, engine, tables)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the page speaks of."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


@pytest.mark.parametrize("example", HERE, ids=lambda e: "-".join(e["tables"]))
def test_examples_with_files_run(example: dict[str, Any], folder: Path) -> None:
    """Every row is read, and features come of it."""
    tables, built = run(example, folder)
    assert [i.rows_quarantined for i in tables.inputs] == [0] * len(tables.inputs)
    assert all(i.rows_ok for i in tables.inputs)
    own = set(example.get("features", {}).get("own", {}))
    assert own <= {f.name for f in built.features}


def test_the_survey_examples_give_the_answers(folder: Path) -> None:
    """Codes for missing become missing, several answers are parted, and what is no question is none."""
    found = []
    for example in HERE:
        if "survey" in example["tables"]:
            with Engine(EngineSettings(threads=1)) as engine:
                sources.load(parse({**PROJECT, **example}, folder=folder, sha256=""), engine)
                found.append(engine.rows("SELECT question, answer FROM survey ORDER BY ALL"))
    assert found == [
        [("Q1", None), ("hobbies", "golf")],
        [("Q1", "2"), ("nps", "9")],
        [("How likely?", "9"), ("Which wines do you like?", "Red"), ("Which wines do you like?", "White")],
    ]


def test_the_api_example_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a server that answers as the example says, at another address."""
    (example,) = (e for e in EXAMPLES if "tool" in e.get("connections", {}))
    monkeypatch.setenv("TOOL_TOKEN", "t")
    with small() as server:
        server.answer = lambda _: Answer(
            json.dumps({"result": {"items": [{"id": "7", "age": 40, "address": {"city": "Ulm"}}]}, "paging": {}})
        )
        tables, _ = run({**example, "connections": {"tool": {**example["connections"]["tool"], "url": f"{server.url}/v2"}}}, folder)
        assert (tables.inputs[0].rows_ok, server.asked[0].path) == (1, "/v2/people")
        assert "city" in tables.columns("customers")


def test_every_example_is_read_by_the_settings() -> None:
    """All keys exist, every connection is used, and every kind of source and of connection has its example."""
    used = set()
    for example in EXAMPLES:
        settings = parse({**PROJECT, **example}, folder=Path(), sha256="")
        assert {t.connection for t in settings.tables.values() if t.connection} == set(settings.connections)
        used |= {t.source for t in settings.tables.values()}
        for name, table in settings.tables.items():
            assert set(CANONICAL[name].columns) >= {STORED_AS.get(c, c) for c in table.columns} - {"city"}
    assert used == set(SOURCES)
    kinds = {kind for section in get_args(get_args(Connection)[0]) for kind in get_args(section.model_fields["kind"].annotation)}
    assert kinds == {c["kind"] for e in EXAMPLES for c in e.get("connections", {}).values()}


def test_the_table_of_tables_is_true() -> None:
    """What each table needs and knows is what the code needs and knows."""
    stored = {name: key for key, name in STORED_AS.items()}
    for name, canonical in CANONICAL.items():
        (needs, knows) = re.findall(rf"^\| {name} \| (.*?) \| (.*?) \|$", PAGE, flags=re.MULTILINE)[0]
        assert re.sub(r" \(.*?\)", "", needs).split(", ") == [stored.get(c, c) for c in canonical.required]
        assert all(c in knows for c in canonical.columns if c not in canonical.required)
