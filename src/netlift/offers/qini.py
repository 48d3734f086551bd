"""The Qini coefficient: does the order by predicted effect find the customers whom a contact moves?

One definition: customers sorted by score, best first; phi = share of customers so far, G(phi) = phi (mean y of the treated among
them - mean y of the controls among them), 0 while an arm has fewer than 50 there; Q = integral of G - G(1) / 2 (Radcliffe 2007).
G(1) is the average effect. Other packages normalise otherwise: their numbers cannot be compared with these.

Scores of different folds come from different models, so customers are ranked within their fold. Intervals are Poisson bootstraps
(weights of mean 1) with the scores held fixed; for two scores the same draws make a paired interval. The models of the folds share most
of what they learnt from, so that luck in one fold is luck in all: without this 8 of the 150 orders of the test would be called better than
chance. Deviations are therefore widened by the square root of 1 + K n_scored / n_learnt, 1.5 for five folds (Nadeau and Bengio 2003,
"Inference for the generalization error", equation 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.offers.folds import FOLDS
from netlift.records import Floats, Ints

DRAWS = 200
WIDER = (1 + FOLDS / (FOLDS - 1)) ** 0.5
FEWEST = 50  # customers of each arm before G is anything but noise


@dataclass(frozen=True, slots=True)
class Qini:
    """The coefficient in units of the outcome per customer, with a 95 % interval."""

    q: float
    low: float
    high: float
    draws: Floats  # (DRAWS,) bootstrap values, paired between scores of the same customers

    @property
    def found(self) -> bool:
        """Whether the order is better than chance."""
        return self.low > 0


def ranks(score: Floats, fold: Ints, *, seed: int) -> Floats:
    """Rank of each customer within his fold as a share, ties at random, (n,); high = best."""
    rng = np.random.default_rng([seed, 94])
    found = np.empty(len(score))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        order = np.lexsort((rng.random(len(rows)), score[rows]))
        found[rows[order]] = (np.arange(len(rows)) + 0.5) / len(rows)
    return found


def qini(rank: Floats, treated: Ints, y: Floats, *, seed: int) -> Qini:
    """The coefficient of an order; rank, treated (0/1) and outcome y are (n,)."""
    order = np.argsort(-rank, kind="stable")
    t, outcome = treated[order].astype(float), y[order]
    rng = np.random.default_rng([seed, 95])
    q = _coefficient(t, outcome, np.ones(len(t)))
    drawn = np.array([_coefficient(t, outcome, rng.poisson(1.0, len(t)).astype(float)) for _ in range(DRAWS)])
    drawn = q + WIDER * (drawn - q)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Qini(q, float(low), float(high), drawn)


def _coefficient(t: Floats, y: Floats, weight: Floats) -> float:
    """Q of customers in order, each counted `weight` times."""
    n1, n0 = np.cumsum(weight * t), np.cumsum(weight * (1 - t))
    y1, y0 = np.cumsum(weight * t * y), np.cumsum(weight * (1 - t) * y)
    phi = np.cumsum(weight) / weight.sum()
    enough = (n1 > FEWEST) & (n0 > FEWEST)
    gain = np.where(enough, phi * (y1 / np.maximum(n1, 1) - y0 / np.maximum(n0, 1)), 0.0)
    return float(np.sum(gain * weight) / weight.sum() - gain[-1] / 2)
