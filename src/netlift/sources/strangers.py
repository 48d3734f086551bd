"""Customers and campaigns of one table that another does not know: often ids are written differently in two files."""

from __future__ import annotations

from collections.abc import Sequence

from netlift.engine import Engine
from netlift.records import TableInput
from netlift.sources.canonical import CANONICAL
from netlift.sources.parts import BUCKETS
from netlift.sources.vital_signs import looked_at

MUCH = 0.05  # share of a table's customers worth a remark
NAMED = 3  # unknown campaigns that a remark names


def strangers(engine: Engine, inputs: Sequence[TableInput], *, base: str) -> dict[str, str]:
    """Per table, a remark where many of its customers are not in `base`, the table of all customers."""
    found = {}
    kept_in_parts = any(i.table == base and i.parts for i in inputs)
    for read in inputs:
        if read.table == base or "customer_id" not in CANONICAL[read.table].columns:
            continue
        buckets = looked_at(read)
        only = f" WHERE bucket < {buckets}" if buckets else ""
        ids = f"SELECT DISTINCT customer_id FROM {read.table}{only}"
        known = f"SELECT DISTINCT customer_id FROM {base}{only if kept_in_parts else ''}"
        count, unknown = engine.rows(f"SELECT count(*), count_if(customer_id NOT IN ({known})) FROM ({ids})")[0]
        if unknown > MUCH * count:
            scale, about = (BUCKETS / buckets, "about ") if buckets else (1, "")
            share = f"{about}{unknown * scale:,.0f} of {count * scale:,.0f} customers ({100 * unknown / count:.0f} %)"
            found[read.table] = f"{read.table}: {share} are not in {base}; are ids written alike in both?"
    return found


def unknown_campaigns(engine: Engine, inputs: Sequence[TableInput]) -> dict[str, str]:
    """Per table of contacts and responses, a remark on its campaigns that the table of campaigns does not have."""
    tables = {i.table for i in inputs}
    found = {}
    for name in ("contacted", "responses"):
        if not {"campaigns", name} <= tables:
            continue
        unknown = engine.rows(
            f"SELECT campaign_id, count(*) FROM {name} WHERE campaign_id NOT IN (SELECT campaign_id FROM campaigns)"
            " GROUP BY campaign_id ORDER BY campaign_id"
        )
        if unknown:
            named = ", ".join(f"'{campaign}'" for campaign, _ in unknown[:NAMED]) + (", …" if len(unknown) > NAMED else "")
            rows = sum(count for _, count in unknown)
            found[name] = f"{name}: {rows:,} rows are of {len(unknown):,} campaigns that are not in campaigns ({named}) and count nowhere."
    return found
