"""Daily sales of the addressed customers against the sales of customers who were never in a campaign, around a level that drifts.

ln(mean sales of the addressed) = level_t + b·ln(mean sales of the control) + weekdays + season + shopping peaks + other campaigns'
days + β·campaign day + ε_t, level_t = level_{t−1} + η_t. The calendar stands beside the control because a control that is itself
uncertain takes only part of a season away. Without a control such a model calls one in four nothings an effect, so it is not
offered. Assumes that the campaigns did not change the control's sales. Source: Brodersen, Gallusser, Koehler, Remy, Scott 2015,
with maximum likelihood in place of priors; errors judged by placebo windows (placebo.py).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.daily import days_of, history, judged_by
from netlift.measurement.figure import FEW, Figure, money
from netlift.measurement.placebo import judged
from netlift.measurement.regression import local_level
from netlift.measurement.shopping_days import calendar_regressors
from netlift.measurement.summaries import Summaries
from netlift.measurement.words import overlapping


def structural_time_series(summaries: Summaries, scope: str) -> Figure:
    """The addressed customers' sales on campaign days against what the control's foretell.

    Raises:
        NotEnoughData: there is no control series, or too few days with or without a campaign or with sales.
    """
    arms = summaries.arms[scope]
    control = int((~summaries.targeted).sum())
    if control < FEW:
        raise NotEnoughData(f"the data have no control series: {control} customers were never in a campaign and {FEW} are needed")
    if not arms.treated_customers:
        raise NotEnoughData("nobody was addressed who was not also held out")
    days = days_of(summaries, scope, arms.treated, summaries.never)
    y = np.log(arms.treated[days.used])
    calendar = calendar_regressors(summaries.past.start, summaries.past.days)[days.used][:, 1:]  # the level is the constant
    x = np.column_stack([np.log(summaries.never[days.used]), calendar, days.others])
    found = judged(y, x, days.active, local_level)
    sold = float(arms.treated[days.used][days.active].sum())
    lift, low, high = (float(np.expm1(value)) for value in (found.effect, found.low, found.high))
    warnings = (judged_by(found), *history(summaries), *overlapping(summaries.overlap(scope)))
    return Figure(lift, low, high, arms.treated_customers, partial(money, sold), warnings)
