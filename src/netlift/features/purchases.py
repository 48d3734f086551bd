"""Features of purchases: value, rhythm, basket, time. One fact = one basket."""

from __future__ import annotations

from netlift.features.catalogue import Entry, Subject
from netlift.records import Feature

NEVER = "0 for customers who have not bought"
TWO = "missing for customers with fewer than two purchases"

BASKETS = """
SELECT customer_id, bought_at, local_at, amount, lines, products, quantity, discount, coupon,
       seconds_between(lag(bought_at) OVER (PARTITION BY customer_id ORDER BY bought_at NULLS LAST, basket NULLS LAST), bought_at)
           / 86400e0 AS gap
FROM (SELECT customer_id, {basket} AS basket, min(timestamp) AS bought_at, min(local_timestamp) AS local_at, sum(amount) AS amount,
             count(*) AS lines, {products} AS products, {quantity} AS quantity, {discount} AS discount, {coupon} AS coupon
      FROM transactions WHERE local_timestamp < {as_of} GROUP BY customer_id, {basket}) AS b
"""


def _window(days: int) -> tuple[Entry, ...]:
    since = f"local_at >= {{as_of}} - INTERVAL {days} DAY"
    return (
        Entry(
            Feature(f"spend_{days}d", "{currency}", f"money spent in the last {days} days", "value", NEVER, "log"),
            f"coalesce(sum(amount) FILTER (WHERE {since}), 0e0)",
            absent="0e0",
        ),
        Entry(
            Feature(f"purchases_{days}d", "purchases", f"purchases in the last {days} days", "rhythm", NEVER, "log"),
            f"CAST(count(*) FILTER (WHERE {since}) AS DOUBLE)",
            absent="0e0",
        ),
    )


def _share(name: str, meaning: str, condition: str) -> Entry:
    feature = Feature(name, "share", meaning, "time", "missing for customers who have not bought", "logit")
    return Entry(feature, f"avg(CASE WHEN {condition} THEN 1e0 ELSE 0e0 END)")


ENTRIES = (
    Entry(
        Feature(
            "recency",
            "days",
            "days since the last purchase",
            "rhythm",
            "for customers who have not bought: days since the first sale",
            "log",
        ),
        "seconds_between(max(bought_at), {as_of_utc}) / 86400e0",
        absent="seconds_between({first}, {as_of_utc}) / 86400e0",
    ),
    Entry(Feature("frequency", "purchases", "number of purchases", "rhythm", NEVER, "log"), "CAST(count(*) AS DOUBLE)", absent="0e0"),
    Entry(Feature("monetary", "{currency}", "money spent", "value", NEVER, "log"), "sum(amount)", absent="0e0"),
    Entry(
        Feature("tenure", "days", "days since the first purchase", "rhythm", NEVER, "log"),
        "seconds_between(min(bought_at), {as_of_utc}) / 86400e0",
        absent="0e0",
    ),
    Entry(Feature("gap_mean", "days", "mean time between purchases", "rhythm", TWO, "log"), "avg(gap)"),
    Entry(
        Feature(
            "gap_sd",
            "days",
            "spread (standard deviation) of the time between purchases",
            "rhythm",
            "missing for customers with fewer than three purchases",
            "log",
        ),
        "stddev_samp(gap)",
    ),
    Entry(
        Feature("basket_value", "{currency}", "money per purchase", "basket", "missing for customers who have not bought", "log"),
        "avg(amount)",
    ),
    Entry(
        Feature("basket_lines", "lines", "different lines per purchase", "basket", "missing for customers who have not bought", "log"),
        "avg(CAST(lines AS DOUBLE))",
        ("product_id",),
    ),
    Entry(
        Feature(
            "basket_variety", "products", "different products per purchase", "basket", "missing for customers who have not bought", "log"
        ),
        "avg(CAST(products AS DOUBLE))",
        ("product_id",),
    ),
    Entry(
        Feature("basket_pieces", "pieces", "pieces per purchase", "basket", "missing for customers who have not bought", "log"),
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
        ),
        "sum(discount) / nullif(sum(amount) + sum(discount), 0e0)",
        ("discount",),
    ),
    Entry(
        Feature(
            "coupon_share",
            "share",
            "share of purchases with a coupon",
            "campaign",
            "missing for customers who have not bought",
            "logit",
            uses_response=True,
        ),
        "avg(CASE WHEN coupon > 0 THEN 1e0 ELSE 0e0 END)",
        ("coupon",),
    ),
    _share("weekend_share", "share of purchases on Saturday or Sunday", "iso_weekday(local_at) >= 6"),
    _share("morning_share", "share of purchases before noon", "hour_of(local_at) < 12"),
    _share("evening_share", "share of purchases from 18:00 on", "hour_of(local_at) >= 18"),
    *_window(30),
    *_window(90),
    *_window(365),
)


def subject(columns: frozenset[str]) -> Subject:
    """The subject for a transactions table with these columns."""
    relation = BASKETS
    parts = {
        # without a transaction id, a customer's lines of one moment are one basket
        "basket": "transaction_id" if "transaction_id" in columns else "timestamp",
        "products": "count(DISTINCT product_id)" if "product_id" in columns else "CAST(NULL AS BIGINT)",
        "quantity": "sum(quantity)" if "quantity" in columns else "CAST(NULL AS DOUBLE)",
        "discount": "sum(discount)" if "discount" in columns else "CAST(NULL AS DOUBLE)",
        "coupon": "count(coupon)" if "coupon" in columns else "CAST(NULL AS BIGINT)",
    }
    for name, sql in parts.items():
        relation = relation.replace("{" + name + "}", sql)
    return Subject("purchases", {"transactions": ("customer_id", "timestamp", "amount")}, "transactions", relation, ENTRIES)
