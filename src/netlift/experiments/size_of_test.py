"""How large a recommended test must be and how long it takes, in words beside the recommendation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from netlift.experiments.power import sample_size
from netlift.records import Accounting, Choice, Ints, Recommendation

RISE = 0.25  # of the break-even rate: a smaller difference between offers hardly changes what is done


def sized(choice: Choice, segment: Ints, *, accounting: Accounting | None, campaign_days: Sequence[int]) -> Choice:
    """The recommendations of tests with arms, customers per arm, waves and weeks.

    Args:
        choice: whose recommendations are meant.
        segment: (n,) of the same customers.
        accounting: what makes the break-even of offers never tried; None = nothing was ever answered, so no size can be told.
        campaign_days: lengths of past campaigns, of which a wave takes the median.
    """
    if accounting is None:
        return choice
    free = np.array([reason is None for reason in choice.excluded_reason], dtype=bool)
    days = float(np.median(campaign_days)) if len(campaign_days) else None
    made = []
    for r in choice.recommendations:
        there = int((free & (segment == r.segment)).sum())
        base = accounting.break_even if r.break_even is None else r.break_even
        wanted = r.action in {"ab_test", "new_offer"} and there > 0 and 0 < base * (1 + RISE) < 1
        made.append(replace(r, why=f"{r.why} {_words(r, base, there=there, days=days)}") if wanted else r)
    return replace(choice, recommendations=tuple(made))


def _words(r: Recommendation, base: float, *, there: int, days: float | None) -> str:
    arms, each = max(2, len(r.offers)), sample_size(base, RISE * base)
    waves = math.ceil(arms * each / there)
    weeks = "" if days is None else f", about {math.ceil(waves * days / 7):,} weeks with campaigns of {days:.0f} days as in the past"
    of = "one wave is" if waves == 1 else f"{waves:,} waves are"
    return (
        f"Size: {arms} arms of {each:,} contacts show a difference of {100 * RISE * base:.1f} points from the break-even of "
        f"{100 * base:.1f} % with 80 % probability; {there:,} people can take part at a time, so {of} needed{weeks}."
    )
