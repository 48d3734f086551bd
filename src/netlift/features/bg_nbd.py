"""How often a customer will buy: the BG/NBD model.

Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), with their letters: while active, a
customer buys at random with rate lambda; after each purchase he becomes inactive with probability p; lambda ~ Gamma(r, alpha) and
p ~ Beta(a, b), independent. A customer's data are x repeat purchases (days with a purchase after the first), t_x the time of the
last one and T the time watched, both counted from the first purchase. Times are in any one unit; alpha has the same.

Assumes: purchases without season, nobody comes back once inactive, everybody could buy from the first purchase on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, digamma, expit, gammaln

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints

FEWEST_REPEATERS = 30  # customers with a repeat purchase, below which four parameters are a guess
START = np.log([1.0, 5.0, 1.0, 2.0])
BOUND = 9.0  # of the logs of the parameters
NEAR = 1e-4  # the expectation has removable singularities at a = 1 and a + b + x = 1: it is taken so far beside them
TERMS = 100_000  # of the hypergeometric series at most


@dataclass(frozen=True, slots=True)
class Histories:
    """Purchase histories, customers with the same one together: arrays (m,)."""

    x: Floats
    t_x: Floats
    T: Floats
    count: Floats  # customers with this history

    @staticmethod
    def of(x: Floats, t_x: Floats, T: Floats) -> tuple[Histories, Ints]:
        """The distinct histories of n customers, and each customer's place among them, (n,)."""
        cells, place, count = np.unique(np.column_stack([x, t_x, T]), axis=0, return_inverse=True, return_counts=True)
        return Histories(cells[:, 0], cells[:, 1], cells[:, 2], count.astype(float)), np.asarray(place, dtype=np.int64).ravel()


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Fitted parameters; alpha in the data's unit of time."""

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, h: Histories) -> float:
        """Of all customers."""
        return float(h.count @ _log_likelihood(np.log([self.r, self.alpha, self.a, self.b]), h))

    def alive(self, h: Histories) -> Floats:
        """P(active at T), (m,); 1 for customers without repeat purchase, as the model has it (equation 7's denominator)."""
        again = np.maximum(h.x, 1)
        odds = np.log(self.a / (self.b + again - 1)) + (self.r + h.x) * np.log((self.alpha + h.T) / (self.alpha + h.t_x))
        return np.where(h.x > 0, expit(-odds), 1.0)

    def purchases(self, h: Histories, horizon: float) -> Floats:
        """Expected purchases in (T, T + horizon], (m,): equation 10, its hypergeometric function after Euler's transformation.

        With z = H / (alpha + T + H) the power and the function are (1 - z)^(a-1) 2F1(a+b-1-r, a-1; a+b+x-1; z), whose parameters
        do not grow with x: nothing overflows for customers with thousands of purchases.
        """
        a = self.a if abs(self.a - 1) > NEAR else 1 + NEAR
        c = a + self.b + h.x - 1
        c = np.where(np.abs(c) > NEAR, c, NEAR)
        z = horizon / (self.alpha + h.T + horizon)
        tail = (1 - z) ** (a - 1) * _hypergeometric(a + self.b - 1 - self.r, a - 1, c, z)
        return np.maximum(self.alive(h) * c / (a - 1) * (1 - tail), 0.0)

    def counts(self, h: Histories, horizon: float, most: int) -> Floats:
        """P(y purchases in (T, T + horizon]), (m, most + 1) for y = 0..most, the last with all that is above.

        Given that a customer is active, lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x) are independent, so the y purchases
        are a negative binomial N cut short: he buys y times and stays, E[(1-p)^y] P(N = y), or goes at the y-th,
        E[p (1-p)^(y-1)] P(N >= y).
        """
        y, b = np.arange(most + 1), self.b + h.x[:, None]
        shape, stays = self.r + h.x[:, None], ((self.alpha + h.T) / (self.alpha + h.T + horizon))[:, None]
        n = np.exp(gammaln(shape + y) - gammaln(shape) - gammaln(y + 1) + shape * np.log(stays) + y * np.log1p(-stays))
        at_least = np.maximum(1 - np.cumsum(n, axis=1) + n, 0.0)
        whole = betaln(self.a, b)
        goes = np.exp(betaln(self.a + 1, b + np.maximum(y, 1) - 1) - whole) * (y > 0)
        given_active = np.exp(betaln(self.a, b + y) - whole) * n + goes * at_least
        found = self.alive(h)[:, None] * given_active
        found[:, 0] += 1 - self.alive(h)
        found[:, most] += np.maximum(1 - found.sum(axis=1), 0.0)
        return np.asarray(found)


def fit(h: Histories) -> BgNbd:
    """Maximum likelihood (equation 6) over distinct histories.

    Raises:
        NotEnoughData: too few customers came back, or the likelihood has no maximum inside the bounds.
    """
    repeaters = float(h.count[h.x > 0].sum())
    if repeaters < FEWEST_REPEATERS:
        raise NotEnoughData(
            f"{repeaters:.0f} customers bought again, and {FEWEST_REPEATERS} are needed to fit how often customers come back; "
            f"{FEWEST_REPEATERS - repeaters:.0f} more."
        )
    total = float(h.count.sum())

    def loss(theta: Floats) -> tuple[float, Floats]:
        value, slope = _log_likelihood(theta, h), _slope(theta, h)
        return -float(h.count @ value) / total, -(slope @ h.count) / total

    best = min(
        (
            minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-BOUND, BOUND)] * 4, options={"ftol": 1e-13, "gtol": 1e-9})
            for start in _starts(h)
        ),
        key=lambda found: found.fun,
    )
    if not np.isfinite(best.fun) or np.abs(best.x).max() > BOUND - 0.01:
        raise NotEnoughData(
            "How often customers come back follows no BG/NBD model: its likelihood has no maximum at finite parameters "
            f"(r, alpha, a, b = {', '.join(f'{v:.3g}' for v in np.exp(best.x))}); use plain rates."
        )
    r, alpha, a, b = np.exp(best.x)
    return BgNbd(float(r), float(alpha), float(a), float(b))


def _hypergeometric(a: float, b: float, c: Floats, z: Floats) -> Floats:
    """2F1(a, b; c; z) by its series, 0 <= z < 1, (m,); SciPy's turns infinite for large c.

    Terms are added until no further one changes a sum, so that a customer's figure is the same in any company.
    """
    term = np.ones(len(z))
    total = np.ones(len(z))
    for k in range(TERMS):
        term = term * ((a + k) * (b + k) / (k + 1)) / (c + k) * z
        total += term
        if (np.abs(term) <= 5e-17 * np.abs(total) * (1 - z)).all():
            break
    return total


def _starts(h: Histories) -> list[Floats]:
    """Two starts; alpha in the data's unit of time."""
    unit = np.log(max(float(np.average(h.T, weights=h.count)), 1e-6) / 6)
    return [START + np.array([0, unit - START[1], 0, 0]), np.array([-1.0, unit, 0.0, 1.0])]


def _log_likelihood(theta: Floats, h: Histories) -> Floats:
    """Of one customer with each history, (m,)."""
    r, alpha, a, b = np.exp(theta)
    active = betaln(a, b + h.x) - (r + h.x) * np.log(alpha + h.T)
    again = np.maximum(h.x, 1)
    gone = np.where(h.x > 0, betaln(a + 1, b + again - 1) - (r + h.x) * np.log(alpha + h.t_x), -np.inf)
    common = gammaln(r + h.x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return np.asarray(common + np.logaddexp(active, gone))


def _slope(theta: Floats, h: Histories) -> Floats:
    """Of each history's log-likelihood by the logs of (r, alpha, a, b), (4, m).

    With w the probability that the customer is gone, given his history, the slope is that of the two cases, weighted.
    """
    r, alpha, a, b = np.exp(theta)
    again = np.maximum(h.x, 1)
    active = betaln(a, b + h.x) - (r + h.x) * np.log(alpha + h.T)
    gone = betaln(a + 1, b + again - 1) - (r + h.x) * np.log(alpha + h.t_x)
    w = np.where(h.x > 0, expit(gone - active), 0.0)
    both = digamma(a + b + h.x)
    by_r = digamma(r + h.x) - digamma(r) + np.log(alpha) - (1 - w) * np.log(alpha + h.T) - w * np.log(alpha + h.t_x)
    by_alpha = r / alpha - (r + h.x) * ((1 - w) / (alpha + h.T) + w / (alpha + h.t_x))
    by_a = digamma(a + b) - digamma(a) + (1 - w) * digamma(a) + w * digamma(a + 1) - both
    by_b = digamma(a + b) - digamma(b) + (1 - w) * digamma(b + h.x) + w * digamma(b + again - 1) - both
    return np.stack([by_r * r, by_alpha * alpha, by_a * a, by_b * b])


def covariance(model: BgNbd, h: Histories) -> Floats:
    """Of the logs of the fitted (r, alpha, a, b), (4, 4): the inverse of the observed information, by central differences."""
    theta, step = np.log([model.r, model.alpha, model.a, model.b]), 1e-3
    ways = np.eye(len(theta)) * step

    def at(point: Floats) -> float:
        return -float(h.count @ _log_likelihood(point, h))

    hessian = np.array([[at(theta + i + j) - at(theta + i - j) - at(theta - i + j) + at(theta - i - j) for j in ways] for i in ways]) / (
        4 * step**2
    )
    return np.asarray(np.linalg.pinv(hessian, hermitian=True))
