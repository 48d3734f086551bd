"""By what a plan chooses its people: filters, rules of the segments reached, definitions, sources, purposes, explicit opt-ins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from netlift import expressions
from netlift.engine import Session
from netlift.records import ChosenBy, Feature, Insight, Tables, Texts
from netlift.settings import Settings

# The kind of data in each table, as the labelled campaigns name it.
KINDS = {"customers": "profile", "events": "browsing", "survey": "survey", "transactions": "transactions", "contacts": "profile"}
DEEDS = ("transactions", "events")  # tables of what people did
NUMBER = r"-?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?"


def known_by(
    settings: Settings, session: Session, tables: Tables, *, inputs: Sequence[Feature], told: Insight, contacted: Texts, reached: set[int]
) -> dict[str, Any]:
    """The fields of `Plan` that say by what people are chosen.

    Args:
        settings: tables with their filters and definitions, features of the user's own.
        session: where the rows of consents are.
        tables: what was loaded.
        inputs: what the segments were made of.
        told: the rules of the segments.
        contacted: customer ids of those who get a message, (n,).
        reached: their segments.
    """
    bought = settings.tables.get("enrichment")
    enriched = bought is not None and any(f.name.startswith("enriched_") for f in inputs)
    used = [i.table for i in tables.inputs if i.table in KINDS and (i.table != "contacts")]
    kind = "social media" if bought is not None and bought.social_media else "enrichment"
    return {
        "chosen_by": (*_filters(settings), *_rules(inputs, told, reached)),
        "definitions": _definitions(settings, inputs),
        "sources": (*used, *((kind,) if enriched else ())),
        "purposes": {kind: bought.purpose} if bought is not None and enriched and bought.purpose else {},
        "notice": not enriched or bool(bought is not None and bought.notice),
        "opt_ins": _opt_ins(session, tables, contacted),
    }


def _filters(settings: Settings) -> Iterator[ChosenBy]:
    """What `where` of the tables about people keeps; that of their purchases decides what counts, not who: see `_definitions`."""
    for name, table in settings.tables.items():
        kind = KINDS.get(name, "third_party" if name == "enrichment" else None) if name not in DEEDS else None
        for i, (column, op, value) in enumerate(expressions.comparisons(table.where) if table.where and kind else ()):
            yield ChosenBy(f"tables.{name}.where[{i}]", f"{kind}.{column}", "=" if op == "expression" else op, value, excluded=op == "!=")


def _rules(inputs: Sequence[Feature], told: Insight, reached: set[int]) -> Iterator[ChosenBy]:
    """The rules of the segments that get something, read back from their words."""
    for segment in told.segments:
        for i, rule in enumerate(segment.rules if segment.segment in reached else ()):
            for feature in inputs:
                found = re.search(rf"{re.escape(feature.meaning)}(?: above ({NUMBER}))?(?: and)?(?: at most ({NUMBER}))?", rule)
                if found and (found[1] or found[2]):
                    low, high = (float(n.replace(",", "")) if n else None for n in found.groups())
                    op = "between" if found[1] and found[2] else ">" if found[1] else "<="
                    value = (low, high) if low is not None and high is not None else low if low is not None else high
                    where, field = f"segments.{segment.segment}.rules[{i}]", f"segment.rules.{feature.name}"
                    yield ChosenBy(where, field, op, value if value is not None else 0.0, segment=segment.segment)


def _definitions(settings: Settings, inputs: Sequence[Feature]) -> dict[str, str]:
    """SQL of what the user computed himself and segments were made of, with what it was computed from."""
    wanted = {f.name for f in inputs}
    made = {f"features.own.{name}.sql": own.sql for name, own in settings.features.own.items() if name in wanted}
    derived = {(t, c): sql for t, table in settings.tables.items() for c, sql in table.derive.items()}
    made |= {f"tables.{t}.where": kept for t in DEEDS if (kept := _kept(settings, t))}
    words = set(re.findall(r"\w+", " ".join([*wanted, *made.values()])))
    return made | {f"tables.{table}.derive.{column}": sql for (table, column), sql in derived.items() if column in words}


def _kept(settings: Settings, name: str) -> str:
    """Which deeds `where` keeps; what it leaves out, such as purchases of medicine, tells nothing of anybody."""
    table = settings.tables.get(name)
    parts = expressions.comparisons(table.where) if table and table.where else ()
    kept = [(column, op, str(value)) for column, op, value in parts if op != "!=" and not str(value).startswith("NOT ")]
    return " AND ".join(value if op == "expression" else f"{column} {op} {value}" for column, op, value in kept)


def _opt_ins(session: Session, tables: Tables, contacted: Texts) -> tuple[str, ...]:
    """Purposes beside marketing to which everybody contacted agreed, and did not withdraw since."""
    if not tables.has("consents", "purpose") or not contacted.size:
        return ()
    at = "given_at" if tables.has("consents", "given_at") else "CAST(NULL AS TIMESTAMP)"
    rows = session.arrow(f"""
        SELECT purpose, customer_id FROM (
            SELECT lower(trim(purpose)) AS purpose, customer_id, lower(trim(status)) AS status, row_number() OVER (
                PARTITION BY lower(trim(purpose)), customer_id
                ORDER BY {at} DESC NULLS LAST, CASE WHEN lower(trim(status)) = 'given' THEN 1 ELSE 0 END) AS place_in_time
            FROM consents WHERE purpose IS NOT NULL AND lower(trim(purpose)) <> 'marketing') AS latest
        WHERE place_in_time = 1 AND status = 'given'""")
    purposes, people = rows["purpose"].to_numpy(), rows["customer_id"].to_numpy().astype(str)
    everybody = contacted.astype(str)
    return tuple(sorted(p for p in set(purposes.tolist()) if np.isin(everybody, people[purposes == p]).all()))
