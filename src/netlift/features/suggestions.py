"""Which table or column that is not given would make most features: read off what the catalogue's entries need."""

from __future__ import annotations

from netlift.features import browsing, campaigns, purchases
from netlift.features.spending import LARGEST
from netlift.records import Tables


def suggestions(tables: Tables) -> tuple[tuple[int, str], ...]:
    """Number of features and what to add for them in words, most features first."""
    found: list[tuple[int, str]] = []
    entries = (*purchases.ENTRIES, *purchases.RECENT)
    if not tables.has("transactions"):
        found.append((len(entries), "[tables.transactions] with customer_id, timestamp and amount"))
    else:
        lacking = {column for entry in entries for column in entry.needs if not tables.has("transactions", column)}
        for column in sorted(lacking):
            count = sum(1 for entry in entries if column in entry.needs)
            found.append((count, f"the column {column} in transactions"))
        if not tables.has("transactions", "channel"):
            found.append((LARGEST, "the column channel in transactions (at most so many)"))
        if not tables.has("products", "category"):
            also = "" if tables.has("transactions", "product_id") else ", and product_id in transactions"
            found.append((LARGEST, f"[tables.products] with product_id and category{also} (at most so many)"))
    if not tables.has("events"):
        events = (browsing.ALWAYS, browsing.VIEWS, browsing.CARTS, browsing.ABANDONS, browsing.BUYS)
        found.append((1 + sum(map(len, events)), "[tables.events] with customer_id, timestamp and event (browsing)"))
    absent = [table for table, columns in campaigns.SUBJECT.needs.items() if not tables.has(table, *columns)]
    if absent:
        names = " and ".join(f"[tables.{name}] with {', '.join(campaigns.SUBJECT.needs[name])}" for name in absent)
        found.append((len(campaigns.SUBJECT.entries), f"{names}, which also judge segments in money"))
    return tuple(sorted(found, key=lambda one: -one[0]))
