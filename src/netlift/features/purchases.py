"""Features of purchases: value, rhythm, basket, time. A fact is a customer's totals, and for what is recent a basket."""

from __future__ import annotations

from netlift.features import totals
from netlift.features.catalogue import Entry, Kind, Subject
from netlift.features.rollups import BASKETS
from netlift.records import Feature

NEVER = "0 for customers who have not bought"
OF_ALL = "nullif(sum(purchases), 0e0)"
# rounded, as of the same purchases come the same numbers in whatever order, and from whichever sums of an earlier run, they are added up
SPENT, SAVED = "round(sum(amount), 6)", "round(sum(discount), 6)"
TWO = "missing for customers with fewer than two purchases"


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
            f"coalesce(round(sum(amount) FILTER (WHERE {since}), 6), 0e0)",
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


def _share(name: str, meaning: str, column: str, *, words: tuple[str, str]) -> Entry:
    feature = Feature(name, "share", meaning, "time", "missing for customers who have not bought", "logit", words=words)
    return Entry(feature, f"sum({column}) / {OF_ALL}", kind=Kind("sum(purchases)", f"sum({column})", name))


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
        "seconds_between(max(last_at), {as_of_utc}) / 86400e0",
        absent="seconds_between({first}, {as_of_utc}) / 86400e0",
    ),
    Entry(
        Feature("frequency", "purchases", "number of purchases", "rhythm", NEVER, "log", words=("rare buyers", "frequent buyers")),
        "sum(purchases)",
        absent="0e0",
    ),
    Entry(
        Feature("monetary", "{currency}", "money spent", "value", NEVER, "log", words=("low spend", "high spend")),
        SPENT,
        absent="0e0",
    ),
    Entry(
        Feature("tenure", "days", "time since the first purchase", "rhythm", NEVER, "log", words=("new customers", "customers for long")),
        "seconds_between(min(first_at), {as_of_utc}) / 86400e0",
        absent="0e0",
    ),
    Entry(
        Feature(
            "gap_mean", "days", "mean time between purchases", "rhythm", TWO, "log", words=("short gaps", "long gaps between purchases")
        ),
        "seconds_between(min(first_at), max(last_at)) / 86400e0 / nullif(sum(purchases) - 1e0, 0e0)",
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
        "round(max(gap_sd), 9)",
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
        f"{SPENT} / {OF_ALL}",
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
        f"sum(lines) / {OF_ALL}",
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
        f"sum(products) / {OF_ALL}",
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
        "round(sum(quantity), 6) / nullif(sum(with_quantity), 0e0)",
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
        f"{SAVED} / nullif({SPENT} + {SAVED}, 0e0)",
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
        f"sum(with_coupon) / {OF_ALL}",
        ("coupon",),
        kind=Kind("sum(purchases)", "sum(with_coupon)", "coupon_share"),
    ),
    _share("weekend_share", "purchases on Saturday or Sunday", "weekend", words=("weekday buyers", "weekend buyers")),
    _share("morning_share", "purchases before noon", "morning", words=("rarely before noon", "often before noon")),
    _share("evening_share", "purchases from 18:00 on", "evening", words=("rarely in the evening", "often in the evening")),
)
RECENT = tuple(entry for days in (30, 90, 365) for entry in _window(days))


_NEEDS = {"transactions": ("customer_id", "timestamp", "amount")}
EVER = Subject("purchases", _NEEDS, "transactions", f"SELECT customer_id, {', '.join(totals.OF_BASKETS)} FROM {totals.NOW}", ENTRIES)
LATELY = Subject(
    "lately",
    _NEEDS,
    "transactions",
    f"SELECT customer_id, local_at, amount FROM {BASKETS} WHERE local_at >= {{as_of}} - INTERVAL 365 DAY",
    RECENT,
)
