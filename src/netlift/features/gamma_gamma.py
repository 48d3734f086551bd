"""What a customer spends per purchase: the gamma-gamma model.

Fader and Hardie (2013), "The gamma-gamma model of monetary value", with their letters: a customer's purchases are worth
z ~ Gamma(p, nu), and nu ~ Gamma(q, gamma) differs between customers. Data are the mean m of x repeat purchases, x > 0, m > 0.

Assumes that what a customer spends per purchase does not depend on how often he buys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from netlift.errors import NotEnoughData
from netlift.records import Floats

FEWEST = 30  # customers with a repeat purchase
BOUND = 9.0


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Fitted parameters; gamma is in money."""

    p: float
    q: float
    gamma: float

    def mean(self, x: Floats, m: Floats) -> Floats:
        """Expected money per purchase, (n,): p (gamma + x m) / (p x + q - 1), between m and the mean of all customers.

        x = 0 (m is not used) gives the mean of all customers, p gamma / (q - 1).
        """
        spent = np.where(x > 0, x * m, 0.0)
        return np.asarray(self.p * (self.gamma + spent) / (self.p * x + self.q - 1))


def fit(x: Floats, m: Floats) -> GammaGamma:
    """Maximum likelihood (equation 1a of the note) from customers with x > 0 repeat purchases of mean value m > 0, (n,).

    Raises:
        NotEnoughData: too few such customers, or no maximum with a finite mean (q > 1).
    """
    known = (x > 0) & (m > 0)
    if known.sum() < FEWEST:
        raise NotEnoughData(
            f"{int(known.sum())} customers have a repeat purchase with a value, and {FEWEST} are needed to fit what they spend."
        )
    x, m = x[known], m[known]
    unit = float(np.average(m, weights=x))
    scaled = m / unit  # parameters of order 1, whatever the currency

    def loss(theta: Floats) -> tuple[float, Floats]:
        p, q, gamma = np.exp(theta)
        spent, shape = x * scaled, p * x + q
        logs = np.log(gamma + spent)
        value = gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + p * x * np.log(spent) - np.log(scaled) - shape * logs
        by_p = x * (digamma(shape) - digamma(p * x) + np.log(spent) - logs)
        by_q = digamma(shape) - digamma(q) + np.log(gamma) - logs
        by_gamma = q / gamma - shape / (gamma + spent)
        return -float(value.mean()), -np.array([by_p.mean() * p, by_q.mean() * q, by_gamma.mean() * gamma])

    start, options = np.log([2.0, 3.0, 1.0]), {"ftol": 1e-13, "gtol": 1e-9}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-BOUND, BOUND)] * 3, options=options)
    p, q, gamma = np.exp(best.x)
    if not np.isfinite(best.fun) or np.abs(best.x).max() > BOUND - 0.01 or q <= 1:
        raise NotEnoughData(
            f"What customers spend follows no gamma-gamma model with a finite mean (p, q = {p:.3g}, {q:.3g}); use the plain mean of all."
        )
    return GammaGamma(float(p), float(q), float(gamma * unit))
