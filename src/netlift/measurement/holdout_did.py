"""Daily sales per customer of those addressed against those held out at random: the design to prefer.

y_t = ln(mean sales of the treated) − ln(mean sales of the held out) = constant + other campaigns' days + β·campaign day + e_t,
e_t = ρ·e_{t−1} + u_t; lift = exp(β) − 1. Season, holidays and whatever else meets both arms cancel. Source: Angrist, Pischke,
Mostly Harmless Econometrics, section 5.2, on logarithms; errors as in ar1_gls.py, judged by placebo windows (placebo.py).

Held out are the customers whose `arm` in the table contacted is holdout or control. Over several campaigns those count who are in
the same arm in all of them.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import stdtr

from netlift.errors import NotEnoughData
from netlift.measurement.daily import days_of, judged_by
from netlift.measurement.figure import FEW, Figure, money
from netlift.measurement.placebo import judged
from netlift.measurement.regression import ar1
from netlift.measurement.summaries import Arms, Summaries
from netlift.measurement.words import overlapping, percent

UNLIKELY = 0.001  # p of the arms' difference before the first campaign below which no lot drew them
CROSSED = 0.01  # share of a campaign's customers in both of its arms beyond which the arms mean nothing


def holdout_did(summaries: Summaries, scope: str) -> Figure:
    """The arms' change on campaign days; evidence is `adjusted` where the arms cannot have been drawn by lot.

    Raises:
        NotEnoughData: nobody or too few were held out, customers are in both arms of a campaign, or days are too few.
    """
    arms = summaries.arms[scope]
    _usable(arms, scope, one=scope in {c.campaign_id for c in summaries.past.campaigns})
    days = days_of(summaries, scope, arms.treated, arms.held)
    treated, held = arms.treated[days.used], arms.held[days.used]
    y = np.log(treated / arms.treated_customers) - np.log(held / arms.held_customers)
    x = np.column_stack([np.ones(len(y)), days.others])
    found = judged(y, x, days.active, ar1)
    lift, low, high = (float(np.expm1(value)) for value in (found.effect, found.low, found.high))
    doubts = _doubts(arms)
    sold = float(treated[days.active].sum())
    warnings = (f"{arms.held_customers:,} customers were held out.", judged_by(found), *doubts, *overlapping(summaries.overlap(scope)))
    return Figure(lift, low, high, arms.treated_customers, partial(money, sold), warnings, evidence="adjusted" if doubts else "randomised")


def _usable(arms: Arms, scope: str, *, one: bool) -> None:
    """Raises NotEnoughData where the arms cannot be compared."""
    if not arms.held_customers + arms.crossed:
        raise NotEnoughData("nobody was held out: no customer has the arm holdout or control in the table contacted")
    everybody = arms.treated_customers + arms.held_customers + arms.crossed
    if one and arms.crossed > CROSSED * everybody:
        raise NotEnoughData(f"{arms.crossed:,} of {everybody:,} customers are in both arms of campaign {scope}; each belongs in one")
    for name, n in (("held out", arms.held_customers), ("addressed", arms.treated_customers)):
        if n < FEW:
            raise NotEnoughData(f"{n} customers were {name}, and in the same arm each time, and {FEW} are needed")


def _doubts(arms: Arms) -> tuple[str, ...]:
    """Why the arms may not have been drawn by lot, or are no longer what was drawn; empty where nothing speaks against it."""
    doubts = []
    p = balance(arms)
    if p < UNLIKELY:
        ratio = arms.treated_before[0] / arms.treated_customers / (arms.held_before[0] / arms.held_customers)
        doubts.append(
            f"Before the first campaign the addressed bought {ratio:.2f} times as much as the held out (p = {p:.1g}): no lot drew them."
        )
    if arms.crossed:
        share = arms.crossed / (arms.treated_customers + arms.held_customers + arms.crossed)
        doubts.append(f"{arms.crossed:,} customers ({percent(share)}) were held out once and addressed another time, and are left out.")
    return tuple(doubts)


def balance(arms: Arms) -> float:
    """Welch's two-sided p for a customer's mean sales before the first campaign, treated against held out; 1 without such sales."""
    means, errors = [], []
    for n, (x, xx) in ((arms.treated_customers, arms.treated_before), (arms.held_customers, arms.held_before)):
        means.append(x / n)
        errors.append(max(xx - x * x / n, 0.0) / (n - 1) / n)
    if min(errors) <= 0 or min(means) <= 0:
        return 1.0
    freedom = sum(errors) ** 2 / (errors[0] ** 2 / (arms.treated_customers - 1) + errors[1] ** 2 / (arms.held_customers - 1))
    return float(2 * stdtr(freedom, -abs(means[0] - means[1]) / np.sqrt(sum(errors))))
