"""Features of browsing: visits, views, carts, interest in categories. One fact = one visit (session)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netlift.catalogue import sensitivity
from netlift.engine import Session
from netlift.features.catalogue import Entry, Kind, Subject
from netlift.records import Feature, Tables
from netlift.settings import EventNames, event_key

LARGEST = 8  # categories; interest in smaller ones is mostly zero
WINDOW = 30  # days
NEVER = "0 for customers who were not seen browsing"
UNSEEN = "missing for customers who were not seen browsing"

EVENTS = """
SELECT e.customer_id AS customer_id, {session} AS session_id, e.event AS event, e.timestamp AS happened_at, e.local_timestamp AS local_at,
       {category} AS category, CASE WHEN {view} THEN 1 ELSE 0 END AS viewed, CASE WHEN {cart} THEN 1 ELSE 0 END AS carted,
       CASE WHEN {purchase} THEN 1 ELSE 0 END AS bought
FROM events AS e{products} WHERE e.local_timestamp < {as_of}{part}
"""
KINDS = "features_event_kinds"  # what events there are, by word and category
KINDS_OF = """
SELECT event, category, CAST(count(*) AS DOUBLE) AS events, min(happened_at) AS first FROM ({events}) AS e GROUP BY event, category
"""
VISITS = """
SELECT customer_id, session_id, min(local_at) AS started_at, max(happened_at) AS ended_at, CAST(count(*) AS DOUBLE) AS events,
       seconds_between(min(happened_at), max(happened_at)) / 60e0 AS minutes, CAST(sum(viewed) AS DOUBLE) AS views,
       max(carted) AS carted, max(bought) AS bought{interest}
FROM ({events}) AS e GROUP BY customer_id, session_id
"""
SINCE = f"started_at >= {{as_of}} - INTERVAL {WINDOW} DAY"
ABANDONED = "carted = 1 AND bought = 0"


def _visits(name: str, meaning: str, condition: str, *, words: tuple[str, str]) -> Entry:
    feature = Feature(name, "visits", meaning, "browsing", NEVER, "log", words=words)
    return Entry(feature, f"CAST(count(*) FILTER (WHERE {condition}) AS DOUBLE)", absent="0e0")


def _share(name: str, meaning: str, condition: str, *, words: tuple[str, str]) -> Entry:
    feature = Feature(name, "share", meaning, "browsing", UNSEEN, "logit", words=words)
    kind = Kind("count(*)", f"count(*) FILTER (WHERE {condition})", name)
    return Entry(feature, f"avg(CASE WHEN {condition} THEN 1e0 ELSE 0e0 END)", kind=kind)


def _mean(name: str, unit: str, meaning: str, *, column: str, words: tuple[str, str]) -> Entry:
    return Entry(Feature(name, unit, meaning, "browsing", UNSEEN, "log", words=words), f"avg({column})")


ALWAYS = (
    _visits("visits", "visits to the shop's pages", "1 = 1", words=("rare visitors", "frequent visitors")),
    _visits(f"visits_{WINDOW}d", f"visits in the last {WINDOW} days", SINCE, words=("few recent visits", "many recent visits")),
    _mean("visit_events", "events", "events per visit", column="events", words=("short visits", "long visits")),
    _mean(
        "visit_minutes", "minutes", "time from first to last event of a visit", column="minutes", words=("brief visits", "lasting visits")
    ),
)
VIEWS = (
    Entry(
        Feature("views", "views", "product views", "browsing", NEVER, "log", words=("few product views", "many product views")),
        "sum(views)",
        absent="0e0",
    ),
    Entry(
        Feature(
            f"views_{WINDOW}d",
            "views",
            f"product views in the last {WINDOW} days",
            "browsing",
            NEVER,
            "log",
            words=("few recent views", "many recent views"),
        ),
        f"coalesce(sum(views) FILTER (WHERE {SINCE}), 0e0)",
        absent="0e0",
    ),
)
CARTS = (
    _visits("cart_visits", "visits with something in the cart", "carted = 1", words=("rarely use the cart", "often use the cart")),
    _visits(
        f"cart_visits_{WINDOW}d",
        f"visits with something in the cart, last {WINDOW} days",
        f"carted = 1 AND {SINCE}",
        words=("no recent cart", "recent carts"),
    ),
    _share("cart_share", "visits with something in the cart", "carted = 1", words=("browse without a cart", "fill carts")),
)
# "abandoned" looks at the visit alone: who comes back another day and buys has left one cart and bought in another visit
ABANDONS = (
    _visits(
        "abandoned_carts", "visits with a cart and no purchase in the same visit", ABANDONED, words=("few carts left", "many carts left")
    ),
    _visits(
        f"abandoned_carts_{WINDOW}d",
        f"visits with a cart and no purchase in the same visit, last {WINDOW} days",
        f"{ABANDONED} AND {SINCE}",
        words=("no cart left lately", "carts left lately"),
    ),
)
BUYS = (_share("buying_visit_share", "visits that end in a purchase", "bought = 1", words=("just looking", "visit to buy")),)


def subject(engine: Session, tables: Tables, *, names: EventNames, as_of: str) -> Subject:
    """The subject for the table events; `as_of` is a SQL literal. What no event speaks of makes no feature."""
    engine.keep(KINDS, KINDS_OF.replace("{events}", _filled(tables, {})).replace("{as_of}", as_of).replace("{part}", ""))
    first = engine.rows(f"SELECT min(first) FROM {KINDS}")[0][0]
    if first is None:
        return Subject("browsing", {}, "events", VISITS, ())
    words = _words(engine, names)
    events = _filled(tables, words)
    interests = _interests(engine, words["view"])
    interest = "".join(
        f", CAST(sum(CASE WHEN category = {_text(c)} THEN viewed ELSE 0 END) AS DOUBLE) AS interest_{i}" for i, c in enumerate(interests)
    )
    if interests:
        interest += ", CAST(sum(CASE WHEN category IS NULL THEN 0 ELSE viewed END) AS DOUBLE) AS interest_all"
    entries = (
        _recency(f"TIMESTAMP '{first:%Y-%m-%d %H:%M:%S.%f}'"),
        *ALWAYS,
        *(VIEWS if words["view"] else ()),
        *(CARTS if words["cart"] else ()),
        *(ABANDONS if words["cart"] and words["purchase"] else ()),
        *(BUYS if words["purchase"] else ()),
        *_interest_entries(interests),
    )
    needs = {"events": ("customer_id", "timestamp", "event", "session_id")}
    events = events.replace("{part}", " AND {bucket}" if tables.parts("events") else "")
    return Subject(
        "browsing", needs, "events", VISITS.replace("{interest}", interest).replace("{events}", events), entries, _notes(entries)
    )


def _notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Which kinds of event were not found, with what to do."""
    made = {e.feature.name for e in entries}
    lacking = [kind for kind, name in (("view", "views"), ("cart", "cart_visits"), ("purchase", "buying_visit_share")) if name not in made]
    return tuple(f"no event is known as a {kind}; write the shop's own word under features.events.{kind}" for kind in lacking)


def _recency(first: str) -> Entry:
    """`first` is the first event there is, as a SQL literal (UTC)."""
    feature = Feature(
        "browsing_recency",
        "days",
        "time since the last visit to the shop's pages",
        "browsing",
        "for customers who were not seen browsing: days since the first event there is",
        "log",
        words=("recent visitors", "long not seen"),
    )
    absent = f"seconds_between({first}, {{as_of_utc}}) / 86400e0"
    return Entry(feature, "seconds_between(max(ended_at), {as_of_utc}) / 86400e0", absent=absent)


def _words(engine: Session, names: EventNames) -> dict[str, list[str]]:
    """How the events of each kind are written: a shop has few words, and comparing them whole costs little a row."""
    key = "lower(replace(replace(trim(event), ' ', '_'), '-', '_'))"
    kinds = {event_key(word): kind for kind in ("view", "cart", "purchase") for word in getattr(names, kind)}
    written = f"SELECT event, {key} AS k FROM (SELECT DISTINCT event FROM {KINDS}) AS e"
    asked = ", ".join(map(_text, kinds)) or "NULL"
    found = engine.rows(f"SELECT event, k FROM ({written}) AS w WHERE k IN ({asked}) ORDER BY event NULLS LAST")
    return {kind: [event for event, k in found if kinds[k] == kind] for kind in ("view", "cart", "purchase")}


def _filled(tables: Tables, words: Mapping[str, Sequence[str]]) -> str:
    """The events with their meaning, of these words, and the category looked at where it is known."""
    by_product = tables.has("events", "product_id") and tables.has("products", "category")
    category = "CAST(NULL AS STRING)"
    if tables.has("events", "category"):
        category = "coalesce(e.category, p.category)" if by_product else "e.category"
    elif by_product:
        category = "p.category"
    parts = {
        "session": "e.session_id",
        "category": category,
        "products": " LEFT JOIN products AS p ON e.product_id = p.product_id" if by_product else "",
    }
    for kind in ("view", "cart", "purchase"):
        parts[kind] = f"e.event IN ({', '.join(map(_text, words[kind]))})" if words.get(kind) else "1 = 0"
    text = EVENTS
    for name, sql in parts.items():
        text = text.replace("{" + name + "}", sql)
    return text


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _interests(engine: Session, views: Sequence[str]) -> list[str]:
    """The categories that are looked at most; `views` are the words for a view."""
    if not views:
        return []
    rows = engine.rows(
        f"SELECT category FROM {KINDS} WHERE category IS NOT NULL AND event IN ({', '.join(map(_text, views))}) GROUP BY category"
        f" ORDER BY sum(events) DESC NULLS LAST, category NULLS LAST LIMIT {LARGEST}"
    )
    return [row[0] for row in rows]


def _interest_entries(interests: Sequence[str]) -> list[Entry]:
    entries: list[Entry] = []
    for i, category in enumerate(interests):
        slug = re.sub(r"[^a-z0-9]+", "_", category.lower()).strip("_") or "category"
        name = f"interest_{slug}"
        while any(e.feature.name == name for e in entries):
            name += "_"
        feature = Feature(
            name,
            "share",
            f"product views that are of {category}",
            "browsing",
            "missing for customers who looked at no product of a known category",
            "logit",
            sensitivity=sensitivity(category),
            words=(f"little interest in {category}", f"much interest in {category}"),
        )
        kind = Kind("sum(interest_all)", f"sum(interest_{i})", "interests")
        entries.append(Entry(feature, f"sum(interest_{i}) / nullif(sum(interest_all), 0e0)", kind=kind))
    return entries
