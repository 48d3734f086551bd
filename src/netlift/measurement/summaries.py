"""What the estimators see: sums per customer, day or campaign; never single purchases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlift.measurement.past import ANY, Campaign, Past
from netlift.records import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Days:
    """The h customers with a campaign day of one scope: sales and days, on those days and on days without any campaign."""

    sales_in: Floats  # (h,) money
    days_in: Floats
    sales_out: Floats
    days_out: Floats


@dataclass(frozen=True, slots=True)
class Window:
    """One campaign: every customer's sales in its days and in the same number of days before. Arrays (n,)."""

    campaign: Campaign
    days_before: int  # fewer than `days` where the data begin too late
    days: int
    before: Floats  # money
    during: Floats
    treated: Flags  # addressed by this campaign
    busy_before: Flags  # had a campaign day in the days before
    busy: Flags  # had a campaign day before or during


@dataclass(frozen=True, slots=True)
class Arms:
    """Daily sales of a scope's customers: those addressed each time, and those held out each time.

    Treated and held out are the arms of all the scope's campaigns together; who is in one arm here and in the other there has
    `crossed`, and is in neither series.
    """

    treated: Floats  # (days,) money
    held: Floats  # (days,) money
    treated_customers: int
    held_customers: int
    crossed: int
    treated_before: tuple[float, float]  # Σx, Σx² over the arm's customers, x = sales before the scope's first campaign
    held_before: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """Customers x weeks, mean sales a day and share of days under each type, as moments about the week's means.

    Variable 0 is sales, variable 1 + j is type j. `cross[i]` = Σ_t of products of customer i's twice centred variables.
    """

    kinds: tuple[str, ...]
    cross: Floats  # (n, 1 + m, 1 + m)


@dataclass(frozen=True, slots=True)
class Summaries:
    """All sums of the past campaigns. n = all customers known from sales or the customer table."""

    past: Past
    days: Mapping[str, Days]  # by scope: any and each type
    windows: tuple[Window, ...]  # the campaigns with enough days before and an end within the data
    targeted: Flags  # (n,) on the list of any campaign
    window_sales: Mapping[str, float]  # by scope: money of the treated on the distinct days of the campaigns in `windows`
    company: Floats  # (days,) sales of all customers a day
    never: Floats  # (days,) sales a day of customers who are on no list
    arms: Mapping[str, Arms]  # by scope: any, each type and each campaign
    panel: Panel  # all customers
    panel_targeted: Panel  # those with a campaign day
    warnings: tuple[str, ...] = ()  # about the tables

    def windows_of(self, scope: str) -> tuple[Window, ...]:
        """The comparable campaigns of a scope."""
        return tuple(w for w in self.windows if scope == ANY or scope in (w.campaign.kind, w.campaign.campaign_id))

    def treated_sales(self, scope: str) -> float:
        """Money of the treated during the comparable campaigns of a scope, no customer's day counted twice."""
        one = sum(float(w.during[w.treated].sum()) for w in self.windows_of(scope))
        return self.window_sales.get(scope, one)

    def active(self, scope: str) -> Flags:
        """Days of the period on which a campaign of the scope ran, shape (days,)."""
        days = np.zeros(self.past.days, dtype=bool)
        for campaign in self.past.scope(scope):
            days[max(campaign.first, 0) : campaign.last + 1] = True
        return days

    def overlap(self, scope: str) -> float:
        """Share of a scope's campaign days on which a further campaign ran, of the scope or not; 0 without campaign days."""
        running = np.zeros(self.past.days)
        for campaign in self.past.scope(ANY):
            running[max(campaign.first, 0) : campaign.last + 1] += 1
        active = self.active(scope)
        return float((running[active] > 1).mean()) if active.any() else 0.0
