"""How often planned tests find what they were planned for: simulated beside planned power, for every metric and design."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from netlift.experiments import Design, Metric, metric_of, size, size_of_revenue
from netlift.experiments.levels import always_valid
from netlift.experiments.sizing import Sizing
from netlift.records import Floats

RUNS, BATCH, PILOT = 6000, 500, 2_000_000
PERMUTED, DRAWS = 3000, 399
LOOKS, MANY = 20, 200_000

Pair = tuple[Floats, Floats]  # p value, difference; (runs,)


def run() -> dict[str, Any]:
    """Planned and simulated power of each case, its size, and false alarms of what corrects for several looks or arms."""
    before = time.process_time()
    cases = {name: case(np.random.default_rng(number)) for number, (name, case) in enumerate(CASES.items(), start=1)}
    return {"runs": RUNS, "runs_permuted": PERMUTED, "cases": cases, "cpu_seconds": round(time.process_time() - before)}


def _told(sized: Sizing, simulated: float, **more: float) -> dict[str, float]:
    told = {"n_per_arm": sized.n_per_arm, "n_control": sized.n_control, "planned": sized.power, "simulated": simulated, **more}
    return {name: value if isinstance(value, int) else round(float(value), 4) for name, value in told.items()}


def _batches() -> Iterator[int]:
    yield from (BATCH for _ in range(RUNS // BATCH))


def _welch(control: Floats, treated: Floats) -> Pair:
    """Welch's test of each row."""
    a, b = control.var(axis=1, ddof=1) / control.shape[1], treated.var(axis=1, ddof=1) / treated.shape[1]
    difference = treated.mean(axis=1) - control.mean(axis=1)
    freedom = (a + b) ** 2 / (a**2 / (control.shape[1] - 1) + b**2 / (treated.shape[1] - 1))
    return 2 * stdtr(freedom, -np.abs(difference) / np.sqrt(a + b)), difference


def _found(test: Callable[[int], Pair], level: float) -> float:
    return float(np.mean([np.mean(test(rows)[0] < level) for rows in _batches()]))


def _mean(rng: np.random.Generator, share: float | None = None) -> dict[str, float]:
    """Gamma values of skewness 1.4: mean 10, sd √50, +1."""
    sized = size(Design(Metric("mean", 10, 50**0.5), control_share=share), effect=1)

    def test(rows: int) -> Pair:
        return _welch(rng.gamma(2, 5, (rows, sized.n_control)), rng.gamma(2, 5, (rows, sized.n_per_arm)) + 1)

    return _told(sized, _found(test, 0.05))


def _proportion(rng: np.random.Generator, share: float | None = None) -> dict[str, float]:
    sized = size(Design(Metric("proportion", 0.05, 1), control_share=share), effect=0.01)
    n, m = sized.n_control, sized.n_per_arm
    a, b = rng.binomial(n, 0.05, RUNS) / n, rng.binomial(m, 0.06, RUNS) / m
    pooled = (a * n + b * m) / (n + m)
    return _told(sized, float(np.mean(np.abs(b - a) > 1.959964 * np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)))))


def _orders(rng: np.random.Generator, *shape: int, rise: float = 0.0) -> tuple[Floats, Floats]:
    """Revenue and orders of customers (experiments.md section 9); the revenue of an order rises by a share."""
    k = rng.poisson(2 * rng.lognormal(0, 0.6, shape)).astype(float)
    return 10 * (1 + rise) * k * rng.gamma(2, 1, shape) * rng.lognormal(0, 0.1, shape), k


def _ratio(rng: np.random.Generator) -> dict[str, float]:
    y, d = _orders(rng, PILOT)
    metric = metric_of(y, "ratio", of=d)
    sized = size(Design(metric), effect=0.05 * metric.baseline)

    def of(y: Floats, d: Floats) -> tuple[Floats, Floats]:
        ratio = y.sum(axis=1) / d.sum(axis=1)
        each = (y - ratio[:, None] * d) / d.mean(axis=1)[:, None]
        return ratio, each.var(axis=1, ddof=1) / y.shape[1]

    def test(rows: int) -> Pair:
        (a, v), (b, w) = of(*_orders(rng, rows, sized.n_control)), of(*_orders(rng, rows, sized.n_per_arm, rise=0.05))
        return 2 * stdtr(sized.total - 2, -np.abs(b - a) / np.sqrt(v + w)), b - a

    return _told(sized, _found(test, 0.05))


def _before(rng: np.random.Generator, *shape: int) -> tuple[Floats, Floats]:
    """Spend before and now (experiments.md section 9)."""
    x = rng.gamma(1, 20, shape) * (rng.random(shape) < 0.5)
    return x, 0.6 * x + rng.gamma(1, 16, shape) * (rng.random(shape) < 0.5)


def _cuped(rng: np.random.Generator) -> dict[str, float]:
    x, y = _before(rng, PILOT)
    design = Design(metric_of(y, "mean"), covariate_correlation=float(np.corrcoef(x, y)[0, 1]))
    sized = size(design, effect=2)

    def test(rows: int) -> Pair:
        (x, y), (w, z) = _before(rng, rows, sized.n_control), _before(rng, rows, sized.n_per_arm)
        both, now = np.hstack([x, w]), np.hstack([y, z + 2])
        deviation = both - both.mean(axis=1, keepdims=True)
        theta = (deviation * now).sum(axis=1, keepdims=True) / (deviation**2).sum(axis=1, keepdims=True)
        return _welch(y - theta * x, z + 2 - theta * w)

    return _told(sized, _found(test, 0.05), share_of_variance_left=1 - design.covariate_correlation**2)


def _clusters(rng: np.random.Generator) -> dict[str, float]:
    """Shops of 20 customers on average (cv 0.5, gamma), intraclass correlation 0.05; total variance 1, +0.15; shops are drawn."""
    design = Design(Metric("mean", 0, 1), cluster_size=20, cluster_cv=0.5, icc=0.05)
    sized = size(design, effect=0.15)
    shops = round(sized.n_per_arm / 20)

    def arm(rows: int, rise: float) -> tuple[Floats, Floats]:
        n = np.maximum(np.round(rng.gamma(4, 5, (rows, shops))), 1)
        y = n * (rise + rng.normal(0, 0.05**0.5, n.shape)) + np.sqrt(0.95 * n) * rng.normal(size=n.shape)
        mean = y.sum(axis=1) / n.sum(axis=1)
        each = (y - mean[:, None] * n) / n.mean(axis=1)[:, None]
        return mean, each.var(axis=1, ddof=1) / shops

    def test(rows: int) -> Pair:
        (a, v), (b, w) = arm(rows, 0.0), arm(rows, 0.15)
        return 2 * stdtr(2 * shops - 2, -np.abs(b - a) / np.sqrt(v + w)), b - a

    return _told(sized, _found(test, 0.05), design_effect=design.design_effect)


def _arms(rng: np.random.Generator) -> dict[str, float]:
    """Three arms of normal values against a control of the best share; false alarms with no effect anywhere, 200,000 runs."""
    sized = size(Design(Metric("mean", 0, 1), arms=4, control_share=1 / (1 + 3**0.5)), effect=0.25)

    def arm(n: int) -> tuple[Floats, Floats]:  # mean, and its variance as estimated
        return rng.normal(size=MANY) / np.sqrt(n), rng.chisquare(n - 1, MANY) / (n - 1) / n

    (mean, spread), others = arm(sized.n_control), [arm(sized.n_per_arm) for _ in range(3)]
    limit = stdtrit(sized.n_control + sized.n_per_arm - 2, 1 - sized.level / 2)
    t = [(m - mean) / np.sqrt(v + spread) for m, v in others]
    found = np.abs(t[0] + 0.25 / np.sqrt(others[0][1] + spread)) > limit
    return _told(sized, float(found.mean()), false_alarms=float(np.mean(np.max(np.abs(t), axis=0) > limit)))


def _looks(rng: np.random.Generator) -> dict[str, float]:
    """Normal values read 20 times, always valid: found at the last look, at any look, and false alarms at any look."""
    sized = size(Design(Metric("mean", 0, 1), always_valid=True), effect=0.2)
    n = np.linspace(sized.n_per_arm / LOOKS, sized.n_per_arm, LOOKS).astype(int)
    c = -2 * np.log(0.05) + np.log(-2 * np.log(0.05) + 1)
    k = n / n[-1] * c + 1  # N·ρ² + 1 with n* = the planned customers
    limit = np.sqrt(2 * k / (k - 1) * np.log(np.sqrt(k) / 0.05))
    steps = np.diff(n, prepend=0)
    sums = np.cumsum(rng.normal(size=(RUNS, LOOKS)) * np.sqrt(2 * steps), axis=1)
    wrong = np.abs(sums) / np.sqrt(2 * n) > limit
    right = np.abs(sums + 0.2 * n) / np.sqrt(2 * n) > limit
    assert abs(2 * stdtr(1e9, -limit[-1]) - always_valid(0.05)) < 1e-6
    return _told(sized, float(right[:, -1].mean()), at_any_look=right.any(axis=1).mean(), false_alarms=wrong.any(axis=1).mean())


def _amounts(rng: np.random.Generator, n: int, rise: float = 0.0) -> Floats:
    """Values of the buyers among n customers (experiments.md section 8): 3 %, lognormal(3.5, 1.3)."""
    return np.asarray((1 + rise) * rng.lognormal(3.5, 1.3, rng.binomial(n, 0.03)))


def _revenue(rng: np.random.Generator, rise: float, share: float | None = None) -> dict[str, float]:
    """Amounts that change by a share; Welch's test, or the studentised permutation test where the plan says so."""
    y = np.zeros(PILOT)
    some = _amounts(rng, PILOT)
    y[: len(some)] = some
    metric = metric_of(y, "revenue")
    sized = size_of_revenue(y, Design(metric, control_share=share), effect=rise * metric.baseline)
    tested = _permuted if sized.test == "permutation" else _by_welch
    runs = PERMUTED if sized.test == "permutation" else RUNS
    n, m = sized.n_control, sized.n_per_arm
    p = [tested(rng, _amounts(rng, n), _amounts(rng, m, rise), n, m) for _ in range(runs)]
    q = [tested(rng, _amounts(rng, n), _amounts(rng, m), n, m) for _ in range(1000)]  # enough to see a level that is wrong
    return _told(sized, float(np.mean(np.array(p) <= 0.05)), false_alarms=float(np.mean(np.array(q) <= 0.05)), skewness=sized.skewness or 0)


def _t(s: Floats, ss: Floats, t: Floats, tt: Floats, n: int, m: int) -> Floats:
    a, b = (ss - s**2 / n) / (n - 1) / n, (tt - t**2 / m) / (m - 1) / m
    return np.asarray((t / m - s / n) / np.sqrt(a + b))


def _by_welch(_: np.random.Generator, control: Floats, treated: Floats, n: int, m: int) -> float:
    t = _t(control.sum(), (control**2).sum(), treated.sum(), (treated**2).sum(), n, m)
    return float(2 * stdtr(n + m - 2, -abs(t)))


def _permuted(rng: np.random.Generator, control: Floats, treated: Floats, n: int, m: int) -> float:
    w = np.concatenate([control, treated])
    seen = _t(control.sum(), (control**2).sum(), treated.sum(), (treated**2).sum(), n, m)
    k = rng.hypergeometric(len(w), n + m - len(w), n, DRAWS)
    value = w[rng.random((DRAWS, len(w)), dtype=np.float32).argpartition(k.max(), axis=1)[:, : k.max()]]
    value = rng.permuted(value, axis=1)
    inside = np.arange(k.max()) < k[:, None]
    s, ss = (value * inside).sum(axis=1), (value**2 * inside).sum(axis=1)
    t = _t(s, ss, w.sum() - s, (w**2).sum() - ss, n, m)
    return float(min(1.0, 2 * min(1 + np.sum(t >= seen), 1 + np.sum(t <= seen)) / (DRAWS + 1)))


CASES: dict[str, Callable[[np.random.Generator], dict[str, float]]] = {
    "mean, equal arms": _mean,
    "mean, control 20 %": lambda rng: _mean(rng, 0.2),
    "proportion, equal arms": _proportion,
    "proportion, control 10 %": lambda rng: _proportion(rng, 0.1),
    "ratio": _ratio,
    "CUPED": _cuped,
    "clusters of unequal size": _clusters,
    "three arms, Dunnett": _arms,
    "always valid, 20 looks": _looks,
    "revenue +50 %, equal arms": lambda rng: _revenue(rng, 0.5),
    "revenue +50 %, control 10 %": lambda rng: _revenue(rng, 0.5, 0.1),
    "revenue −40 %, control 10 %": lambda rng: _revenue(rng, -0.4, 0.1),
}
