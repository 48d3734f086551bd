"""How long the verdict on a million people takes when a campaign is prepared: python benchmarks/rules.py [PEOPLE]."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from netlift.engine import Engine
from netlift.records import TableInput, Tables
from netlift.settings import parse
from netlift.store import open_store

RESULTS = Path(__file__).parent / "results" / "rules.json"
CONTACTS = """
    SELECT 'c' || i AS customer_id, CASE i % 4 WHEN 0 THEN 'US' WHEN 1 THEN 'DE' WHEN 2 THEN 'FR' END AS country,
           CASE WHEN i % 8 = 0 THEN 'FL' END AS region, NULL::VARCHAR AS time_zone,
           '+1' || (201 + i % 700) || '555' || lpad(CAST(i % 10000 AS VARCHAR), 4, '0') AS phone FROM range({n}) AS r(i)"""
CONSENTS = """
    SELECT 'c' || i AS customer_id, channel, CASE i % 10 WHEN 0 THEN 'withdrawn' WHEN 1 THEN 'soft_opt_in' ELSE 'given' END AS status,
           TIMESTAMP '2024-06-01' + INTERVAL (i % 700) DAY AS given_at, 'form' AS source, 'v1' AS wording,
           'signed seller not_condition' AS facts, TIMESTAMP '2024-06-01' + INTERVAL (i % 700) DAY AS confirmed_at, 'x' AS confirmed_from
    FROM range({n}) AS r(i), (VALUES ('email'), ('sms')) AS c(channel)"""


def main(people: int) -> None:
    """Make people, judge them on e-mail and texts, write the seconds."""
    from netlift.workflow.standing import standing  # noqa: PLC0415 - needs Django

    channel = {"sender": "Shop <news@shop.example>", "tls": False}
    project = {"name": "Shop", "currency": "USD", "country": "US"}
    tables = {"customers": {"path": "c.csv"}}
    settings = parse({"project": project, "tables": tables, "channels": {"email": channel, "sms": channel}}, folder=Path(), sha256="0")
    with TemporaryDirectory() as folder, Engine() as engine:
        open_store(Path(folder))
        inputs = []
        for name, sql in (("contacts", CONTACTS), ("consents", CONSENTS)):
            engine.keep(name, sql.format(n=people))
            names = [row[0] for row in engine.rows(f"DESCRIBE {name}")]
            rows = int(engine.rows(f"SELECT count(*) FROM {name}")[0][0])
            inputs.append(TableInput(name, name, rows, rows, 0, 0, "", dict.fromkeys(names, "text")))
        ids = np.array([f"c{i}" for i in range(people)], dtype=object)
        began = time.perf_counter()
        found = standing(settings, engine, Tables(tuple(inputs)), ids, now=datetime(2026, 12, 8, 11, tzinfo=UTC))
        seconds = time.perf_counter() - began
    left_out = {name: int(sum(one is not None for one in reasons)) for name, reasons in found.barred.items()}
    told = {"people": people, "channels": 2, "seconds": round(seconds, 1), "left_out": left_out}
    print(json.dumps(told))
    if people == 1_000_000:
        RESULTS.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
