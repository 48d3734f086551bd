"""Naive, within customers: each customer's own campaign days against the own free days.

R = mean over customers of (own sales a campaign day) / mean over customers of (own sales a free day), over customers with
sales on free days. Takes differences between customers away, but not season, nor that campaigns are timed. Source:
ground-truth.md 4.4.
"""

from functools import partial

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.figure import ALL_ALIKE, NO_SPREAD, Figure, money, ratio_of_rates
from netlift.measurement.summaries import Days, Summaries
from netlift.records import Floats

MIDDLE = 1.96  # standard errors to each side


def naive_within(summaries: Summaries, scope: str) -> Figure:
    """Every customer counts once. Raises NotEnoughData where no customer has sales on free days."""
    inside, outside = _own_rates(summaries.days[scope])
    one = np.ones(len(inside))
    lift, low, high = ratio_of_rates((inside, one), (outside, one))
    return Figure(lift, low, high, len(inside), partial(money, float(summaries.days[scope].sales_in.sum())))


def naive_median(summaries: Summaries, scope: str) -> Figure:
    """The middle customer's own ratio; the interval lies between two order statistics.

    The ranks n/2 ± 1.96·√n/2 hold the median with 95 % probability whatever the distribution (Conover, Practical
    Nonparametric Statistics, section 3.2). Raises NotEnoughData
    below six customers, where no such ranks exist, and where all ratios are equal.
    """
    inside, outside = _own_rates(summaries.days[scope])
    n = len(inside)
    if n < 6:
        raise NotEnoughData(f"{n} customers have sales on free days and six are needed")
    ratios = np.sort(inside / outside) - 1
    below = max(int(np.floor(n / 2 - MIDDLE * np.sqrt(n) / 2)) - 1, 0)
    low, high = float(ratios[below]), float(ratios[n - 1 - below])
    if high - low < NO_SPREAD:
        raise NotEnoughData(ALL_ALIKE)
    return Figure(float(np.median(ratios)), low, high, n)


def _own_rates(days: Days) -> tuple[Floats, Floats]:
    """Own sales a campaign day and a free day of customers with sales on free days."""
    of = (days.days_out > 0) & (days.sales_out > 0)
    return days.sales_in[of] / days.days_in[of], days.sales_out[of] / days.days_out[of]
