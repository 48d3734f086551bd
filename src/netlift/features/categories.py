"""Features of what is bought: the share of money in each of the largest product categories.

A customer's share is drawn to that of all by the number of his lines: how customers differ in lines says how far.
"""

from __future__ import annotations

import re

from netlift.engine import Session
from netlift.features.catalogue import Entry, Kind, Subject
from netlift.features.rollups import MONEY
from netlift.features.sensitivity import sensitivity
from netlift.records import Feature

LARGEST = 8  # the shares of smaller categories are mostly zeros: noise for any clusterer

RELATION = """
SELECT t.customer_id AS customer_id, p.category AS category, t.amount AS amount, 1 AS lines
FROM transactions AS t JOIN products AS p ON t.product_id = p.product_id
WHERE t.local_timestamp < {as_of} AND p.category IS NOT NULL
"""
ROLLED = f"SELECT customer_id, category, amount, lines FROM {MONEY}"


def subject(engine: Session, as_of: str, *, rolled: bool) -> Subject:
    """The subject for the categories that took most money before `as_of` (a SQL literal)."""
    relation = f"SELECT category, amount FROM {MONEY}" if rolled else RELATION.replace("{as_of}", as_of)
    rows = engine.rows(
        # rounded: engines add up in different orders, and the last digits must not decide between equal sums
        f"SELECT category FROM (SELECT category, round(sum(amount), 6) AS money FROM ({relation}) AS lines GROUP BY category) AS c"
        f" WHERE money > 0e0 ORDER BY money DESC NULLS LAST, category NULLS LAST LIMIT {LARGEST}"
    )
    entries, taken = [], set()
    for (category,) in rows:
        slug = re.sub(r"[^a-z0-9]+", "_", category.lower()).strip("_") or "category"
        name = f"share_{slug}"
        while name in taken:
            name += "_"
        taken.add(name)
        entries.append(_share(name, category))
    needs = {"transactions": ("customer_id", "product_id", "amount"), "products": ("product_id", "category")}
    return Subject("categories", needs, "products", ROLLED if rolled else RELATION, tuple(entries))


def _share(name: str, category: str) -> Entry:
    literal = "'" + category.replace("'", "''") + "'"
    feature = Feature(
        name,
        "share",
        f"money spent on {category}",
        "category",
        "missing for customers who bought in no category",
        "logit",
        sensitivity=sensitivity(category),
        words=(f"little {category}", f"much {category}"),
    )
    here = f"FILTER (WHERE category = {literal})"
    kind = Kind("sum(lines)", f"sum(lines) {here}", "categories")
    return Entry(feature, f"coalesce(round(sum(amount) {here}, 6), 0e0) / nullif(round(sum(amount), 6), 0e0)", kind=kind)
