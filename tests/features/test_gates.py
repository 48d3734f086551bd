"""How much data is missing is said with its number."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from netlift.engine import Engine
from netlift.features.clock import Clock
from netlift.features.gates import gates
from netlift.records import Accounting, Outcome, TableInput, Tables

TRANSACTIONS = Tables((TableInput("transactions", "x", 1, 1, 0, 0, "", {}),))


def moment(days: int) -> Clock:
    at = datetime(2026, 7, 1)  # noqa: DTZ001 - local time
    return Clock(at, at, datetime.fromordinal(at.toordinal() - days))


def outcome(yes: int, no: int) -> Outcome:
    contacts = np.ones((yes + no, 1), dtype=np.int64)
    return Outcome(Accounting("a", 1, 2, "EUR"), ("a",), contacts, (np.arange(yes + no) < yes).astype(np.int64)[:, None])


def noted(buyers: int, days: int, judged: Outcome | None) -> tuple[str, ...]:
    with Engine() as engine:
        engine.keep("features_purchases", f"SELECT * FROM range({buyers})")
        return gates(engine, TRANSACTIONS, moment(days), judged)


def test_what_is_missing_is_counted() -> None:
    """312 of 500 customers, 95 of 180 days, 41 of 100 answers."""
    told = " | ".join(noted(312, 95, outcome(41, 100)))
    assert "312 customers have bought, and 500 are advised (188 more)" in told
    assert "purchases span 95 days, and 180 are advised (85 more)" in told
    assert "41 past contacts were answered, and 100 are advised (59 more)" in told
    assert told.count("|") == 2


def test_enough_is_no_remark() -> None:
    """At the measures themselves nothing is said, and without an outcome nothing of answers."""
    assert noted(500, 180, outcome(100, 100)) == noted(500, 180, None) == ()
    assert "99 past contacts were not answered" in noted(500, 180, outcome(100, 99))[0]
