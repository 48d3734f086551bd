"""check: read every source and tell its health; writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netlift import features, sources
from netlift.engine import Engine
from netlift.records import Features, Tables
from netlift.settings import Settings, given
from netlift.workflow import outputs
from netlift.workflow.stages import Display, Quiet, Stopwatch


def check(config: Settings | Path | str, *, display: Display | None = None) -> dict[str, Any]:
    """Rows per table that add up, findings in words, quarantine reasons, and what the tables allow to know of a customer.

    Raises:
        NetliftError: as `prepare` would before it segments: a table is refused, a feature or the outcome is unknown.
    """
    watch = Stopwatch(display or Quiet())
    settings = given(config)
    with Engine(settings.engine) as engine:
        tables = watch.run("sources", lambda p: sources.load(settings, engine, p))
        known = watch.run("features", lambda p: features.build(settings, engine, tables, p))
        rows = engine.rows(
            "SELECT table_name, column_name, reason, count(*), min(line) FROM quarantine GROUP BY table_name, column_name, reason"
            " ORDER BY table_name, count(*) DESC, reason"
        )
    names = ("table", "column", "reason", "rows", "first_line")
    return {
        "inputs": outputs.inputs(tables),
        "quarantine": [dict(zip(names, row, strict=True)) for row in rows],
        "customers": len(known.customer_ids),
        "features": [f.name for f in known.features],
        "catalogue": [
            {"name": f.name, "unit": f.unit, "meaning": f.meaning, "missing": f.missing, "sensitivity": f.sensitivity}
            for f in known.features
        ],
        "register": [outputs.plain(entry) for entry in sources.column_register(settings, tables)],
        "register_lines": _lines(settings, tables),
        "health": [outputs.plain(figure) for figure in tables.health],
        "suggestions": [{"features": count, "add": text} for count, text in features.suggestions(tables)],
        "notes": [*known.notes, *_sensitive(known)],
        "outcome": known.outcome.note
        if known.outcome
        else "none: add [response] and past contacts, so that segments can be judged in money",
    }


def _lines(settings: Settings, tables: Tables) -> str:
    """What to paste into netlift.toml so that every column is registered; "" where all are."""
    unknown: dict[str, list[str]] = {}
    for entry in sources.column_register(settings, tables):
        if entry.standing == "not registered":
            unknown.setdefault(entry.table, []).append(entry.column)
    return "\n\n".join(sources.lines(table, columns) for table, columns in unknown.items())


def _sensitive(known: Features) -> list[str]:
    """The features that speak of sensitive matters, by class of the review policy."""
    found: dict[str, list[str]] = {}
    for feature in known.features:
        if feature.sensitivity != "none":
            found.setdefault(feature.sensitivity, []).append(feature.name)
    return [
        f"sensitive facts of class {letter}, which review judges where they are inputs: {', '.join(found[letter])}"
        for letter in sorted(found)
    ]
