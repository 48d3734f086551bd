"""What each customer's purchases before a moment add up to, one row each, from which features and forecasts are made.

Totals go on where those of an earlier run ended: where baskets are rolled up by part, totals are kept in a file, and only baskets that
are later, or in new parts, are added. Anew, from all their baskets, are computed those to whom something came that does not add up: to
a basket in more than one part, or a basket that is not later than, or of a day of, what was added up before.
"""

from __future__ import annotations

from datetime import datetime

from netlift.engine import Session
from netlift.features.rollups import BASKETS, Remembered, RolledUp, keep_by_range, literal

NOW, THEN = "features_totals", "features_totals_then"  # at the features' date, and where the days begin that check the forecast
_ADDED = "features_totals_added"  # totals of what came since the kept ones
_ANEW, _THEIRS = "features_totals_anew", "features_totals_theirs"  # customers who are computed anew, and their baskets

_SUMS = {
    "purchases": "CAST(count(*) AS DOUBLE)",
    "amount": "sum(amount)",
    "lines": "CAST(sum(lines) AS DOUBLE)",
    "products": "CAST(sum(products) AS DOUBLE)",
    "quantity": "sum(quantity)",
    "with_quantity": "CAST(count(quantity) AS DOUBLE)",
    "discount": "sum(discount)",
    "with_coupon": "CAST(count(*) FILTER (WHERE coupon > 0) AS DOUBLE)",
    "weekend": "CAST(count(*) FILTER (WHERE iso_weekday(local_at) >= 6) AS DOUBLE)",
    "morning": "CAST(count(*) FILTER (WHERE hour_of(local_at) < 12) AS DOUBLE)",
    "evening": "CAST(count(*) FILTER (WHERE hour_of(local_at) >= 18) AS DOUBLE)",
}
_DAYS = {"days": "CAST(count(*) AS DOUBLE)", "days_amount": "sum(amount)"}  # of days whose net amount is above zero
_FIRST = {"first_at": "min(bought_at)", "first_local": "min(local_at)"}
_LAST = {"last_at": "max(bought_at)", "last_local": "max(local_at)"}
OF_BASKETS = {**_SUMS, **_FIRST, **_LAST, "gap_sd": "stddev_samp(gap)"}
_OF_DAYS = {**_DAYS, "first_day": "min(day)", "last_day": "max(day)", "first_amount": "min_by(amount, day)"}

# purchases of one moment may come in any order: the gaps of a customer are the same numbers, and only their spread is used
TOTALS = f"""
SELECT b.customer_id AS customer_id, {{buckets}}{", ".join(f"b.{c} AS {c}" for c in OF_BASKETS)},
       {", ".join(f"d.{c} AS {c}" for c in _OF_DAYS)}
FROM (SELECT customer_id, {{least}}{", ".join(f"{sql} AS {c}" for c, sql in OF_BASKETS.items())}
      FROM (SELECT customer_id, {{bucket_of}}bought_at, local_at, amount, lines, products, quantity, discount, coupon,
                   seconds_between(lag(bought_at) OVER (PARTITION BY customer_id ORDER BY bought_at NULLS LAST), bought_at)
                       / 86400e0 AS gap
            FROM {{baskets}} WHERE {{condition}}) AS g
      GROUP BY customer_id) AS b
LEFT JOIN (SELECT customer_id, {", ".join(f"{sql} AS {c}" for c, sql in _OF_DAYS.items())}
           FROM (SELECT customer_id, CAST(local_at AS DATE) AS day, sum(amount) AS amount FROM {{baskets}} WHERE {{condition}}
                 GROUP BY customer_id, CAST(local_at AS DATE)) AS by_day
           WHERE amount > 0e0 GROUP BY customer_id) AS d
ON b.customer_id = d.customer_id
"""

# The spread of all gaps: those within either piece, about their own mean, and each piece's mean and the gap between about the mean of
# all (Chan, Golub and LeVeque 1979, equation 2.1). Of o before n; the mean of a piece's gaps is its span by their number.
_SPREAD = """
CASE WHEN o.customer_id IS NULL THEN n.gap_sd WHEN n.customer_id IS NULL THEN o.gap_sd ELSE sqrt((
    coalesce(o.gap_sd ^ 2 * (o.purchases - 2), 0) + coalesce((o.purchases - 1) * ({o} - {mean}) ^ 2, 0)
  + coalesce(n.gap_sd ^ 2 * (n.purchases - 2), 0) + coalesce((n.purchases - 1) * ({n} - {mean}) ^ 2, 0)
  + (seconds_between(o.last_at, n.first_at) / 86400 - {mean}) ^ 2) / nullif(o.purchases + n.purchases - 2, 0)) END
""".format(
    o="seconds_between(o.first_at, o.last_at) / 86400 / nullif(o.purchases - 1, 0)",
    n="seconds_between(n.first_at, n.last_at) / 86400 / nullif(n.purchases - 1, 0)",
    mean="seconds_between(o.first_at, n.last_at) / 86400 / (o.purchases + n.purchases - 1)",
)
_GONE_ON = {
    "customer_id": "coalesce(o.customer_id, n.customer_id)",
    "bucket": "coalesce(o.bucket, n.bucket)",
    **{c: f"coalesce(o.{c} + n.{c}, o.{c}, n.{c})" for c in (*_SUMS, *_DAYS)},
    **{c: f"coalesce(o.{c}, n.{c})" for c in (*_FIRST, "first_day", "first_amount")},
    **{c: f"coalesce(n.{c}, o.{c})" for c in (*_LAST, "last_day")},
    "gap_sd": _SPREAD,
}


def keep(session: Session, name: str, *, until: datetime, rolled: RolledUp | None) -> None:
    """Keep as `name`, NOW or THEN, the totals of the baskets that are in BASKETS and began before `until` (local time)."""
    before = f"local_at < {literal(until)}"
    if rolled is None:
        session.keep(name, _totals(BASKETS, before))
        return
    known = rolled.remembered(name, until) or (rolled.remembered(THEN, until) if name == NOW else None)
    if known is None:
        keep_by_range(rolled.engine, name, _totals(BASKETS, before, buckets=True), rolled.ranges)
    else:
        _go_on(rolled, name, known, before=before)
    rolled.remember(name, until, f"SELECT * FROM {name}")


def _totals(baskets: str, condition: str, *, buckets: bool = False) -> str:
    """SQL for the totals of baskets; with `buckets`, of DuckDB's roll-ups, of the range `{bucket}` and with the customers' bucket."""
    names = {"buckets": "b.bucket AS bucket, ", "least": "min(bucket) AS bucket, ", "bucket_of": "bucket, "}
    shown = names if buckets else dict.fromkeys(names, "")
    return TOTALS.format(baskets=baskets, condition=f"{condition} AND {{bucket}}" if buckets else condition, **shown)


def _go_on(rolled: RolledUp, name: str, known: Remembered, *, before: str) -> None:
    engine, added = rolled.engine, rolled.added(known, before)
    keep_by_range(engine, _ADDED, _totals(f"({added})", before, buckets=True), rolled.ranges)
    engine.keep(
        _ANEW,
        f"SELECT o.customer_id FROM {known.file} AS o JOIN {_ADDED} AS n ON o.customer_id = n.customer_id"
        " WHERE n.first_at < o.last_at OR CAST(n.first_local AS DATE) <= CAST(o.last_local AS DATE)"
        f" UNION {rolled.in_several_parts(added)}",
    )
    columns = ", ".join(f"{sql} AS {c}" for c, sql in _GONE_ON.items())
    others = f"ANTI JOIN {_ANEW} AS a ON t.customer_id = a.customer_id WHERE {{bucket}}"
    o, n = (f"(SELECT t.* FROM {of} AS t {others})" for of in (known.file, _ADDED))
    gone_on = f"SELECT {columns} FROM {o} AS o FULL JOIN {n} AS n ON o.customer_id = n.customer_id"
    engine.keep(_THEIRS, f"SELECT b.* EXCLUDE (basket) FROM {BASKETS} AS b SEMI JOIN {_ANEW} AS a ON b.customer_id = a.customer_id")
    keep_by_range(engine, name, f"{gone_on} UNION ALL BY NAME {_totals(_THEIRS, before, buckets=True)}", rolled.ranges)
