"""Naive, by calendar: the whole company's sales on days with an active campaign against the other days.

Customers cannot be clusters here, because all of them are on both sides; weeks are (ratio_of_rates over weeks). Season,
weekdays and holidays enter one for one. Source: ground-truth.md 4.5.
"""

from functools import partial

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.figure import Figure, money, ratio_of_rates
from netlift.measurement.past import ANY
from netlift.measurement.summaries import Summaries

WEEK = 7


def calendar(summaries: Summaries, scope: str) -> Figure:
    """Company sales a day with and without a campaign. Raises NotEnoughData where every day has one."""
    active = summaries.active(scope)
    of = "" if scope == ANY else f" of {scope}"
    if active.all():
        raise NotEnoughData(f"no day is without a campaign{of}")
    if not active.any():
        raise NotEnoughData(f"no day has a campaign{of}")
    week = np.arange(len(active)) // WEEK
    sales_in, days_in, sales_out, days_out = (
        np.bincount(week, weights=values).astype(np.float64)
        for values in (summaries.company * active, active, summaries.company * ~active, ~active)
    )
    lift, low, high = ratio_of_rates((sales_in, days_in), (sales_out, days_out))
    warning = f"Season and holidays are not removed; the interval is from {len(days_in)} weeks, not from customers."
    return Figure(lift, low, high, int(summaries.targeted.sum()), partial(money, float(sales_in.sum())), (warning,))
