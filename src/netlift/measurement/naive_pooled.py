"""Naive: sales a day on campaign days against days without a campaign, all customers' days in two heaps.

R = (Σ sales on campaign days / Σ campaign days) / (Σ sales on free days / Σ free days), over customers with a campaign day.
Assumes that who is addressed, and when, has nothing to do with how much is bought: hardly ever true, because customers
with many campaign days weigh more in the first heap, and they are the heavy buyers. Source: ground-truth.md 4.3.
"""

from functools import partial

from netlift.measurement.figure import Figure, money, ratio_of_rates
from netlift.measurement.summaries import Summaries


def naive_pooled(summaries: Summaries, scope: str) -> Figure:
    """The KPI as it is usually computed. Raises NotEnoughData where there is nothing to compare."""
    days = summaries.days[scope]
    lift, low, high = ratio_of_rates((days.sales_in, days.days_in), (days.sales_out, days.days_out))
    return Figure(lift, low, high, len(days.days_in), partial(money, float(days.sales_in.sum())))
