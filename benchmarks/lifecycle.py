"""Do stages of life tell who comes back? CDNOW and Complete Journey: the stage at a day, and who bought in the 90 days after.

The limits are learnt from the days before alone. Beside them stand limits from gaps that weigh alike, whoever's they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from netlift import features, sources
from netlift.demo import data
from netlift.engine import Engine
from netlift.features import lifecycle
from netlift.records import STAGES_OF_LIFE
from netlift.settings import Settings, parse

AHEAD = 90  # days
CDNOW = Path(__file__).parents[2] / "shared" / "data" / "cdnow"
ALIKE = lifecycle.GAPS.replace("sum(1e0 / n)", "CAST(count(*) AS DOUBLE)")
PROJECT = {"currency": "USD", "time_zone": "America/New_York"}
PURCHASES = {
    "path": "cdnow_master.csv.gz",
    "format": {"kind": "csv", "date": "%Y%m%d", "time_zone": "America/New_York"},
    "columns": {"timestamp": "date", "amount": "dollar_value"},
}
SALES = {
    "path": "transactions.parquet",
    "format": {"time_zone": "UTC"},
    "columns": {"customer_id": "household_id", "timestamp": "transaction_timestamp", "amount": "sales_value"},
}


def run() -> dict[str, Any]:
    """By data set and rule: the limits in days, and for each stage its customers and the share of them who bought again."""
    with tempfile.TemporaryDirectory() as folder:
        data.write(Path(folder))
        return {
            "CDNOW": _both(CDNOW, PURCHASES, date(1997, 10, 1)),
            "Complete Journey": _both(Path(folder), SALES, date(2017, 10, 1)),
        }


def _both(folder: Path, table: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    given = {"project": {"name": "b", **PROJECT}, "tables": {"transactions": table}, "segments": {"lifecycle": True}}
    settings = parse({**given, "features": {"as_of": str(as_of)}}, folder=folder, sha256="")
    told = {"customers weigh alike": _told(settings, as_of)}
    with mock.patch.object(lifecycle, "GAPS", ALIKE), mock.patch.object(lifecycle, "FEWEST", 0):
        return told | {"gaps weigh alike": _told(settings, as_of)}


def _told(settings: Settings, as_of: date) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as landing, Engine() as engine:
        known = features.build(settings, engine, sources.load(settings, engine, landing=Path(landing)))
        later = f"local_timestamp >= TIMESTAMP '{as_of}' AND local_timestamp < TIMESTAMP '{as_of + timedelta(days=AHEAD)}' AND amount > 0"
        came = {row[0] for row in engine.rows(f"SELECT DISTINCT customer_id FROM transactions WHERE {later}")}
    again = np.array([customer in came for customer in known.customer_ids])
    stage, limits = known.column("lifecycle"), known.learnt.lifecycle
    stages = {
        name: {"customers": int(here.sum()), "bought_again": round(float(again[here].mean()), 3)}
        for code, name in enumerate(STAGES_OF_LIFE)
        if (here := stage == code).any()
    }
    return {"limits": limits, "stages": stages}
