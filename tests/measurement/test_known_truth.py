"""Intervals hold a known truth: real households with a planted lift, and shops where nothing works."""

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow.parquet as pq
import pytest

from netlift.errors import NotEnoughData
from netlift.measurement.arms import Metric, Moments, Plan, compare
from netlift.measurement.difference_in_differences import before_after, difference_in_differences, not_in_campaign
from netlift.measurement.estimators import ESTIMATORS
from netlift.measurement.figure import Figure
from netlift.measurement.past import Campaign
from netlift.measurement.summaries import Summaries
from tests.measurement import by_hand
from tests.measurement.worlds import PACKAGE, Measured

DRAWS = 400
# ground-truth.md section 5, mean (sd) over seeds 0..399 in %: before -> after, DiD ratio, CUPED ratio
PUBLISHED = {
    ("8", 0): ((-0.8, 1.6), (0.3, 3.3), (0.2, 3.1)),
    ("8", 15): ((14.0, 1.9), (15.3, 3.9), (15.3, 3.6)),
    ("13", 0): ((-3.7, 1.4), (-0.3, 3.0), (-0.2, 2.9)),
    ("13", 15): ((10.8, 1.6), (14.7, 3.4), (14.7, 3.3)),
    ("18", 0): ((8.0, 1.4), (0.1, 2.7), (0.1, 2.5)),
    ("18", 15): ((24.2, 1.7), (15.1, 3.1), (15.0, 2.9)),
}


@cache
def in_file_order(campaign: str, households: int) -> tuple[int, ...]:
    """Places of a campaign's households, in the file's order, among all ids sorted as text."""
    known = sorted(str(i) for i in pq.read_table(PACKAGE / "transactions.parquet", columns=["household_id"])[0].unique().to_pylist())
    assert len(known) == households
    place = {customer: i for i, customer in enumerate(known)}
    rows = pq.read_table(PACKAGE / "campaigns.parquet").to_pylist()
    return tuple(place[str(row["household_id"])] for row in rows if str(row["campaign_id"]) == campaign)


def planted(summaries: Summaries, campaign: str, lift: float, seed: int) -> tuple[Figure, Figure, tuple[float, float, float]]:
    """One campaign's own list, half of it made the treated whose sales are `lift` higher: three estimates."""
    window = next(w for w in summaries.windows if w.campaign.campaign_id == campaign)
    places = np.array(in_file_order(campaign, len(summaries.targeted)))
    arm = np.random.default_rng(seed).random(len(places)) < 0.5
    x, y = window.before[places], window.during[places] * np.where(arm, 1 + lift, 1.0)
    one = replace(window, before=x, during=y, treated=arm, busy=arm, busy_before=~arm & arm)
    world = replace(summaries, windows=(one,), targeted=arm)
    arms = Moments.of(y[~arm], x=x[~arm]), Moments.of(y[arm], x=x[arm])
    sharp = compare(Metric("sales", covariate=True), arms, Plan(primary="relative"))
    assert sharp.method == "cuped"
    return (
        before_after(world, campaign),
        difference_in_differences(world, campaign, not_in_campaign),
        (sharp.relative_lift or 0.0, sharp.relative_low or 0.0, sharp.relative_high or 0.0),
    )


@pytest.mark.parametrize("journey", [("package", "UTC")], indirect=True, ids=" ".join)
@pytest.mark.parametrize(("campaign", "percent"), PUBLISHED)
def test_a_planted_lift_is_found(journey: Measured, campaign: str, percent: int) -> None:
    """Mean and spread over 400 random halves are the published ones; the before-after figure misses the truth, the others hold it."""
    truth = percent / 100
    drawn = [planted(journey.summaries, campaign, truth, seed) for seed in range(DRAWS)]
    lifts = 100 * np.array([(naive.lift, did.lift, sharp[0]) for naive, did, sharp in drawn])
    naive, did, sharp = PUBLISHED[campaign, percent]
    assert (lifts[:, 0].mean(), lifts[:, 0].std()) == pytest.approx(naive, abs=0.06)
    assert (lifts[:, 1].mean(), lifts[:, 1].std()) == pytest.approx(did, abs=0.06)
    assert (lifts[:, 2].mean(), lifts[:, 2].std()) == pytest.approx(sharp, abs=0.3)  # relative to the raw mean: another ratio
    held = np.array([(f.low <= truth <= f.high, low <= truth <= high) for _, f, (_, low, high) in drawn]).mean(axis=0)
    assert held == pytest.approx([0.95, 0.95], abs=0.033)  # three standard errors of 400 draws


SHOPS = 200
RANDOM_LISTS = ("naive_pooled", "naive_within", "did_not_in_campaign", "did_no_campaign_before_or_after", "did_never_targeted")


def nothing_works(seed: int) -> Summaries:
    """500 customers of very different size, 140 days with a season, four overlapping campaigns with random lists, no effect."""
    random = np.random.default_rng(seed)
    season = 1 + 0.4 * np.sin(np.arange(140) / 20)
    sales = random.gamma(1, 5, (500, 1)) * season * (random.random((500, 140)) < 0.3) * random.gamma(2, 1, (500, 140))
    campaigns = [
        Campaign(f"c{i}", "AB"[i % 2], first, first + length - 1)
        for i, (first, length) in enumerate(((35, 20), (45, 25), (75, 20), (90, 30)))
    ]
    lists = random.random((4, 500)) < 0.3
    return by_hand.summaries(by_hand.past(140, *campaigns), sales, np.asarray(lists))


@cache
def shops() -> list[Summaries]:
    return [nothing_works(seed) for seed in range(SHOPS)]


@pytest.mark.parametrize(("estimator", "scope"), [*((name, "any") for name in RANDOM_LISTS[2:]), ("two_way_fixed_effects", "A")])
def test_nothing_is_found_where_nothing_works(estimator: str, scope: str) -> None:
    """With lists drawn at random and no effect the 95 % interval misses 0 in about 5 % of 200 shops (three standard errors)."""
    figures = [ESTIMATORS[estimator].figure(shop, scope) for shop in shops()]
    missed = np.mean([not f.low <= 0 <= f.high for f in figures])
    assert missed == pytest.approx(0.05, abs=0.046)


def test_season_fools_the_naive_figures() -> None:
    """In the same shops, where nothing works, the naive intervals miss 0 far too often: campaigns have their season."""
    for estimator in RANDOM_LISTS[:2]:
        figures = [ESTIMATORS[estimator].figure(shop, "A") for shop in shops()]
        assert np.mean([not f.low <= 0 <= f.high for f in figures]) > 0.1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_sees_an_obvious_lift(estimator: str) -> None:
    """Sales that double on campaign days give a lift clearly above 0, by every entry of the table; halved ones below 0."""
    for factor in (2.0, 0.5):
        assert (obvious(estimator, factor).lift > 0) == (factor > 1)
        assert (obvious(estimator, factor).low > 0) == (factor > 1)


def obvious(estimator: str, factor: float) -> Figure:
    random = np.random.default_rng(9)
    sales = random.gamma(20, 1, (100, 400))
    lists = np.zeros((2, 100), dtype=bool)
    lists[0, :40] = lists[1, 10:50] = True
    held = np.zeros((2, 100), dtype=bool)
    held[:, 60:] = True
    past = by_hand.past(400, Campaign("c0", "A", 40, 59), Campaign("c1", "A", 90, 109))
    own = by_hand.under(past, lists, "any")
    return ESTIMATORS[estimator].figure(by_hand.summaries(past, np.where(own, factor * sales, sales), lists, held), "A")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_estimator_invents_a_figure(estimator: str) -> None:
    """Without any sales, with sales all alike, and with one customer alone, each entry of the table says it cannot estimate."""
    past = by_hand.past(140, Campaign("c0", "A", 40, 59))
    for n, sold in ((30, 0.0), (30, 1.0), (1, 1.0)):
        lists = np.zeros((1, n), dtype=bool)
        lists[0, : max(n // 2, 1)] = True
        with pytest.raises(NotEnoughData):
            ESTIMATORS[estimator].figure(by_hand.summaries(past, np.full((n, 140), sold), lists), "A")
