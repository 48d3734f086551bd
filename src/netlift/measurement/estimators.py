"""The table of estimators. To add one, write a function from summaries and scope to a figure and list it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from netlift.measurement.ar1_gls import ar1_gls
from netlift.measurement.calendar_days import calendar
from netlift.measurement.difference_in_differences import (
    before_after,
    difference_in_differences,
    never_targeted,
    no_campaign_before_or_after,
    not_in_campaign,
)
from netlift.measurement.figure import Figure
from netlift.measurement.holdout_did import holdout_did
from netlift.measurement.naive_pooled import naive_pooled
from netlift.measurement.naive_within import naive_median, naive_within
from netlift.measurement.structural_time_series import structural_time_series
from netlift.measurement.summaries import Summaries
from netlift.measurement.two_way_fixed_effects import two_way_fixed_effects
from netlift.records import Evidence

Level = Literal["any", "type", "campaign"]
NAIVE: tuple[Level, ...] = ("any", "type")
EVERY: tuple[Level, ...] = ("any", "type", "campaign")


@dataclass(frozen=True, slots=True)
class Estimator:
    """How a lift is estimated, for which scopes, and how far it may be believed.

    `figure` raises NotEnoughData with half a sentence that completes "cannot be estimated, because …".
    """

    evidence: Evidence
    comparison: str  # against what, in words
    levels: tuple[Level, ...]
    figure: Callable[[Summaries, str], Figure]


ESTIMATORS: Mapping[str, Estimator] = {
    "naive_pooled": Estimator("naive", "the same customers' days without any campaign, all days in one heap", NAIVE, naive_pooled),
    "naive_within": Estimator("naive", "each customer's own days without any campaign, every customer counted once", NAIVE, naive_within),
    "naive_median": Estimator("naive", "the middle customer's own days without any campaign", NAIVE, naive_median),
    "calendar": Estimator("naive", "the whole company's days without such a campaign", NAIVE, calendar),
    "before_after": Estimator("naive", "the addressed customers' own days just before the campaign", EVERY, before_after),
    # held out by lot, where the figure does not say otherwise; then the adjusted ones in the order in which they are believed
    "holdout_did": Estimator("randomised", "customers held out at random, day by day", EVERY, holdout_did),
    "did_no_campaign_before_or_after": Estimator(
        "adjusted",
        "the change of customers without a campaign before or after",
        EVERY,
        partial(difference_in_differences, control=no_campaign_before_or_after),
    ),
    "did_never_targeted": Estimator(
        "adjusted",
        "the change of customers who were never in a campaign",
        EVERY,
        partial(difference_in_differences, control=never_targeted),
    ),
    "did_not_in_campaign": Estimator(
        "adjusted",
        "the change of all customers who were not in the campaign",
        EVERY,
        partial(difference_in_differences, control=not_in_campaign),
    ),
    "two_way_fixed_effects": Estimator(
        "adjusted",
        "each customer's own level and the common level of each week, all customers",
        NAIVE,
        two_way_fixed_effects,
    ),
    "two_way_fixed_effects_targeted": Estimator(
        "adjusted",
        "each customer's own level and the common level of each week, only customers with a campaign",
        NAIVE,
        partial(two_way_fixed_effects, targeted_only=True),
    ),
    "structural_time_series": Estimator(
        "adjusted", "what the sales of customers who were never in a campaign foretell, day by day", EVERY, structural_time_series
    ),
    "ar1_gls": Estimator("adjusted", "what weekday, season and shopping peaks foretell for the whole company's days", EVERY, ar1_gls),
}
