"""check: read every source and tell its health; writes nothing."""

from __future__ import annotations

from typing import Any

from netlift import sources
from netlift.engine import Engine
from netlift.settings import Settings
from netlift.workflow import outputs
from netlift.workflow.stages import Display, Quiet, Stopwatch


def check(settings: Settings, *, display: Display | None = None) -> dict[str, Any]:
    """Rows per table that add up, findings in words, and quarantine reasons with their first line."""
    watch = Stopwatch(display or Quiet())
    with Engine(settings.engine) as engine:
        tables = watch.run("sources", lambda p: sources.load(settings, engine, p))
        rows = engine.rows(
            "SELECT table_name, reason, count(*), min(line) FROM quarantine GROUP BY table_name, reason"
            " ORDER BY table_name, count(*) DESC, reason"
        )
    names = ("table", "reason", "rows", "first_line")
    return {"inputs": outputs.inputs(tables), "quarantine": [dict(zip(names, row, strict=True)) for row in rows]}
