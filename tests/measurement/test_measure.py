"""The verb gives the published figures of Complete Journey and says which to believe."""

from datetime import date

import numpy as np
import pytest

from netlift.measurement.difference_in_differences import (
    Control,
    compare,
    never_targeted,
    no_campaign_before_or_after,
    not_in_campaign,
)
from netlift.measurement.estimators import ESTIMATORS
from netlift.measurement.two_way_fixed_effects import fit
from tests.measurement.worlds import Measured

# ground-truth.md section 4, in %: stored clock / New York clock for Type A, Type B, Type C and any
SCOPES = ("Type A", "Type B", "Type C", "any")
PUBLISHED = {
    "naive_pooled": ((30.2, 32.9, 8.1, 41.4), (30.0, 32.8, 7.9, 41.1)),
    "naive_within": ((-1.4, -1.1, -5.8, -1.5), (-1.6, -1.5, -5.9, -1.6)),
    "naive_median": ((-3.8, -5.5, -3.9, -3.5), (-4.0, -5.5, -3.9, -3.6)),
    "before_after": ((1.2, -1.7, -2.7, 0.0), (1.1, -1.5, -3.0, 0.0)),
    "did_not_in_campaign": ((-3.7, -2.6, -0.7, -3.0), (-3.6, -2.5, -1.2, -2.9)),
    "did_no_campaign_before_or_after": ((-4.9, -5.4, -12.1, -5.7), (-4.8, -5.3, -12.2, -5.5)),
    "did_never_targeted": ((-6.4, -8.3, -14.3, -7.6), (-6.2, -8.1, -14.4, -7.4)),
}
ONE_DECIMAL = 0.06 / 100  # the published figures are percentages with one decimal
DIDS = ("before_after", "did_not_in_campaign", "did_no_campaign_before_or_after", "did_never_targeted")
ONE_BY_ONE = {  # campaign: treated, before -> after, DiD a, b, c
    "27": (361, -1.8, -2.0, -2.3, -7.8),
    "8": (1076, -1.0, -7.4, -8.0, -1.7),
    "13": (1077, -3.5, 1.5, 1.0, -4.8),
    "18": (1133, 7.9, -5.5, -9.4, -8.4),
    "14": (224, -3.3, -0.5, -13.1, -15.3),
    "11": (214, -7.2, -4.4, -3.4, -10.8),
    "10": (123, -6.5, -8.5, -14.0, -20.6),
    "1": (13, 16.4, 14.5, 13.9, 14.7),
}
CONTROL_CHANGES: dict[Control, tuple[float, ...]] = {
    not_in_campaign: (5.1, 1.0, -2.0, 3.1),
    no_campaign_before_or_after: (6.4, 3.9, 10.7, 6.0),
    never_targeted: (8.1, 7.2, 13.5, 8.2),
}


def stored_clock(journey: Measured) -> bool:
    """The exact anchors were published for the stored clock only."""
    return journey.clock == "UTC"


@pytest.mark.parametrize("estimator", PUBLISHED)
def test_every_figure_is_the_published_one(journey: Measured, estimator: str) -> None:
    """Seven rows of the published table, each type and all campaigns, both clocks, to the printed digit."""
    found = [journey.one(estimator, scope).lift for scope in SCOPES]
    stored, new_york = PUBLISHED[estimator]
    assert found == pytest.approx([p / 100 for p in (stored if stored_clock(journey) else new_york)], abs=ONE_DECIMAL)


def test_every_campaign_is_the_published_one(journey: Measured) -> None:
    """Eight single campaigns, four estimators each, within half a point on either clock and to the digit on the stored one."""
    for campaign, (treated, *percents) in ONE_BY_ONE.items():
        estimates = [journey.one(name, campaign) for name in DIDS]
        near = ONE_DECIMAL if stored_clock(journey) else 1.2 / 100  # 13 households of campaign 1 move more than the others
        assert {e.customers for e in estimates} == {treated}
        assert [e.lift for e in estimates] == pytest.approx([p / 100 for p in percents], abs=near)


def test_the_calendar_needs_days_without_a_campaign(journey: Measured) -> None:
    """Type A runs on 200 of 365 days and can be compared; all campaigns together cannot."""
    assert journey.summaries.active("Type A").sum() == 200
    assert journey.one("calendar", "Type A").lift == pytest.approx(0.016 if stored_clock(journey) else 0.013, abs=ONE_DECIMAL)
    never = journey.one("calendar", "any")
    assert (never.lift, never.warnings[0]) == (None, "cannot be estimated, because no day is without a campaign")


def test_fixed_effects_are_the_published_ones(journey: Measured) -> None:
    """Coefficients and clustered standard errors of both populations, to four decimals on the stored clock."""
    near = 5.1e-5 if stored_clock(journey) else 0.02
    everybody, targeted = fit(journey.summaries.panel), fit(journey.summaries.panel_targeted)
    assert everybody.beta == pytest.approx([-0.1138, -0.1853, -0.8256], abs=near)
    assert everybody.error == pytest.approx([0.0860, 0.1189, 0.2468], abs=near)
    assert targeted.beta == pytest.approx([-0.0786, -0.1794, -0.6452], abs=near)
    assert targeted.error == pytest.approx([0.1072, 0.1198, 0.2494], abs=near)


def test_relative_fixed_effects_are_the_published_ones(journey: Measured) -> None:
    """In % of sales on free days, with their intervals, within half a point on either clock."""
    found = [journey.one("two_way_fixed_effects", scope) for scope in SCOPES[:3]]
    shown = [(e.lift, e.low, e.high) for e in found]
    published = [(-1.8, -4.5, 0.9), (-2.4, -5.3, 0.6), (-7.5, -11.9, -3.1)]
    assert np.array(shown) == pytest.approx(np.array(published) / 100, abs=0.5 / 100)


def test_the_anchors_are_exact(journey: Measured) -> None:
    """Households and household-days are the published integers; money a household-day to four decimals."""
    days = [journey.summaries.days[scope] for scope in SCOPES]
    assert [len(d.days_in) for d in days] == [1490, 995, 397, 1559]
    assert [d.days_in.sum() for d in days] == [184_835, 71_776, 27_736, 239_273]
    assert [d.days_out.sum() for d in days] == [307_339, 180_977, 60_188, 329_762]
    near = 5.1e-5 if stored_clock(journey) else 0.02
    assert [d.sales_in.sum() / d.days_in.sum() for d in days] == pytest.approx([8.1199, 10.4775, 11.9198, 8.5822], abs=near)
    assert [d.sales_out.sum() / d.days_out.sum() for d in days] == pytest.approx([6.2362, 7.8822, 11.0267, 6.0701], abs=near)
    assert int((~journey.summaries.targeted).sum()) == 910


def test_the_controls_drift_as_published(journey: Measured) -> None:
    """The change of each control group, the campaigns compared, and the absolute difference in differences."""
    assert [len(journey.summaries.windows_of(scope)) for scope in SCOPES] == [4, 12, 3, 19]
    for control, percents in CONTROL_CHANGES.items():
        changes = [compare(journey.summaries, scope, control).control.change for scope in SCOPES]
        assert changes == pytest.approx([p / 100 for p in percents], abs=ONE_DECIMAL if stored_clock(journey) else 0.005)
    absolute = [compare(journey.summaries, scope, not_in_campaign).absolute for scope in SCOPES]
    assert absolute == pytest.approx([-0.048, -0.228, -0.244, -0.102], abs=5.1e-4 if stored_clock(journey) else 0.06)


def test_the_period_is_the_year(journey: Measured) -> None:
    """The four hours of 1 January 2018 that the stored clock shows are no day."""
    assert (journey.measurement.start, journey.measurement.end) == (date(2017, 1, 1), date(2017, 12, 31))


def test_thirteen_households_cannot_tell(journey: Measured) -> None:
    """Campaign 1 is shown with its wide interval and the number that makes it worthless."""
    estimate = journey.one("did_not_in_campaign", "1")
    assert estimate.warnings[0] == "cannot tell, because 13 customers are too few"
    assert (estimate.low or 0) < 0 < (estimate.high or 0)


def test_what_is_left_out_is_named(journey: Measured) -> None:
    """Eight campaigns lack days before or after; the total says so, and each of them says why."""
    (left_out,) = (w for w in journey.one("did_never_targeted", "any").warnings if w.startswith("8 of 27 campaigns ("))
    numbers = [int(name) for name in left_out.partition("(")[2].partition(")")[0].split(", ")]
    assert numbers == sorted(numbers)
    alone = journey.one("did_never_targeted", "15")
    assert alone.lift is None
    assert alone.warnings[0].startswith("cannot be estimated, because 28 days of sales before the start")


def test_every_adjusted_estimate_says_it_is_not_randomised(journey: Measured) -> None:
    """No figure from these lists goes without the warning, and none claims a profit."""
    shown = [e for e in journey.measurement.estimates if e.lift is not None]
    assert all(any("not drawn at random" in w for w in e.warnings) for e in shown)
    assert all(e.incremental_profit is None for e in journey.measurement.estimates)
    assert all((e.low or 0) <= (e.lift or 0) <= (e.high or 0) for e in shown)


def test_money_has_the_interval_of_its_lift(journey: Measured) -> None:
    """Low, point and high in the same order as the lift's, and 0 % is 0 money: the ends have the lift's signs."""
    told = [e for e in journey.measurement.estimates if e.incremental_sales is not None]
    assert {e.estimator for e in told} == set(ESTIMATORS) - {"naive_median", "holdout_did"}  # rates only; nobody held out
    for e in told:
        assert e.incremental_sales is not None
        assert e.incremental_high is not None
        assert e.lift is not None
        assert e.high is not None
        assert e.incremental_low is None or e.incremental_low < e.incremental_sales
        assert e.incremental_sales < e.incremental_high
        assert np.sign([e.incremental_sales, e.incremental_high]).tolist() == np.sign([e.lift, e.high]).tolist()


def test_the_sentence_tells_which_to_believe(journey: Measured) -> None:
    """The naive and the adjusted figure, the reason, the verdict and the way out stand in the sentence."""
    naive, adjusted = ("41.4", "−5.7") if stored_clock(journey) else ("41.1", "−5.5")
    for words in (f"{naive} % more", "(naive)", f"{adjusted} %", "no evidence of a lift", "holdout drawn at random is needed"):
        assert words in journey.measurement.sentence
    assert journey.measurement.best == journey.one("did_no_campaign_before_or_after", "any")


def test_a_year_of_sales_takes_seconds(journey: Measured) -> None:
    """1.5 million sales and 27 campaigns are measured in less than 15 seconds of one core."""
    assert journey.seconds < 15
