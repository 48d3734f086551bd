"""Before and after each campaign, the addressed customers against controls of the same days.

For campaign c of L days, per customer: sales in the L days before and in the campaign. The four means (treated and controls,
before and during, money a customer-day) are averaged over campaigns with weights treated x L. Then
    relative difference in differences = (treated during / treated before) / (control during / control before) − 1.
Assumes that without the campaign the treated would have changed by the controls' percentage (parallel trends in logs); lists
were not drawn at random, so this cannot be proven. Source: Angrist, Pischke, Mostly Harmless Econometrics, section 5.2;
ground-truth.md 4.6.

Interval: delta method on the logarithm. Customer i's influence on one mean of campaign c is weight_c·(y_i − mean_c)/n_c; the
influences of all campaigns and of both roles are added per customer before they are squared, because the same customer comes
back in many campaigns. Lists and weights are taken as given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.figure import Figure, around_ratio, money
from netlift.measurement.past import ANY, NEEDED_BEFORE
from netlift.measurement.summaries import Flags, Summaries, Window
from netlift.measurement.words import natural, overlapping, percent, signed
from netlift.records import Floats

Control = Callable[[Window, Flags], Flags]  # a campaign and who was ever targeted -> who serves as control, (n,)


def not_in_campaign(window: Window, targeted: Flags) -> Flags:  # noqa: ARG001 - one signature for all controls
    """Everybody who is not on this campaign's list."""
    return ~window.treated


def no_campaign_before_or_after(window: Window, targeted: Flags) -> Flags:  # noqa: ARG001 - one signature for all controls
    """Who had no campaign day at all in the days before or in the campaign's days."""
    return ~window.busy


def never_targeted(window: Window, targeted: Flags) -> Flags:  # noqa: ARG001 - one signature for all controls
    """Who is on no list of any campaign."""
    return ~targeted


@dataclass(frozen=True, slots=True)
class Means:
    """Money a customer-day before and during the campaigns, and each customer's influence (n,) on the two means."""

    before: float
    during: float
    before_influence: Floats
    during_influence: Floats

    @property
    def change(self) -> float:
        """Relative change, 0.05 = 5 % more."""
        return self.during / self.before - 1

    def log_influence(self) -> Floats:
        """Each customer's influence on ln(during / before), shape (n,)."""
        return self.during_influence / self.during - self.before_influence / self.before


def means(windows: Sequence[Window], members: Sequence[Flags]) -> Means:
    """The two means of a group, averaged over campaigns with weights treated x L.

    Raises:
        NotEnoughData: the group bought nothing before or during the campaigns.
    """
    weights = np.array([w.treated.sum() * w.days for w in windows], dtype=np.float64)
    sums = [0.0, 0.0]
    influence = [np.zeros(len(windows[0].treated)), np.zeros(len(windows[0].treated))]
    for weight, window, group in zip(weights / weights.sum(), windows, members, strict=True):
        n = int(group.sum())
        for j, (sales, days) in enumerate(((window.before, window.days_before), (window.during, window.days))):
            rate = sales[group] / days
            sums[j] += weight * rate.mean()
            influence[j][group] += weight * (rate - rate.mean()) / np.sqrt(n * (n - 1))  # n − 1: the mean is fitted
    if min(sums) <= 0:
        raise NotEnoughData("one of the groups bought nothing before or during the campaigns")
    return Means(sums[0], sums[1], influence[0], influence[1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treated against controls over the campaigns of one scope that have both."""

    treated: Means
    control: Means
    customers: int  # distinct, treated in one of the campaigns
    overlap: float  # share of the treated, over campaigns, with another campaign in the days before
    left_out: int  # campaigns without controls

    @property
    def relative(self) -> float:
        """Ratio of the two changes − 1."""
        return (1 + self.treated.change) / (1 + self.control.change) - 1

    @property
    def absolute(self) -> float:
        """Difference of the two changes, money a customer-day."""
        return (self.treated.during - self.treated.before) - (self.control.during - self.control.before)

    @property
    def before_ratio(self) -> float:
        """How many times the controls' sales the treated bought before the campaigns."""
        return self.treated.before / self.control.before


def compare(summaries: Summaries, scope: str, control: Control) -> Comparison:
    """The campaigns of a scope against one kind of controls.

    Raises:
        NotEnoughData: no campaign has enough days, customers and controls; the message says what is missing.
    """
    windows = comparable_windows(summaries, scope)
    controls = [control(w, summaries.targeted) for w in windows]
    both = [(w, c) for w, c in zip(windows, controls, strict=True) if c.sum() > 1]
    if not both:
        raise NotEnoughData("fewer than two customers could serve as controls")
    kept, groups = [w for w, _ in both], [c for _, c in both]
    treated = means(kept, [w.treated for w in kept])
    number = sum(int(w.treated.sum()) for w in kept)
    return Comparison(
        treated=treated,
        control=means(kept, groups),
        customers=int(np.any([w.treated for w in kept], axis=0).sum()),
        overlap=sum(int((w.treated & w.busy_before).sum()) for w in kept) / number,
        left_out=len(windows) - len(kept),
    )


def comparable_windows(summaries: Summaries, scope: str) -> list[Window]:
    """The campaigns of a scope with enough days and at least two customers on the list.

    Raises:
        NotEnoughData: there is none.
    """
    windows = summaries.windows_of(scope)
    if not windows:
        raise NotEnoughData(f"{NEEDED_BEFORE} days of sales before the start and an end within the data are needed")
    listed = [w for w in windows if w.treated.sum() > 1]
    if not listed:
        raise NotEnoughData("fewer than two known customers were addressed")
    return listed


def difference_in_differences(summaries: Summaries, scope: str, control: Control) -> Figure:
    """The relative difference in differences. Raises NotEnoughData as `compare` does."""
    found = compare(summaries, scope, control)
    influence = found.treated.log_influence() - found.control.log_influence()
    low, high = around_ratio(1 + found.relative, influence, clusters=found.customers)
    return Figure(
        found.relative,
        low,
        high,
        found.customers,
        partial(money, summaries.treated_sales(scope)),
        _warnings(found) + overlapping(summaries.overlap(scope)) + left_out(summaries, scope),
        campaigns=tuple(w.campaign for w in summaries.windows_of(scope)),
    )


def before_after(summaries: Summaries, scope: str) -> Figure:
    """The treated alone, during against before: season enters one for one. Raises NotEnoughData as `compare` does."""
    windows = comparable_windows(summaries, scope)
    treated = means(windows, [w.treated for w in windows])
    customers = int(np.any([w.treated for w in windows], axis=0).sum())
    low, high = around_ratio(1 + treated.change, treated.log_influence(), clusters=customers)
    return Figure(
        treated.change,
        low,
        high,
        customers,
        partial(money, summaries.treated_sales(scope)),
        overlapping(summaries.overlap(scope)) + left_out(summaries, scope),
        campaigns=tuple(w.campaign for w in summaries.windows_of(scope)),
    )


def _warnings(found: Comparison) -> tuple[str, ...]:
    warnings = [f"In the same days the controls' sales changed by {signed(found.control.change)}."]
    if not 0.9 < found.before_ratio < 1.1:
        warnings.append(f"The groups differ: before the campaigns the addressed customers bought {found.before_ratio:.1f} times as much.")
    if found.overlap > 0:
        warnings.append(f"{percent(found.overlap, 0)} of the addressed customers were in another campaign in the days before.")
    if found.left_out:
        warnings.append(f"{found.left_out} campaigns are left out, because they have no controls.")
    return tuple(warnings)


def left_out(summaries: Summaries, scope: str) -> tuple[str, ...]:
    """Which campaigns of a scope cannot be compared before and after, in words."""
    campaigns = summaries.past.scope(scope)
    short = [c.campaign_id for c in campaigns if not summaries.past.comparable(c)]
    if scope not in (ANY, *summaries.past.kinds) or not short:
        return ()
    needed = f"they lack {NEEDED_BEFORE} days of sales before the start or end after the data"
    return (f"{len(short)} of {len(campaigns)} campaigns ({', '.join(sorted(short, key=natural))}) are left out: {needed}.",)
