"""The whole `prepare` at 1,000,000 customers and 100,000,000 transactions, made here: seconds of each stage and peak memory.

python -m benchmarks million; MILLION_SCALE=0.05 makes a twentieth of it. It needs some 15 GB of disk in MILLION_FOLDER (default: a
temporary folder) and, at full size, an hour on two cores.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measured import measured

CUSTOMERS, TRANSACTIONS, FILES = 1_000_000, 100_000_000, 20

# Six kinds of customers buy more or less, dearer or cheaper, and answer more or less. All randomness is md5 or hash of row numbers.
KINDS = "CASE WHEN k < 30 THEN 0 WHEN k < 52 THEN 1 WHEN k < 70 THEN 2 WHEN k < 84 THEN 3 WHEN k < 94 THEN 4 ELSE 5 END"
SQL = {
    "customers": """
        SELECT 'c' || i AS customer_id, 18 + hash(i, 'age') % 70 AS age, 1 + hash(i, 'home') % 5 AS household
        FROM range({customers}) AS r(i)""",
    "products": """
        SELECT 'p' || i AS product_id, 'category ' || (i % 12) AS category, 'brand ' || (i % 90) AS brand
        FROM range(5000) AS r(i)""",
    "contacts": "SELECT 'c' || i AS customer_id, 'c' || i || '@example.com' AS email, 'US' AS country FROM range({customers}) AS r(i)",
    "consents": """
        SELECT 'c' || i AS customer_id, 'email' AS channel, CASE WHEN hash(i, 'no') % 10 = 0 THEN 'withdrawn' ELSE 'given' END AS status,
               CAST(current_date - 90 AS TIMESTAMP) AS given_at, 'sign-up form' AS source,
               CAST(current_date - 90 AS TIMESTAMP) AS confirmed_at, '203.0.113.7' AS confirmed_from
        FROM range({customers}) AS r(i)""",
    "campaigns": """
        SELECT 'k' || i AS campaign_id, DATE '2025-01-10' + INTERVAL (30 * i) DAY AS start_date,
               DATE '2025-01-24' + INTERVAL (30 * i) DAY AS end_date, CASE WHEN i % 2 = 0 THEN 'voucher' ELSE 'news' END AS type
        FROM range(10) AS r(i)""",
    "contacted": """
        SELECT 'k' || k.i AS campaign_id, 'c' || c.i AS customer_id
        FROM range(10) AS k(i), range({customers}) AS c(i) WHERE hash(k.i, c.i) % 5 = 0""",
    "responses": """
        SELECT campaign_id, customer_id, CAST(start_date AS TIMESTAMP) + INTERVAL 3 DAY AS responded_at
        FROM contacted JOIN campaigns USING (campaign_id) JOIN kinds USING (customer_id)
        WHERE hash(campaign_id, customer_id, 'answer') % 1000 < [10, 25, 40, 80, 150, 250][kind + 1]""",
    # basket b of three lines; kinds share the baskets by [1, 2, 3, 4, 6, 9]
    "transactions": """
        SELECT 'c' || c AS customer_id, 't' || b AS transaction_id,
               'p' || ((hash(line) % 420 + 420 * (hash(c) % 12)) % 5000) AS product_id,
               TIMESTAMP '2025-01-01' + INTERVAL 1 SECOND * CAST(31_536_000 * (b / {baskets}) AS BIGINT) AS timestamp,
               round(exp(1 + 0.25 * (hash(c, 'kind') % 6) + (hash(line, 'price') % 1000) / 500.0), 2) AS amount,
               1 + hash(line, 'pieces') % 3 AS quantity,
               CASE WHEN hash(line, 'off') % 5 = 0 THEN 0.5 ELSE 0.0 END AS discount
        FROM (SELECT line, line // 3 AS b,
                     CAST(floor({customers} * pow((hash(line // 3) % 1_000_003) / 1_000_003.0, 1.7)) AS BIGINT) AS c
              FROM range({first}, {last}) AS r(line))""",
}
TOML = """
[project]
name = "A million"
currency = "USD"
time_zone = "America/New_York"
country = "US"

[tables]
{tables}

[features]
as_of = "2025-10-01"

[response]
contact_cost = 0.3
revenue = 6.0

[channels.email]
kind = "smtp"
host = "127.0.0.1"
port = 2525
tls = false
sender = "A million <news@example.com>"
"""
PREPARE = """
import os, sys
from pathlib import Path
os.environ["NETLIFT_DATA_DIR"] = sys.argv[1] + "/data"
from netlift import prepare
prepare(Path(sys.argv[1]) / "netlift.toml", out=Path(sys.argv[1]) / "run")
"""


def make(folder: Path, scale: float) -> None:
    """Write the tables and netlift.toml into a folder."""
    customers, lines = int(CUSTOMERS * scale), int(TRANSACTIONS * scale)
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false; SET memory_limit = '3GB'")
        con.execute(f"SET temp_directory = '{folder}'")
        numbers = {"customers": customers, "baskets": f"{lines // 3}.0"}
        con.execute(
            f"CREATE TABLE kinds AS SELECT 'c' || i AS customer_id, {KINDS} AS kind FROM "
            f"(SELECT i, hash(i, 'kind') % 100 AS k FROM range({customers}) AS r(i))"
        )
        for name in ("customers", "products", "contacts", "consents", "campaigns", "contacted", "responses"):
            con.execute(f"CREATE OR REPLACE TABLE {name} AS {SQL[name].format(**numbers)}")
            con.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")
        (folder / "transactions").mkdir(exist_ok=True)
        for number in range(FILES):
            first, last = (lines * n // FILES for n in (number, number + 1))
            rows = SQL["transactions"].format(**numbers, first=first, last=last)
            con.execute(f"COPY ({rows}) TO '{folder / 'transactions' / f'{number:02d}.parquet'}' (FORMAT parquet)")
    paths = {name: "transactions" if name == "transactions" else f"{name}.parquet" for name in SQL}
    renamed = {"campaigns": 'columns = { start = "start_date", end = "end_date" }, '}
    tables = "\n".join(f'{name} = {{ {renamed.get(name, "")}path = "{path}" }}' for name, path in paths.items())
    (folder / "netlift.toml").write_text(TOML.format(tables=tables), encoding="utf-8")


def run() -> dict[str, Any]:
    """Rows, seconds of every stage of `prepare`, CPU seconds, peak memory in GB, verdict."""
    scale = float(os.environ.get("MILLION_SCALE", "1"))
    with ExitStack() as stack:
        given = os.environ.get("MILLION_FOLDER")
        folder = Path(given or stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "netlift.toml").exists():
            make(folder, scale)
        whole = measured(PREPARE, str(folder))
        facts = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))
    rows = {i["table"]: i["rows_ok"] for i in facts["inputs"]}
    return {
        "scale": scale,
        "rows": rows,
        "customers": facts["customers"],
        **whole,
        "seconds": {k: round(v, 1) for k, v in facts["seconds"].items()},
        "verdict": facts["verdict"],
        "audience": facts["audience"],
    }
