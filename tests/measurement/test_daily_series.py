"""The three estimators from daily series: what they find, what they say, and when they refuse."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from benchmarks import lift as benchmark

from netlift.errors import NotEnoughData
from netlift.measurement.ar1_gls import ar1_gls
from netlift.measurement.figure import Figure
from netlift.measurement.holdout_did import holdout_did
from netlift.measurement.past import Campaign
from netlift.measurement.structural_time_series import structural_time_series
from netlift.measurement.summaries import Flags, Summaries
from tests.measurement import by_hand

Estimate = Callable[[Summaries, str], Figure]
SERIES: tuple[Estimate, ...] = (ar1_gls, structural_time_series, holdout_did)
N, HELD, DAYS = 400, 200, 400
TWO = (Campaign("c0", "A", 100, 109), Campaign("c1", "B", 300, 309))


@cache
def shop(lift: float = 0.0, *, campaigns: tuple[Campaign, ...] = TWO, skewed: float = 1.0) -> Summaries:
    """400 customers of 400 days, each campaign's list the first half, held out the second, who buy `skewed` times as much."""
    random = np.random.default_rng(5)
    sales = random.gamma(2, 5, (N, 1)) * random.gamma(1, 1, (N, DAYS)) * (1 + 0.3 * np.sin(np.arange(DAYS) / 58))
    sales[HELD:] *= skewed
    lists = np.zeros((len(campaigns), N), dtype=bool)
    lists[:, :HELD] = True
    past = by_hand.past(DAYS, *campaigns)
    own = by_hand.under(past, lists, "any")
    return by_hand.summaries(past, sales * np.where(own, 1 + lift, 1), lists, ~lists)


def arms(held: Flags, *, lists: Flags) -> Summaries:
    """The same shop with other arms."""
    sales = np.random.default_rng(6).gamma(2, 5, (N, DAYS))
    return by_hand.summaries(by_hand.past(DAYS, *TWO), sales, lists, held)


@pytest.mark.parametrize("estimator", SERIES)
@pytest.mark.parametrize("scope", ["any", "A", "c1"])
def test_a_planted_lift_is_found(estimator: Estimate, scope: str) -> None:
    """30 % more on campaign days: inside the interval, above 0, and the money is what would be missing; the company has half the lift."""
    found = estimator(shop(0.3), scope)
    truth = 0.15 if estimator is ar1_gls else 0.3
    assert found.low < truth < found.high
    assert found.low > 0
    missing = found.incremental(found.lift)
    assert missing is not None
    active = shop(0.3).active(scope)
    sold = shop(0.3).company[active] if estimator is ar1_gls else shop(0.3).arms[scope].treated[active]
    assert missing == pytest.approx(sold.sum() * found.lift / (1 + found.lift))


@pytest.mark.parametrize("estimator", SERIES)
def test_nothing_planted_is_nothing_found(estimator: Estimate) -> None:
    """Without an effect the interval includes 0."""
    found = estimator(shop(), "any")
    assert found.low < 0 < found.high


@pytest.mark.parametrize("estimator", SERIES)
def test_other_campaigns_are_said(estimator: Estimate) -> None:
    """A campaign under another one all the time: the share of its days is in the warnings."""
    both = (Campaign("c0", "A", 100, 109), Campaign("c1", "B", 95, 104))
    assert (
        "On 50 % of the campaign days another campaign ran as well: its effect is in the figure."
        in estimator(shop(campaigns=both), "c0").warnings
    )


@pytest.mark.parametrize("estimator", SERIES)
def test_no_day_without_a_campaign_is_said(estimator: Estimate) -> None:
    """Where a campaign runs all the time, or never, there is nothing to compare."""
    with pytest.raises(NotEnoughData, match=r"^no day is without a campaign$"):
        estimator(shop(campaigns=(Campaign("c0", None, 0, DAYS),)), "any")


@pytest.mark.parametrize("estimator", SERIES)
def test_a_shop_closed_on_sundays_is_measured(estimator: Estimate) -> None:
    """A weekday without sales is left out; sales that are missing on one day in ten are too few for a daily comparison."""
    sundays = np.arange(DAYS) % 7 == 6
    found = estimator(without(shop(0.3), sundays), "any")
    assert found.low > 0
    with pytest.raises(NotEnoughData, match=r"^40 of 400 days are without sales, and a daily comparison needs sales nearly every day$"):
        estimator(without(shop(0.3), np.arange(DAYS) % 10 == 3), "any")


def without(summaries: Summaries, closed: Flags) -> Summaries:
    zero = {
        name: replace(of, treated=np.where(closed, 0, of.treated), held=np.where(closed, 0, of.held)) for name, of in summaries.arms.items()
    }
    return replace(summaries, company=np.where(closed, 0, summaries.company), never=np.where(closed, 0, summaries.never), arms=zero)


def test_without_a_control_series_there_is_no_structural_model() -> None:
    """Every customer was in a campaign: said, with the number."""
    lists = np.ones((2, N), dtype=bool)
    with pytest.raises(NotEnoughData, match=r"^the data have no control series: 0 customers were never in a campaign and 30 are needed$"):
        structural_time_series(arms(~lists, lists=lists), "any")


def test_a_holdout_drawn_by_lot_is_randomised() -> None:
    """Arms alike before the campaign: the evidence is randomised, and no warning doubts it."""
    found = holdout_did(shop(0.3), "any")
    assert found.evidence == "randomised"
    assert found.warnings[0] == "200 customers were held out."
    assert not any("no lot" in warning for warning in found.warnings)


def test_a_holdout_picked_by_hand_is_not() -> None:
    """Held out buy a third of what the addressed do before anything was sent: adjusted, with the ratio, and the lift still right."""
    found = holdout_did(shop(0.3, skewed=1 / 3), "any")
    assert found.evidence == "adjusted"
    assert any("times as much as the held out (p = " in w and w.endswith("no lot drew them.") for w in found.warnings)
    assert found.low < 0.3 < found.high


def test_arms_that_change_are_no_lot_any_more() -> None:
    """Customers held out of one campaign and addressed by the other are left out and counted, and the evidence is adjusted."""
    lists = np.zeros((2, N), dtype=bool)
    lists[:, :250] = lists[1, 250:260] = True
    held = ~lists
    found = holdout_did(arms(held, lists=lists), "any")
    assert (found.evidence, found.customers) == ("adjusted", 250)
    assert "10 customers (2.5 %) were held out once and addressed another time, and are left out." in found.warnings
    assert holdout_did(arms(held, lists=lists), "c1").evidence == "randomised"


def test_unusable_arms_are_refused() -> None:
    """Nobody held out, too few, or the same customers in both arms of one campaign."""
    lists = np.zeros((2, N), dtype=bool)
    lists[:, :HELD] = True
    few, both = ~lists, ~lists
    few[:, HELD + 7 :] = False
    both[:, :20] = True
    for held, scope, reason in (
        (lists & False, "any", "nobody was held out: no customer has the arm holdout or control in the table contacted"),
        (few, "any", "7 customers were held out, and in the same arm each time, and 30 are needed"),
        (both, "c0", "20 of 400 customers are in both arms of campaign c0; each belongs in one"),
    ):
        with pytest.raises(NotEnoughData, match=f"^{reason}$"):
            holdout_did(arms(held, lists=lists), scope)


RUNS = 200


@pytest.mark.parametrize(("season", "lift"), [(False, 0.0), (True, 0.15)])
def test_intervals_hold_the_truth_in_season_too(lift: float, *, season: bool) -> None:
    """200 shops of the KPI world: AR(1) and holdout cover the truth in 95 % (three standard errors), independent errors do not."""
    random = np.random.default_rng([3, season])
    held = {"ar1_gls": 0, "holdout_did": 0, "independent_errors": 0, "naive": 0}
    for one in benchmark.shops(random, lift, season=season, number=RUNS):
        for name in held:
            _, low, high = benchmark.SERIES[name](one)
            held[name] += low <= lift <= high
    assert held["ar1_gls"] / RUNS == pytest.approx(0.95, abs=0.046)
    assert held["holdout_did"] / RUNS == pytest.approx(0.95, abs=0.046)
    assert held["independent_errors"] / RUNS < 0.88
    assert held["naive"] / RUNS < 0.65
