"""Regression of the company's daily sales on the calendar and the campaign days, with errors that hang together.

ln(sales) = constant + trend + weekdays + season + shopping peaks + other campaigns' days + β·campaign day + e,
e_t = ρ·e_{t−1} + u_t; lift = exp(β) − 1. Assumes that on campaign days nothing else differs that the calendar does not know.
Independent errors would make the interval half as wide as it should be. Source: Cochrane, Orcutt 1949; experiments.md section
10; errors judged by placebo windows (placebo.py).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from netlift.measurement.daily import days_of, history, judged_by
from netlift.measurement.figure import Figure, money
from netlift.measurement.placebo import judged
from netlift.measurement.regression import ar1
from netlift.measurement.shopping_days import calendar_regressors
from netlift.measurement.summaries import Summaries
from netlift.measurement.words import overlapping

PEAKS = "Shopping peaks of the calendar are removed; local holidays are not known."


def ar1_gls(summaries: Summaries, scope: str) -> Figure:
    """The company's sales on campaign days against what the calendar foretells.

    Raises:
        NotEnoughData: there are too few days with or without a campaign, or too many without sales.
    """
    days = days_of(summaries, scope, summaries.company)
    y = np.log(summaries.company[days.used])
    x = np.column_stack([calendar_regressors(summaries.past.start, summaries.past.days)[days.used], days.others])
    found = judged(y, x, days.active, ar1)
    sold = float(summaries.company[days.used][days.active].sum())
    lift, low, high = (float(np.expm1(value)) for value in (found.effect, found.low, found.high))
    warnings = (judged_by(found), PEAKS, *history(summaries), *overlapping(summaries.overlap(scope)))
    return Figure(lift, low, high, int(summaries.targeted.sum()), partial(money, sold), warnings)
