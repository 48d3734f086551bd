"""From sales a day to the series that a regression may use: logarithms, days the shop was open, other campaigns set apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.past import ANY
from netlift.measurement.placebo import Effect
from netlift.measurement.shopping_days import SEASON_FROM, WEEK
from netlift.measurement.summaries import Flags, Summaries
from netlift.records import Floats

CLOSED = 0.1  # share of its weeks with sales below which a weekday counts as closed
WITHOUT_SALES = 0.05  # share of the open days that may be without sales, holidays for example


@dataclass(frozen=True, slots=True)
class Days:
    """Which of the period's days are used, on which of those a campaign of the scope ran, and on which only another one. Arrays."""

    used: Flags  # (days,)
    active: Flags  # (days used,)
    others: Floats  # (days used, 0 or 1): a column of other campaigns' days, where there are any that can be told apart


def days_of(summaries: Summaries, scope: str, *sales: Floats) -> Days:
    """The days on which all of the sales (days,) are above 0.

    Raises:
        NotEnoughData: every day or no day has a campaign, or too many days are without sales.
    """
    active = summaries.active(scope)
    of = "" if scope == ANY else f" of {scope}"
    if active.all():
        raise NotEnoughData(f"no day is without a campaign{of}")
    if not active.any():
        raise NotEnoughData(f"no day has a campaign{of}")
    used = np.all([series > 0 for series in sales], axis=0)
    if not used.any():
        raise NotEnoughData("there are no sales on one side of the comparison")
    weekday = np.arange(len(used)) % WEEK
    closed = np.isin(weekday, [j for j in range(min(WEEK, len(used))) if used[weekday == j].mean() < CLOSED])
    empty = int((~used & ~closed).sum())
    if empty > WITHOUT_SALES * (~closed).sum():
        raise NotEnoughData(
            f"{empty} of {int((~closed).sum())} days are without sales, and a daily comparison needs sales nearly every day"
        )
    if active[used].all() or not active[used].any():
        raise NotEnoughData("sales are known only of days with, or only of days without, a campaign")
    others = (summaries.active(ANY) & ~active)[used]
    column = others.astype(np.float64)[:, None]
    return Days(used, active[used], column if 0 < others.sum() < (~active[used]).sum() else column[:, :0])


def judged_by(found: Effect) -> str:
    """What the interval rests on, in words."""
    rank = "" if found.p is None else f" {found.as_large} of them show as large an effect."
    return f"The interval is judged by {found.windows} windows without a campaign.{rank}"


def history(summaries: Summaries) -> tuple[str, ...]:
    """What the length of the data leaves open, in words."""
    days = summaries.past.days
    if days < SEASON_FROM:
        return (f"The data hold {days} days, and a season needs {SEASON_FROM}: what the season does on campaign days is in the figure.",)
    if days < 2 * SEASON_FROM:
        return ("The data hold each season once, so it cannot be told from what happened only that year.",)
    return ()
