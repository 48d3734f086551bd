"""A folder with files and an engine to load them into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.records import TableInput
from netlift.settings import EngineSettings, parse


class Shop:
    """Writes files, loads tables from them, shows what became of the rows."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine

    def write(self, name: str, content: str | bytes | pa.Table) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def load(self, table: str, content: str | bytes | pa.Table | None = None, *, zone: str = "UTC", **settings: Any) -> TableInput:
        """Load one table, from `content` or from settings["path"]; a table of customers is added where one is needed."""
        if content is not None:
            settings["path"] = self.write(f"{table}.parquet" if isinstance(content, pa.Table) else f"{table}.csv", content)
        tables: dict[str, Any] = {table: settings}
        if table not in {"customers", "transactions"}:
            tables["customers"] = {"path": self.write("everybody.csv", "customer_id\n1\n")}
        return self.load_all(tables, zone=zone)[table]

    def load_all(self, tables: dict[str, Any], *, zone: str = "UTC") -> dict[str, TableInput]:
        project = {"name": "Shop", "currency": "EUR", "time_zone": zone}
        settings = parse({"project": project, "tables": tables}, folder=self.folder, sha256="")
        return {i.table: i for i in sources.load(settings, self.engine).inputs}

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        return self.engine.rows(f"SELECT {columns} FROM {table} ORDER BY ALL")

    def quarantined(self) -> list[tuple[Any, ...]]:
        """Line, column, reason, text of every refused row."""
        return self.engine.rows("SELECT line, column_name, reason, row_text FROM quarantine ORDER BY file_name, line")

    def tables(self) -> set[str]:
        return {row[0] for row in self.engine.rows("SELECT table_name FROM information_schema.tables")}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty folder and an engine."""
    with Engine(EngineSettings(threads=2)) as engine:
        yield Shop(tmp_path, engine)
