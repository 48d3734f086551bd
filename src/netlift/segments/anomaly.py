"""How unusual each customer is, and in what (notes/segmentation.md 8).

Two Gaussian mixtures are fitted, each on one half of the customers, and a customer is as unusual as the one says to whom he is
stranger: nobody hides by having shaped the model. The score is the share of a frozen reference that is less unusual. Nothing depends
on who else is scored.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from netlift.records import Feature, Floats, Texts
from netlift.segments import mixtures
from netlift.segments.partition import Mixture

LARGEST_HALF = 10_000
UNUSUAL = 0.95  # score from which a reason is given
FAR = 0.95  # share of customers below (or above) from which one feature alone is called unusual
GRID = 10_001  # order statistics that stand for a distribution


@dataclass(frozen=True, slots=True)
class Half:
    """A mixture fitted on one half of the customers, after scaling by median and spread."""

    center: Floats  # (p,) median and spread of that half
    spread: Floats
    mixture: Mixture

    def unusual(self, bent: Floats) -> Floats:
        """Negative log-likelihood of customers after log and logit, (n,) from (n, p).

        Beyond 1,000 spreads all are equally far: covariances of larger numbers are not exact.
        """
        return -self.mixture.log_likelihood(np.clip((bent - self.center) / self.spread, -1000, 1000))


@dataclass(frozen=True, slots=True)
class Scorer:
    """The frozen anomaly score."""

    halves: tuple[Half, Half]
    reference: Floats  # (r,) sorted unusualness of the customers it was fitted on

    def score(self, bent: Floats) -> Floats:
        """Share of the reference that is less unusual, 0..1, for customers after log and logit, unclipped, (n, p)."""
        return np.asarray(np.searchsorted(self.reference, _unusual(self.halves, bent), side="left") / len(self.reference))


def fit(bent: Floats, *, seed: int) -> Scorer:
    """Fit on customers after log and logit, unclipped, (n, p)."""
    order = np.random.default_rng([seed, 61]).permutation(len(bent))
    halves = (_half(bent[order[: len(order) // 2]], seed), _half(bent[order[len(order) // 2 :]], seed))
    return Scorer(halves, grid(_unusual(halves, bent[order[: 2 * LARGEST_HALF]])))


def grid(numbers: Floats) -> Floats:
    """Sorted numbers, thinned to at most 10,001 evenly spaced ranks; least and largest stay."""
    ordered = np.sort(numbers)
    return ordered if len(ordered) <= GRID else ordered[np.linspace(0, len(ordered) - 1, GRID).round().astype(np.int64)]


def _unusual(halves: tuple[Half, Half], bent: Floats) -> Floats:
    return np.maximum(halves[0].unusual(bent), halves[1].unusual(bent))


def _half(bent: Floats, seed: int) -> Half:
    bent = bent[:LARGEST_HALF]
    center, spread = _center_and_spread(bent)
    n, p = bent.shape
    components = int(np.clip(n // (20 * p), 1, 6))  # each keeps 20 customers a feature for its covariance
    mixture = GaussianMixture(components, covariance_type="full", reg_covar=1e-2, max_iter=60, tol=3e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(np.clip((bent - center) / spread, -1000, 1000))
    return Half(center, spread, mixtures.frozen(mixture))


def _center_and_spread(bent: Floats) -> tuple[Floats, Floats]:
    """Median and interquartile range; the standard deviation where most customers are equal."""
    low, middle, high = np.quantile(bent, [0.25, 0.5, 0.75], axis=0)
    sd = bent.std(axis=0)
    spread = np.where(high > low, high - low, np.where(sd > 0, sd, 1.0))
    return middle, spread


def reasons(score: Floats, raw: Floats, features: tuple[Feature, ...], *, grids: tuple[Floats, ...]) -> Texts:
    """The most unusual facts of each unusual customer in words, (n,), "" for the others.

    Args:
        score: anomaly scores, (n,).
        raw: the features in their units, missing values filled, (n, p).
        features: what they mean.
        grids: `grid` of each feature among the customers that count as usual.
    """
    texts = np.full(len(score), "", dtype=object)
    rows = np.flatnonzero(score >= UNUSUAL)
    below, above = np.empty((len(rows), raw.shape[1])), np.empty((len(rows), raw.shape[1]))
    for j, ordered in enumerate(grids):
        below[:, j] = np.searchsorted(ordered, raw[rows, j], side="left") / len(ordered)
        above[:, j] = 1 - np.searchsorted(ordered, raw[rows, j], side="right") / len(ordered)
    for i, row in enumerate(rows):
        texts[row] = _reason(raw[row], below[i], above[i], features)
    return texts


def _reason(raw: Floats, below: Floats, above: Floats, features: tuple[Feature, ...]) -> str:
    extreme = np.maximum(below, above)
    strongest = [j for j in np.argsort(-extreme, kind="stable")[:2] if extreme[j] >= FAR]
    facts = [_fact(features[j], raw[j], float(below[j]), float(above[j])) for j in strongest]
    return "; ".join(facts) or "no single fact stands out: an unusual combination of ordinary ones"


def _fact(feature: Feature, value: float, below: float, above: float) -> str:
    direction, share = ("higher", below) if below >= above else ("lower", above)
    shown = min(np.floor(share * 1000) / 10, 99.9)  # never 100 %: somebody may be beyond everybody seen so far
    amount = f"{100 * value:.1f} %" if feature.unit == "share" else f"{value:,.4g} {feature.unit}".strip()
    return f"{feature.name} {amount}: {direction} than {shown:.1f} % of customers"
