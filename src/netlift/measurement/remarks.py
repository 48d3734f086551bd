"""What in the tables bears on every figure: refunds, and sales on campaign days that came before the contact."""

from __future__ import annotations

from netlift.engine import Session
from netlift.measurement import queries
from netlift.measurement.words import percent
from netlift.records import Tables

REFUNDS = """
SELECT count(*) FILTER (WHERE amount < 0), coalesce(-sum(amount) FILTER (WHERE amount < 0), 0e0), sum(amount) FILTER (WHERE amount > 0)
FROM transactions
"""


def remarks(engine: Session, tables: Tables, *, zone: str) -> tuple[str, ...]:
    """In words; days are local days in `zone`."""
    found = []
    lines, refunded, sold = engine.rows(REFUNDS)[0]
    if lines and sold:
        found.append(f"{lines:,} refunds ({percent(float(refunded) / float(sold))} of sales) are taken off on the day they were made.")
    if tables.has("contacted", "contacted_at"):
        dated, late, after = engine.rows(queries.late_contacts(tables), (zone, zone))[0]
        if late:
            found.append(
                f"{late:,} of {dated:,} contacts came after their campaign's first day, {after:,} of them after its last:"
                " sales before the contact count as the campaign's."
            )
    return tuple(found)
