"""Features of purchases: value, rhythm, basket, time. One fact = one basket."""

from __future__ import annotations

from netlift.features.catalogue import Entry, Kind, Subject
from netlift.features.rollups import BASKETS, LINES, basket_columns
from netlift.records import Feature

NEVER = "0 for customers who have not bought"
TWO = "missing for customers with fewer than two purchases"

# purchases of one moment may come in any order: the gaps of a customer are the same numbers, and only their mean and spread are used
FACTS = """
SELECT customer_id, bought_at, local_at, amount, lines, products, quantity, discount, coupon,
       seconds_between(lag(bought_at) OVER (PARTITION BY customer_id ORDER BY bought_at NULLS LAST), bought_at) / 86400e0 AS gap
FROM ({baskets}) AS b
"""


def _window(days: int) -> tuple[Entry, ...]:
    since = f"local_at >= {{as_of}} - INTERVAL {days} DAY"
    return (
        Entry(
            Feature(
                f"spend_{days}d",
                "{currency}",
                f"money spent in the last {days} days",
                "value",
                NEVER,
                "log",
                words=(f"low spend in {days} days", f"high spend in {days} days"),
            ),
            f"coalesce(sum(amount) FILTER (WHERE {since}), 0e0)",
            absent="0e0",
        ),
        Entry(
            Feature(
                f"purchases_{days}d",
                "purchases",
                f"purchases in the last {days} days",
                "rhythm",
                NEVER,
                "log",
                words=(f"few purchases in {days} days", f"many purchases in {days} days"),
            ),
            f"CAST(count(*) FILTER (WHERE {since}) AS DOUBLE)",
            absent="0e0",
        ),
    )


def _share(name: str, meaning: str, condition: str, *, words: tuple[str, str]) -> Entry:
    feature = Feature(name, "share", meaning, "time", "missing for customers who have not bought", "logit", words=words)
    kind = Kind("count(*)", f"count(*) FILTER (WHERE {condition})", name)
    return Entry(feature, f"avg(CASE WHEN {condition} THEN 1e0 ELSE 0e0 END)", kind=kind)


ENTRIES = (
    Entry(
        Feature(
            "recency",
            "days",
            "time since the last purchase",
            "rhythm",
            "for customers who have not bought: days since the first sale",
            "log",
            words=("recent buyers", "long absent"),
        ),
        "seconds_between(max(bought_at), {as_of_utc}) / 86400e0",
        absent="seconds_between({first}, {as_of_utc}) / 86400e0",
    ),
    Entry(
        Feature("frequency", "purchases", "number of purchases", "rhythm", NEVER, "log", words=("rare buyers", "frequent buyers")),
        "CAST(count(*) AS DOUBLE)",
        absent="0e0",
    ),
    Entry(
        Feature("monetary", "{currency}", "money spent", "value", NEVER, "log", words=("low spend", "high spend")),
        "sum(amount)",
        absent="0e0",
    ),
    Entry(
        Feature("tenure", "days", "time since the first purchase", "rhythm", NEVER, "log", words=("new customers", "customers for long")),
        "seconds_between(min(bought_at), {as_of_utc}) / 86400e0",
        absent="0e0",
    ),
    Entry(
        Feature(
            "gap_mean", "days", "mean time between purchases", "rhythm", TWO, "log", words=("short gaps", "long gaps between purchases")
        ),
        "avg(gap)",
    ),
    Entry(
        Feature(
            "gap_sd",
            "days",
            "spread (standard deviation) of the time between purchases",
            "rhythm",
            "missing for customers with fewer than three purchases",
            "log",
            words=("regular buyers", "irregular buyers"),
        ),
        "stddev_samp(gap)",
    ),
    Entry(
        Feature(
            "basket_value",
            "{currency}",
            "money per purchase",
            "basket",
            "missing for customers who have not bought",
            "log",
            words=("small baskets", "large baskets"),
        ),
        "avg(amount)",
    ),
    Entry(
        Feature(
            "basket_lines",
            "lines",
            "lines per purchase",
            "basket",
            "missing for customers who have not bought",
            "log",
            words=("few things a basket", "many things a basket"),
        ),
        "avg(CAST(lines AS DOUBLE))",
        ("product_id",),
    ),
    Entry(
        Feature(
            "basket_variety",
            "products",
            "different products per purchase",
            "basket",
            "missing for customers who have not bought",
            "log",
            words=("little variety", "much variety"),
        ),
        "avg(CAST(products AS DOUBLE))",
        ("product_id",),
    ),
    Entry(
        Feature(
            "basket_pieces",
            "pieces",
            "pieces per purchase",
            "basket",
            "missing for customers who have not bought",
            "log",
            words=("few pieces a basket", "many pieces a basket"),
        ),
        "avg(quantity)",
        ("quantity",),
    ),
    Entry(
        Feature(
            "discount_share",
            "share",
            "discount as a share of the undiscounted price",
            "basket",
            "missing for customers who have not bought",
            "logit",
            words=("few discounts", "many discounts"),
        ),
        "sum(discount) / nullif(sum(amount) + sum(discount), 0e0)",
        ("discount",),
    ),
    Entry(
        Feature(
            "coupon_share",
            "share",
            "purchases with a coupon",
            "campaign",
            "missing for customers who have not bought",
            "logit",
            uses_response=True,
            words=("few coupons", "many coupons"),
        ),
        "avg(CASE WHEN coupon > 0 THEN 1e0 ELSE 0e0 END)",
        ("coupon",),
        kind=Kind("count(*)", "count(*) FILTER (WHERE coupon > 0)", "coupon_share"),
    ),
    _share("weekend_share", "purchases on Saturday or Sunday", "iso_weekday(local_at) >= 6", words=("weekday buyers", "weekend buyers")),
    _share("morning_share", "purchases before noon", "hour_of(local_at) < 12", words=("rarely before noon", "often before noon")),
    _share("evening_share", "purchases from 18:00 on", "hour_of(local_at) >= 18", words=("rarely in the evening", "often in the evening")),
    *_window(30),
    *_window(90),
    *_window(365),
)


def baskets(columns: frozenset[str], *, rolled: bool) -> str:
    """SQL for the baskets before `{as_of}`, from lines with these columns; `rolled` says that they were rolled up beforehand."""
    if rolled:
        return f"SELECT * FROM {BASKETS} WHERE {{bucket}}"
    return LINES.format(**basket_columns(columns), lines="transactions", condition="local_timestamp < {as_of}", bucket="")


def subject(columns: frozenset[str], *, rolled: bool) -> Subject:
    """The subject for a transactions table with these columns; `rolled` says that baskets were rolled up beforehand."""
    relation = FACTS.replace("{baskets}", baskets(columns, rolled=rolled))
    return Subject("purchases", {"transactions": ("customer_id", "timestamp", "amount")}, "transactions", relation, ENTRIES)
