"""What customers with few facts are believed to do: empirical Bayes, their own facts drawn to the mean of all.

Shares: Dirichlet-multinomial (Minka 2000, "Estimating a Dirichlet distribution"). Rates: gamma-Poisson (negative binomial).
A customer without a fact gets the mean of all; one with many keeps his own figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints, Texts

CONCENTRATIONS = np.geomspace(0.5, 100, 25)  # of the Dirichlet, in facts
BOUND = 12.0  # of the logs of r and alpha


@dataclass(frozen=True, slots=True)
class Tally:
    """How many customers have each number of facts, (m,) each."""

    facts: Ints
    customers: Ints

    @staticmethod
    def of(facts: Ints) -> Tally:
        """Of n customers, (n,)."""
        return Tally(*np.unique(facts, return_counts=True))

    @property
    def total(self) -> int:
        """Facts of all customers together."""
        return int(self.facts @ self.customers)


@dataclass(frozen=True, slots=True)
class Shares:
    """Shrunk shares."""

    share: Floats  # (n, k), rows add up to 1
    pooled: Floats  # (k,) of all customers together
    concentration: float  # how many facts the mean of all weighs
    tier: Texts  # (n,)


@dataclass(frozen=True, slots=True)
class Rates:
    """Shrunk rates, events per unit of exposure, with a 95 % interval."""

    rate: Floats  # (n,)
    low: Floats
    high: Floats
    r: float  # rates differ between customers as Gamma(r, alpha)
    alpha: float  # in units of exposure
    tier: Texts  # (n,)


def shrink_share(counts: Ints) -> Shares:
    """Shares of k kinds from counts (n, k): (x + c g) / (n + c), with g the pooled shares and c by likelihood.

    Raises:
        NotEnoughData: there is no fact at all.
    """
    if counts.sum() == 0:
        raise NotEnoughData(f"{len(counts):,} customers have 0 facts together, and shares need at least 1; leave the shares out.")
    pooled = counts.sum(axis=0) / counts.sum()
    own = counts.sum(axis=1)
    c = concentration(Tally.of(own), [Tally.of(kind) for kind in counts.T])
    return Shares((counts + c * pooled) / (own + c)[:, None], pooled, c, tiers(own.astype(float), c))


def concentration(own: Tally, kinds: Sequence[Tally]) -> float:
    """How many facts the mean of all weighs: c of the likeliest Dirichlet-multinomial, from tallies of all facts and of each kind."""
    return float(max(CONCENTRATIONS, key=lambda c: _share_likelihood(float(c), own, kinds)))


def shrink_rate(events: Ints, exposure: Floats) -> Rates:
    """Rates from events (n,) in exposure (n,) >= 0: the posterior mean (r + x) / (alpha + t), r and alpha by likelihood.

    Raises:
        NotEnoughData: nothing happened to anybody, or something happened without exposure.
    """
    unexposed = int(((events > 0) & ~(exposure > 0)).sum())
    if events.sum() == 0 or unexposed:
        raise NotEnoughData(
            f"{int(events.sum())} events were found, and {unexposed} customers with events but without exposure; rates need at least 1 "
            "event and exposure wherever there is one; leave those customers out."
        )
    (x, t), count = _cells(events, exposure)

    def loss(theta: Floats) -> float:
        r, alpha = np.exp(theta)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha / (alpha + t)) - x * np.log(alpha + t)
        return -float(count @ value) / float(count.sum())

    start = np.log([1.0, exposure.sum() / events.sum()])
    bounds = [(one - BOUND, one + BOUND) for one in start]
    r, alpha = np.exp(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)
    shape, scale = r + events, alpha + exposure
    low, high = (gammaincinv(shape, tail) / scale for tail in (0.025, 0.975))
    return Rates(shape / scale, low, high, float(r), float(alpha), tiers(exposure, float(alpha)))


def tiers(own: Floats, prior: float) -> Texts:
    """Sufficiency per customer, (n,): "prior-only" without own facts, "enough" where they outweigh the mean of all, else "shrunk"."""
    return np.where(own == 0, "prior-only", np.where(own > prior, "enough", "shrunk")).astype(object)


def reliability(first: Floats, second: Floats) -> Floats:
    """Split-half correlation of features measured twice, (n, p) each, to (p,); 0 for a feature that does not vary."""
    one, two = first - first.mean(axis=0), second - second.mean(axis=0)
    spread = np.sqrt((one**2).sum(axis=0) * (two**2).sum(axis=0))
    return np.asarray(np.divide((one * two).sum(axis=0), spread, out=np.zeros(len(spread)), where=spread > 0))


def _share_likelihood(c: float, own: Tally, kinds: Sequence[Tally]) -> float:
    """Dirichlet-multinomial log-likelihood of c, equal counts taken together."""
    total = float(own.customers @ (gammaln(c) - gammaln(c + own.facts)))
    for kind in kinds:
        share = kind.total / own.total
        if share > 0:
            total += float(kind.customers @ (gammaln(kind.facts + c * share) - gammaln(c * share)))
    return total


def _cells(events: Ints, exposure: Floats) -> tuple[tuple[Floats, Floats], Floats]:
    cells, count = np.unique(np.column_stack([events, exposure]), axis=0, return_counts=True)
    return (cells[:, 0], cells[:, 1]), count.astype(float)
