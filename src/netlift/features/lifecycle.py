"""Stages of a customer's life with the business: a rule over his last purchase, whose limits are the business's own gaps between purchases.

Days with purchases count, those alone whose net amount is above zero. A gap is the time between two such days of a customer, within two
years; the limits are the 80 % and 95 % quantiles of gaps, every customer weighing the same, as else the few who buy daily would set them
for all (Ehrenberg, "Repeat-Buying", 1988, chapter 2, on how unevenly purchases are spread over customers). Gaps that are not over yet
are not counted, so that the limits are early rather than late.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.features import totals
from netlift.features.clock import Clock
from netlift.features.rollups import BASKETS, literal
from netlift.records import STAGES_OF_LIFE, Feature

QUANTILES = (0.80, 0.95)  # of gaps: up to the first a customer is active, up to the second lapsing
DAYS = 730  # before the features' date, in which gaps are looked at
FEWEST = 100  # customers with a gap, below which the quantiles would be chance
TABLE = "features_lifecycle"

_DAYS = f"""
SELECT customer_id, CAST(local_at AS DATE) AS day FROM {BASKETS}
WHERE local_at < {{as_of}} AND local_at >= {{since}} GROUP BY customer_id, CAST(local_at AS DATE) HAVING sum(amount) > 0e0
"""
GAPS = f"""
SELECT gap, sum(1e0 / n) AS weight
FROM (SELECT customer_id, gap, count(*) OVER (PARTITION BY customer_id) AS n
      FROM (SELECT customer_id, days_between(lag(day) OVER (PARTITION BY customer_id ORDER BY day NULLS LAST), day) AS gap
            FROM ({_DAYS}) AS d) AS g
      WHERE gap IS NOT NULL) AS w
GROUP BY gap ORDER BY gap NULLS LAST
"""
_STAGE = f"""
SELECT p.customer_id AS customer_id,
       CASE WHEN n.days IS NULL OR n.days <= 0e0 THEN 0
            WHEN days_between(n.last_day, {{as_of}}) <= {{active}} THEN CASE WHEN n.days <= 1e0 THEN 1 ELSE 2 END
            WHEN days_between(n.last_day, {{as_of}}) <= {{lapsing}} THEN 3 ELSE 4 END AS lifecycle
FROM features_population AS p LEFT JOIN {totals.NOW} AS n ON p.customer_id = n.customer_id
"""
FEATURE = Feature(
    "lifecycle",
    "stage",
    f"stage of life: {', '.join(f'{code} = {name}' for code, name in enumerate(STAGES_OF_LIFE))}",
    "rhythm",
    "0 for customers who have not bought",
    "standard",
    words=("active customers", "lost customers"),
    clustered=False,
)


def limits(session: Session, moment: Clock) -> tuple[float, float]:
    """Days since the last purchase up to which a customer is active, and lapsing.

    Raises:
        NotEnoughData: too few customers have bought on two days.
    """
    since = moment.local - timedelta(days=DAYS)
    rows = session.rows(GAPS.format(as_of=literal(moment.local), since=literal(since)))
    gaps, weights = (np.array([row[i] for row in rows], dtype=np.float64) for i in (0, 1))
    buyers = round(weights.sum())  # each weighs one
    if buyers < FEWEST:
        raise NotEnoughData(
            f"Stages of life need {FEWEST} customers who bought on two days or more, and {buyers} did in the last {DAYS} days; "
            "add older transactions, or take lifecycle out of segments."
        )
    reached = np.round(np.cumsum(weights) / weights.sum(), 9)  # engines add up in different orders
    active, lapsing = (float(gaps[np.searchsorted(reached, q)]) for q in QUANTILES)
    return active, lapsing


def keep(session: Session, moment: Clock, known: tuple[float, float]) -> None:
    """Keep every customer's stage as a table of the session; `known` are the limits, days."""
    session.keep(TABLE, _STAGE.format(as_of=moment.literals()["{as_of}"], active=repr(known[0]), lapsing=repr(known[1])))
