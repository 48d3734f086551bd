"""The moments of an experiment from its orders, against a hand-written query of DuckDB: python -m benchmarks.moments ROWS.

ROWS orders of ROWS / 10 customers in Parquet, 5 metrics, 3 arms, 6 segments. Both run on 2 threads with 4 GB for the engine.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measured import measured

ROWS = 10_000_000
WRITE = """
import sys
import duckdb
folder, rows = sys.argv[1], int(sys.argv[2])
con = duckdb.connect()
con.execute(f"SET memory_limit = '4GB'; SET threads = 2; SET temp_directory = '{folder}'; SELECT setseed(0.5)")
con.execute(f'''COPY (
    SELECT 'C' || CAST(hash(i) % {rows // 10} AS VARCHAR) AS customer_id, CAST(hash(i + 1) % 120 AS INTEGER) AS day,
        round(exp(3 + 1.2 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random())), 2) AS amount,
        1e0 + hash(i + 2) % 4 AS items
    FROM range({rows}) AS r(i)) TO '{folder}/orders.parquet' (FORMAT parquet)''')
con.execute(f'''COPY (
    SELECT 'C' || CAST(i AS VARCHAR) AS customer_id, ['none', 'mail', 'call'][CAST(1 + hash(i) % 3 AS INTEGER)] AS arm,
        ['new', 'rare', 'loyal', 'online', 'shop', 'lost'][CAST(1 + hash(i + 7) % 6 AS INTEGER)] AS segment
    FROM range({rows // 10}) AS r(i)) TO '{folder}/customers.parquet' (FORMAT parquet)''')
"""
OURS = """
import sys
import time
from pathlib import Path
from netlift.engine import Engine
from netlift.measurement.arms import Metric, Units, read_cells
from netlift.settings import EngineSettings
folder = Path(sys.argv[1])
metrics = [
    Metric("revenue", covariate=True), Metric("orders"), Metric("items"), Metric("bought", "proportion"), Metric("basket", "ratio")
]
sql = '''
SELECT 'spring' AS experiment, a.arm, a.segment, 0 AS entry_day, coalesce(t.amount, 0e0) AS y0, coalesce(t.earlier, 0e0) AS x0,
    coalesce(t.orders, 0e0) AS y1, coalesce(t.items, 0e0) AS y2, CASE WHEN t.orders > 0e0 THEN 1e0 ELSE 0e0 END AS y3,
    coalesce(t.amount, 0e0) AS y4, coalesce(t.orders, 0e0) AS d4
FROM customers AS a LEFT JOIN (
    SELECT customer_id, sum(CASE WHEN day >= 60 THEN amount ELSE 0e0 END) AS amount,
        sum(CASE WHEN day < 60 THEN amount ELSE 0e0 END) AS earlier, sum(CASE WHEN day >= 60 THEN 1e0 ELSE 0e0 END) AS orders,
        sum(CASE WHEN day >= 60 THEN items ELSE 0e0 END) AS items
    FROM orders GROUP BY customer_id
) AS t ON t.customer_id = a.customer_id
'''
with Engine(EngineSettings(threads=2, memory_limit="4GB")) as engine:
    for name in ("orders", "customers"):
        engine.attach(name, [folder / f"{name}.parquet"])
    began = time.process_time()
    cells = read_cells(engine, Units(sql), metrics)
    spent = time.process_time() - began
assert len(cells) == 18
total = sum(cell.moments["revenue"].total for cell in cells)
(folder / "ours").write_text(repr(total))
print(spent)
"""
BY_HAND = """
import sys
import time
import duckdb
folder = sys.argv[1]
con = duckdb.connect()
con.execute(f"SET memory_limit = '4GB'; SET threads = 2; SET temp_directory = '{folder}'; SET preserve_insertion_order = false")
capped = ("y", "k", "i")
def powers(*names):
    return ", ".join(f"sum({a}), sum({a} * {a}), sum({a} * {a} * {a})" for a in names)
def crossed(a, b):
    return f"sum({a} * {b}), sum({a} * {a} * {b}), sum({a} * {b} * {b})"
sql = f'''
WITH people AS (
    SELECT arm, segment, coalesce(y, 0) AS y, coalesce(x, 0) AS x, coalesce(k, 0) AS k, coalesce(i, 0) AS i
    FROM '{folder}/customers.parquet'
    LEFT JOIN (
        SELECT customer_id, sum(amount) FILTER (day >= 60) AS y, sum(amount) FILTER (day < 60) AS x,
            sum(1e0) FILTER (day >= 60) AS k, sum(items) FILTER (day >= 60) AS i
        FROM '{folder}/orders.parquet' GROUP BY customer_id
    ) USING (customer_id)
),
caps AS (SELECT {", ".join(f"quantile_cont({a}, 0.999) FILTER ({a} <> 0) AS cap_{a}" for a in capped)} FROM people)
SELECT arm, segment, count(*), {", ".join(f"count_if({a} <> 0), max({a})" for a in capped)},
    {powers("y", "x", "k", "i")}, {crossed("y", "x")}, {crossed("y", "k")}, {powers(*(f"least({a}, cap_{a})" for a in capped))}
FROM people, caps GROUP BY ALL
'''
began = time.process_time()
rows = con.execute(sql).fetchall()
spent = time.process_time() - began
assert len(rows) == 18
ours = float(open(f"{folder}/ours").read())
total = sum(row[9] for row in rows)
assert abs(total / ours - 1) < 1e-9, (total, ours)
print(spent)
"""


def run(rows: int = ROWS) -> dict[str, Any]:
    """CPU seconds and peak memory of both, and the ratio of the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        measured(WRITE, folder, str(rows))
        ours = measured(OURS, folder)
        by_hand = measured(BY_HAND, folder)
    told = {
        name: {"cpu_seconds": found["own_cpu_seconds"], "peak_gb": found["peak_gb"]}
        for name, found in (("netlift", ours), ("by_hand", by_hand))
    }
    ratio = ours["own_cpu_seconds"] / by_hand["own_cpu_seconds"]
    return {"orders": rows, "customers": rows // 10, "cells": 90, **told, "cpu_to_by_hand": round(ratio, 2)}


if __name__ == "__main__":
    text = json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS), indent=1) + "\n"
    print(text, end="")
    (Path(__file__).parent / "results" / "moments.json").write_text(text, encoding="utf-8")
