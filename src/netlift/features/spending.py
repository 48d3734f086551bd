"""Features of where the money goes: its share in each of the largest product categories, and by each channel it was spent through.

A customer's share is drawn to that of all by the number of his lines: how customers differ in lines says how far.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netlift.catalogue import sensitivity
from netlift.engine import Session
from netlift.features.catalogue import Entry, Kind, Subject
from netlift.features.rollups import SPENT, money
from netlift.records import Feature

LARGEST = 8  # the shares of smaller ones are mostly zeros: noise for any clusterer


def categories(engine: Session, as_of: str, *, rolled: bool) -> Subject:
    """The subject for the categories that took most money before `as_of` (a SQL literal)."""
    needs = {"transactions": ("customer_id", "product_id", "amount"), "products": ("product_id", "category")}

    def share(category: str, slug: str) -> Feature:
        return Feature(
            f"share_{slug}",
            "share",
            f"money spent on {category}",
            "category",
            "missing for customers who bought in no category",
            "logit",
            sensitivity=sensitivity(category),
            words=(f"little {category}", f"much {category}"),
        )

    relation = _relation("category", as_of, rolled=rolled)
    return Subject("categories", needs, "products", relation, _shares(engine, "category", relation, family="categories", feature=share))


def channels(engine: Session, as_of: str, *, rolled: bool) -> Subject:
    """The subject for the channels through which most money came before `as_of` (a SQL literal)."""
    needs = {"transactions": ("customer_id", "amount", "channel")}

    def share(channel: str, slug: str) -> Feature:
        return Feature(
            f"channel_share_{slug}",
            "share",
            f"money spent through {channel}",
            "channel",
            "missing for customers with no purchase whose channel is known",
            "logit",
            words=(f"rarely through {channel}", f"often through {channel}"),
        )

    relation = _relation("channel", as_of, rolled=rolled)
    return Subject("channels", needs, "transactions", relation, _shares(engine, "channel", relation, family="channels", feature=share))


def _relation(kind: str, as_of: str, *, rolled: bool) -> str:
    """SQL for lines, or what they add up to, by customer and kind."""
    if rolled:
        return f"SELECT customer_id, {kind}, amount, lines FROM {money(kind)}"
    return SPENT[kind].format(lines="transactions", condition=f"t.local_timestamp < {as_of}", bucket="")


def _shares(engine: Session, kind: str, relation: str, *, family: str, feature: Callable[[str, str], Feature]) -> tuple[Entry, ...]:
    rows = engine.rows(
        # rounded: engines add up in different orders, and the last digits must not decide between equal sums
        f"SELECT {kind} FROM (SELECT {kind}, round(sum(amount), 6) AS money FROM ({relation}) AS lines GROUP BY {kind}) AS c"
        f" WHERE money > 0e0 ORDER BY money DESC NULLS LAST, {kind} NULLS LAST LIMIT {LARGEST}"
    )
    entries: list[Entry] = []
    taken: set[str] = set()
    for (text,) in rows:
        slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or kind
        while slug in taken:
            slug += "_"
        taken.add(slug)
        literal = "'" + text.replace("'", "''") + "'"
        here = f"FILTER (WHERE {kind} = {literal})"
        net = "greatest(amount, 0e0)"  # a kind of which more was returned than bought has no share
        share = f"coalesce(round(sum({net}) {here}, 6), 0e0) / nullif(round(sum({net}), 6), 0e0)"
        entries.append(Entry(feature(text, slug), share, kind=Kind("sum(lines)", f"sum(lines) {here}", family)))
    return tuple(entries)
