"""Error rates of the estimators of randomised arms, in worlds whose truth is known: experiments.md sections 8, 9, 15."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from netlift.measurement.arms import (
    Difference,
    Metric,
    Moments,
    Values,
    benjamini_hochberg,
    beta_binomial,
    complier_effect,
    confidence_sequence,
    difference,
    greater,
    holm,
    mixture_test,
    normal,
    over_periods,
    pair,
    sample_ratio,
    shrunk,
    welch,
)
from netlift.measurement.arms.intervals import Interval
from netlift.measurement.arms.permutation import absolute, draw, relative
from netlift.measurement.arms.skew import why_not_welch
from netlift.records import Floats

RUNS, DRAWS = 2000, 499
SPEND, SHARE, BASKET = Metric("spend"), Metric("bought", "proportion"), Metric("basket", "ratio")
CUPED, BASKET_CUPED = Metric("spend", covariate=True), Metric("basket", "ratio", covariate=True, denominators_before=True)
RATE, LOCATION, SPREAD = 0.03, 3.5, 1.3  # buyers, and their lognormal amounts
HOLDOUTS = ((500, 9500), (1000, 9000), (2000, 18_000), (200, 800), (1000, 4000), (5000, 20_000), (4500, 5500), (1000, 1000))


def run() -> dict[str, Any]:
    """Shares of runs; every world has its own fixed seed."""
    began = time.process_time()
    told: dict[str, Any] = {"runs": RUNS, "draws": DRAWS}
    for name, world in WORLDS.items():
        told[name] = world(np.random.default_rng([2026, list(WORLDS).index(name)]))
    return {**told, "cpu_seconds": round(time.process_time() - began)}


def _shares(found: Iterable[Interval], truth: float) -> dict[str, float]:
    """How often the interval lies above the truth, below it, and holds it."""
    ends = np.array([(of.low, of.high) for of in found])
    above, below = float((ends[:, 0] > truth).mean()), float((ends[:, 1] < truth).mean())
    return {"above": round(above, 4), "below": round(below, 4), "holds": round(1 - above - below, 4)}


def _two(metric: Metric, sides: Iterable[tuple[Moments, Moments]], truth: tuple[float, float]) -> dict[str, Any]:
    """Absolute and relative effect of pairs of arms."""
    made = [pair(metric, *arms) for arms in sides]
    return {
        name: _shares([welch(difference(arms, relative=share)) for arms in made], true)
        for name, share, true in (("absolute", False, truth[0]), ("relative", True, truth[1]))
    }


def means(rng: np.random.Generator) -> dict[str, Any]:
    """Gamma(2, 10) in arms of 300 and 300, and of 1,000 and 3,000, without effect and with + 15 %."""
    told = {}
    for n, m in ((300, 300), (1000, 3000)):
        for lift in (0.0, 0.15):
            sides = [(Moments.of(rng.gamma(2, 10, n)), Moments.of((1 + lift) * rng.gamma(2, 10, m))) for _ in range(RUNS)]
            told[f"{n:,} / {m:,}, {lift:+.0%}"] = _two(SPEND, sides, (20 * lift, lift))
    return told


def one_sided(rng: np.random.Generator) -> dict[str, float]:
    """False alarms of the one-sided test, Gamma(2, 10), 300 an arm."""
    sides = [tuple(Moments.of(rng.gamma(2, 10, 300)) for _ in range(2)) for _ in range(RUNS)]
    return _shares([greater(difference(pair(SPEND, *arms))) for arms in sides], 0.0)


def proportions(rng: np.random.Generator) -> dict[str, Any]:
    """Shares near the gate's limit and far from it; what the gate refuses goes to the permutation test."""
    told = {}
    for n, m, rate in ((100, 100, 0.2), (500, 500, 0.05), (1000, 4000, 0.05), (1000, 9000, 0.03)):
        found, passed = [], 0
        for _ in range(RUNS):
            k, j = rng.binomial(n, rate), rng.binomial(m, rate)
            arms = _sparse(np.ones(k), n), _sparse(np.ones(j), m)
            of, by_welch = _gated(SHARE, arms, Values(np.ones(k), np.ones(j), n, m))
            passed += by_welch
            found.append(of)
        told[f"{n:,} / {m:,}, {rate:.0%}"] = {**_shares(found, 0.0), "welch": round(passed / RUNS, 3)}
    return told


def _gated(metric: Metric, arms: tuple[Moments, Moments], values: Values) -> tuple[Interval, bool]:
    """The absolute interval that `compare` would show, with fewer draws; whether it is Welch's."""
    ready = pair(metric, *arms)
    if why_not_welch(ready) is None:
        return welch(difference(ready)), True
    return absolute(draw(values, draws=DRAWS)), False


def _sparse(values: Floats, n: int) -> Moments:
    """Customers, all of whom but these have 0."""
    return replace(Moments.of(values), n=n)


def _baskets(rng: np.random.Generator, n: int, rate: float = RATE) -> Floats:
    return rng.lognormal(LOCATION, SPREAD, rng.binomial(n, rate))


def skewed(rng: np.random.Generator) -> dict[str, Any]:
    """Section 8: 3 % buyers with lognormal amounts, no effect; Welch beside the gated procedure."""
    told = {}
    for n, m in HOLDOUTS:
        plain, gated, passed = [], [], 0
        for _ in range(RUNS):
            values = Values(_baskets(rng, n), _baskets(rng, m), n, m)
            if not len(values.control):
                continue  # cannot be estimated
            arms = _sparse(values.control, n), _sparse(values.treated, m)
            plain.append(welch(difference(pair(SPEND, *arms))))
            of, by_welch = _gated(SPEND, arms, values)
            gated.append(of)
            passed += by_welch
        told[f"{n:,} / {m:,}"] = {"welch": _shares(plain, 0.0), "gated": _shares(gated, 0.0), "passes": round(passed / RUNS, 3)}
    return told


def permutation_coverage(rng: np.random.Generator) -> dict[str, Any]:
    """Relative and absolute interval by inversion, lift through amounts and through buyers."""
    told = {}
    mean = RATE * np.exp(LOCATION + SPREAD**2 / 2)
    for n, m in HOLDOUTS[:3]:
        for what, lift in (("amounts", 0.15), ("buyers", 0.15), ("buyers", 0.5)):
            shares, money = [], []
            for _ in range(RUNS):
                amounts = what == "amounts"
                treated = _baskets(rng, m, RATE if amounts else RATE * (1 + lift)) * (1 + lift if amounts else 1)
                control = _baskets(rng, n)
                if not len(control):
                    continue
                drawn = draw(Values(control, treated, n, m), draws=DRAWS)
                shares.append(relative(drawn))
                money.append(absolute(drawn))
            found = {"relative": _shares(shares, lift), "absolute": _shares(money, lift * mean)}
            told[f"{n:,} / {m:,}, {lift:+.0%} {what}"] = found
    return told


def ratio(rng: np.random.Generator) -> dict[str, Any]:
    """Section 9: revenue per order; customers are drawn, orders are not. Delta method, CUPED, and the t test of orders."""
    wrong, sides, cuped = 0, [], []
    for _ in range(RUNS):
        arms, orders = [], []
        for _ in range(2):
            n = 1500
            rate, size = 2 * rng.lognormal(0, 0.6, n), rng.gamma(2, 1, n)
            k, before = rng.poisson(rate), rng.poisson(rate)
            each = 10 * np.repeat(size, k) * rng.lognormal(0, 0.1, k.sum())
            y = np.bincount(np.repeat(np.arange(n), k), weights=each, minlength=n).astype(float)
            x = 10.0 * before * size
            arms.append(Moments.of(y, d=k.astype(float), x=x, e=before.astype(float)))
            orders.append(each)
        sides.append((arms[0], arms[1]))
        wrong += stats.ttest_ind(orders[1], orders[0], equal_var=False).pvalue < 0.05
    made = [[pair(metric, *arms) for arms in sides] for metric in (BASKET, BASKET_CUPED)]
    plain, cuped = ([difference(arms) for arms in some] for some in made)
    return {
        "delta": _two(BASKET, sides, (0, 0)),
        "cuped": _two(BASKET_CUPED, sides, (0, 0)),
        "cuped_variance": round(float(np.mean([c.variance / p.variance for c, p in zip(cuped, plain, strict=True)])), 3),
        "per_order_t_test": round(float(wrong / RUNS), 4),
    }


def cuped(rng: np.random.Generator) -> dict[str, Any]:
    """Section 9: 1,600 customers; before = Gamma(1, 20)·Bernoulli(.5), after = .6·before + Gamma(1, 16)·Bernoulli(.5) + 2."""
    sides, shrinks = [], []
    for _ in range(RUNS):
        x = rng.gamma(1, 20, 1600) * (rng.random(1600) < 0.5)
        y = 0.6 * x + rng.gamma(1, 16, 1600) * (rng.random(1600) < 0.5) + 2 * (np.arange(1600) % 2)
        arms = Moments.of(y[::2], x=x[::2]), Moments.of(y[1::2], x=x[1::2])
        sides.append(arms)
        shrinks.append(difference(pair(CUPED, *arms)).variance / difference(pair(SPEND, *arms)).variance)
    return {**_two(CUPED, sides, (2.0, 2 / 14)), "variance": round(float(np.mean(shrinks)), 3)}


def peeking(rng: np.random.Generator) -> dict[str, float]:
    """Section 9: 20 equal looks to 2,000 pairs of N(0, 1), any alarm; the width at the end against the fixed interval."""
    sums = (rng.normal(size=(RUNS, 20, 2)) * 10).cumsum(axis=1)  # of 100 customers an arm each
    squares = rng.chisquare(99, size=(RUNS, 20, 2)).cumsum(axis=1)  # within looks
    rules: dict[str, Callable[[Difference], Interval]] = {
        "fixed": welch,
        "confidence_sequence": lambda d: confidence_sequence(d, planned=2000),
        "mixture_test": lambda d: mixture_test(d, tau=0.1),
    }
    alarms = dict.fromkeys(rules, 0)
    for run_sums, run_squares in zip(sums, squares, strict=True):
        looks = []
        for k in range(20):
            n = 100 * (k + 1)
            steps = np.diff(run_sums[: k + 1], axis=0, prepend=0)
            arms = []
            for a in range(2):
                within = run_squares[k, a] + (steps[:, a] ** 2 / 100).sum()
                told = replace(Moments.of(np.zeros(0)), n=n, nonzero=n)
                told.sums[0], told.products[0, 0] = run_sums[k, a], within
                arms.append(told)
            looks.append(difference(pair(SPEND, *arms)))
        for name, rule in rules.items():
            alarms[name] += any(rule(look).p < 0.05 for look in looks)
    end = Difference(0, 2 / 2000, 3998, 4000, 1, relative=False)
    width = confidence_sequence(end, planned=2000).high / welch(end).high
    return {**{name: round(found / RUNS, 4) for name, found in alarms.items()}, "width": round(width, 2)}


def sizes(rng: np.random.Generator) -> dict[str, float]:
    """Section 9: 10,000 customers drawn by halves, and by 51 %; the share that is called a mismatch."""
    told = {}
    for share in (0.5, 0.51):
        counts = rng.binomial(10_000, share, 20 * RUNS)
        found = [sample_ratio({"a": int(k), "b": 10_000 - int(k)}, {"a": 1, "b": 1}) for k in counts]
        told[f"{share:.0%}"] = round(float(np.mean([not one.ok for one in found])), 4)
    return told


def non_delivery(rng: np.random.Generator) -> dict[str, Any]:
    """Who can be reached (40 %) buys more anyway; the effect on the reached is 3, or none."""
    told = {}
    for effect in (0.0, 3.0):
        found, naive = [], []
        for _ in range(RUNS):
            sides = []
            for treated in (False, True):
                d = rng.random(800) < 0.4
                y = rng.gamma(2, 10, 800) + 8 * d + effect * (d & treated)
                sides.append((y, (d & treated).astype(float)))
            found.append(complier_effect(*(Moments.of(y, d=d) for y, d in sides)))
            reached = sides[1][1] > 0
            naive.append(welch(difference(pair(SPEND, Moments.of(sides[1][0][~reached]), Moments.of(sides[1][0][reached])))))
        told[f"effect {effect:g}"] = {
            "instrument": _shares([Interval(one.low, one.high, one.p) for one in found], effect),
            "reached_against_rest": _shares(naive, effect),
        }
    return told


def bayes(rng: np.random.Generator) -> dict[str, Any]:
    """Effects drawn from the prior: how often the intervals hold the truth, and whether chances and losses come true."""
    lifts = rng.normal(0, 0.3, 4 * RUNS)
    told: dict[str, list[float]] = {"holds": [], "win": [], "won": [], "loss": [], "lost": []}
    for lift in lifts:
        arms = [Moments.of(rng.gamma(2, 10, 200) * k) for k in (1.0, 1 + lift)]
        found = normal(difference(pair(SPEND, *arms), relative=True), prior_sd=0.3)
        told["holds"].append(found.low <= lift <= found.high)
        told["win"].append(found.chance_to_win)
        told["won"].append(lift > 0)
        told["loss"].append(found.loss_of_treated)
        told["lost"].append(max(-lift, 0.0))
    win, won = np.array(told["win"]), np.array(told["won"])
    close = (win > 0.5) & (win < 0.95)
    p = rng.random((RUNS, 2))
    shares = []
    for a, b in p:
        sides = [_sparse(np.ones(rng.binomial(200, rate)), 200) for rate in (a, b)]
        of = beta_binomial(*sides)
        shares.append(of.low <= b - a <= of.high)
    return {
        "normal_holds": round(float(np.mean(told["holds"])), 4),
        "chance_told": round(float(win[close].mean()), 3),
        "chance_came": round(float(won[close].mean()), 3),
        "loss_told": round(float(np.mean(told["loss"])), 4),
        "loss_came": round(float(np.mean(told["lost"])), 4),
        "beta_holds": round(float(np.mean(shares)), 4),
    }


def periods(rng: np.random.Generator) -> dict[str, Any]:
    """Shares 50, 70 and 90 % treated while sales rise by half each period: by period, and all added up."""
    found, naive, costs = [], [], []
    for _ in range(RUNS):
        made = []
        for k, share in enumerate((0.5, 0.7, 0.9)):
            n = round(1000 * share)
            control, treated = (Moments.of(1.5**k * rng.gamma(2, 10, size)) for size in (1000 - n, n))
            made.append((control, treated))
        one, cost = over_periods(SPEND, made)
        found.append(welch(one))
        costs.append(cost)
        naive.append(welch(difference(pair(SPEND, made[0][0] + made[1][0] + made[2][0], made[0][1] + made[1][1] + made[2][1]))))
    return {"by_period": _shares(found, 0.0), "added_up": _shares(naive, 0.0), "cost": round(float(np.mean(costs)), 2)}


def comparisons(rng: np.random.Generator) -> dict[str, float]:
    """Ten comparisons, none true: any alarm. Five of ten true by 3 standard errors: share of false ones among those found."""
    none = 2 * stats.norm.sf(np.abs(rng.normal(size=(RUNS, 10))))
    some = 2 * stats.norm.sf(np.abs(rng.normal(size=(RUNS, 10)) + 3 * (np.arange(10) < 5)))
    false = []
    for p in some:
        called = benjamini_hochberg(list(p)) < 0.05
        false.append(called[5:].sum() / max(called.sum(), 1))
    return {
        "raw_any": round(float((none < 0.05).any(axis=1).mean()), 4),
        "holm_any": round(float(np.mean([(holm(list(p)) < 0.05).any() for p in none])), 4),
        "bh_false": round(float(np.mean(false)), 4),
    }


def segments(rng: np.random.Generator) -> dict[str, float]:
    """Eight segments: error of shrunk over raw effects where they differ by 0, as much as their noise, and twice as much."""
    told = {}
    for spread in (0.0, 1.0, 2.0):
        truth = spread * rng.normal(size=(RUNS, 8))
        raw = truth + rng.normal(size=(RUNS, 8))
        drawn = np.array([shrunk(one, np.ones(8))[0] for one in raw])
        told[f"{spread:g}"] = round(float(np.sqrt(((drawn - truth) ** 2).mean() / ((raw - truth) ** 2).mean())), 3)
    return told


def ratio_skewed(rng: np.random.Generator) -> dict[str, Any]:
    """Revenue per order in a small holdout: 3 % order, 1 + Poisson(.5) times, each of a customer's orders of the same amount."""
    told = {}
    for n, m in HOLDOUTS[:3]:
        plain, gated, passed = [], [], 0
        for _ in range(RUNS):
            sides = [_baskets(rng, size) for size in (n, m)]
            d = [np.asarray(1.0 + rng.poisson(0.5, len(side)), dtype=np.float64) for side in sides]
            if not len(sides[0]):
                continue
            arms = [replace(Moments.of(y * k, d=k), n=size) for y, k, size in zip(sides, d, (n, m), strict=True)]
            plain.append(welch(difference(pair(BASKET, *arms))))
            of, by_welch = _gated(BASKET, (arms[0], arms[1]), Values(sides[0] * d[0], sides[1] * d[1], n, m, (d[0], d[1])))
            gated.append(of)
            passed += by_welch
        told[f"{n:,} / {m:,}"] = {"welch": _shares(plain, 0.0), "gated": _shares(gated, 0.0), "passes": round(passed / RUNS, 3)}
    return told


WORLDS: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "means": means,
    "one_sided": one_sided,
    "proportions": proportions,
    "skewed": skewed,
    "permutation": permutation_coverage,
    "ratio": ratio,
    "cuped": cuped,
    "peeking": peeking,
    "sizes": sizes,
    "non_delivery": non_delivery,
    "bayes": bayes,
    "periods": periods,
    "comparisons": comparisons,
    "segments": segments,
    "ratio_skewed": ratio_skewed,
}


def tables(told: dict[str, Any]) -> dict[str, str]:
    """The tables of docs/methods/experiments.md, by world."""
    ends = ("above", "below", "holds")

    def shown(of: dict[str, float]) -> str:
        return " | ".join(f"{of[end]:.4f}" for end in ends)

    made = {}
    for world in ("means", "permutation"):
        head = "| world | effect | above | below | holds the truth |\n|---|---|---|---|---|\n"
        rows = [f"| {name} | {kind} | {shown(of)} |" for name, found in told[world].items() for kind, of in found.items()]
        made[world] = head + "\n".join(rows)
    head = "| customers, share | above | below | holds 0 | read by Welch |\n|---|---|---|---|---|\n"
    made["proportions"] = head + "\n".join(f"| {name} | {shown(of)} | {of['welch']:.3f} |" for name, of in told["proportions"].items())
    head = '| holdout / treated | Welch: false alarms | of them "good" | gated: false alarms | of them "good" | read by Welch |\n'
    rows = [
        f"| {name}{per} | {1 - of['welch']['holds']:.4f} | {of['welch']['above']:.4f} | {1 - of['gated']['holds']:.4f} | "
        f"{of['gated']['above']:.4f} | {of['passes']:.3f} |"
        for world, per in (("skewed", ""), ("ratio_skewed", ", per order"))
        for name, of in told[world].items()
    ]
    made["skewed"] = head + "|---|---|---|---|---|---|\n" + "\n".join(rows)
    head = "| world | method | above | below | holds the truth |\n|---|---|---|---|---|\n"
    rows = [f"| {what} {kind} | {kind_of} | {shown(of)} |" for what, kind, kind_of, of in _rows(told)]
    made["others"] = head + "\n".join(rows)
    return made


def _rows(told: dict[str, Any]) -> Iterable[tuple[str, str, str, dict[str, float]]]:
    for method in ("delta", "cuped"):
        for kind, of in told["ratio"][method].items():
            yield "ratio,", kind, method, of
    for kind, of in ((k, told["cuped"][k]) for k in ("absolute", "relative")):
        yield "CUPED,", kind, "cuped", of
    for kind, found in told["non_delivery"].items():
        for method, of in found.items():
            yield "non-delivery,", kind, method.replace("_", " "), of
    for method in ("by_period", "added_up"):
        yield "changing shares,", "no effect", method.replace("_", " "), told["periods"][method]


def sentences(told: dict[str, Any]) -> list[str]:
    """What docs/methods/experiments.md says in words."""
    wrong = 1 - told["ratio"]["delta"]["absolute"]["holds"]
    peeking, bayes_, many, size = told["peeking"], told["bayes"], told["comparisons"], told["sizes"]
    return [
        f"{told['runs']:,} runs",
        f"({told['draws']} draws)",
        f"false alarms {told['one_sided']['above']:.4f}",
        f"calls {wrong:.3f} of experiments without effect significant, a t test of the orders {told['ratio']['per_order_t_test']:.3f}",
        f"falls to {told['cuped']['variance']:.3f} of what it was, for a ratio to {told['ratio']['cuped_variance']:.3f}",
        f"{peeking['width']:.2f} times the fixed interval",
        f"fixed test {peeking['fixed']:.4f}, confidence sequence {peeking['confidence_sequence']:.4f}, mSPRT {peeking['mixture_test']:.4f}",
        f"intervals hold {bayes_['normal_holds']:.4f} of them",
        f"it is {bayes_['chance_told']:.3f} on average and comes true in {bayes_['chance_came']:.3f}",
        f"the loss told is {bayes_['loss_told']:.4f} and the loss that came {bayes_['loss_came']:.4f}",
        f"Uniform shares: {bayes_['beta_holds']:.4f} held",
        "by twice that: " + ", ".join(f"{share:.3f}" for share in told["segments"].values()),
        f"any alarm in {many['raw_any']:.4f} raw, {many['holm_any']:.4f} by Holm",
        f"{many['bh_false']:.4f} of those found",
        f"the variance is {told['periods']['cost']:.2f} times that of equal arms, so it takes {told['periods']['cost']:.2f} times",
        f"called wrong in {size['50%']:.4f}, one of 51 % of 10,000 customers in {size['51%']:.4f}",
    ]
