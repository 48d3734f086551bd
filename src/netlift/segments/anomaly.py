"""How unusual each customer is, and in what (notes/segmentation.md 8).

A Gaussian mixture is fitted on one half and scores the other; the score is the share of that other half that is likelier.
Each half is scored by the model it was not part of. The fitted scorers are frozen: a score is the same alone and in a batch.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from netlift.records import Feature, Floats, Texts

LARGEST_HALF = 20_000
UNUSUAL = 0.95  # score from which a reason is given
FAR = 0.95  # share of customers below (or above) from which one feature alone is called unusual


@dataclass(frozen=True, slots=True)
class Scorer:
    """A mixture fitted on one half and the sorted unusualness of the other, the reference."""

    center: Floats  # (p,) median and spread of the fitting half
    spread: Floats
    mixture: GaussianMixture
    reference: Floats  # (r,) sorted -log-likelihood

    def score(self, bent: Floats) -> Floats:
        """Share of the reference that is less unusual, 0..1, for customers after log and logit, (n, p)."""
        unusual = _unusual(self.mixture, bent, self.center, self.spread)
        return np.asarray(np.searchsorted(self.reference, unusual, side="left") / len(self.reference))


def scores(bent: Floats, seed: int) -> Floats:
    """Anomaly score of all customers, (n,), from features after log and logit, unclipped, (n, p)."""
    order = np.random.default_rng([seed, 61]).permutation(len(bent))
    one, two = order[: len(order) // 2], order[len(order) // 2 :]
    score = np.empty(len(bent))
    score[two] = fit(bent[one], reference=bent[two], seed=seed).score(bent[two])
    score[one] = fit(bent[two], reference=bent[one], seed=seed).score(bent[one])
    return score


def fit(bent: Floats, *, reference: Floats, seed: int) -> Scorer:
    """Fit on one half, (n, p); percentiles come from the other, (r, p)."""
    bent = bent[:LARGEST_HALF]
    center, spread = _center_and_spread(bent)
    n, p = bent.shape
    components = int(np.clip(n // (20 * p), 1, 6))  # each keeps 20 customers a feature for its covariance
    mixture = GaussianMixture(components, covariance_type="full", reg_covar=1e-2, max_iter=60, tol=3e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(_robust(bent, center, spread))
    return Scorer(center, spread, mixture, np.sort(_unusual(mixture, reference, center, spread)))


def _unusual(mixture: GaussianMixture, bent: Floats, center: Floats, spread: Floats) -> Floats:
    return -np.asarray(mixture.score_samples(_robust(bent, center, spread)))


def _robust(bent: Floats, center: Floats, spread: Floats) -> Floats:
    """Scaled by median and spread. Beyond 1,000 spreads all are equally far: covariances of larger numbers are not exact."""
    return np.clip((bent - center) / spread, -1000, 1000)


def _center_and_spread(bent: Floats) -> tuple[Floats, Floats]:
    """Median and interquartile range; the standard deviation where most customers are equal."""
    low, middle, high = np.quantile(bent, [0.25, 0.5, 0.75], axis=0)
    sd = bent.std(axis=0)
    spread = np.where(high > low, high - low, np.where(sd > 0, sd, 1.0))
    return middle, spread


def reasons(score: Floats, raw: Floats, features: tuple[Feature, ...]) -> Texts:
    """The most unusual facts of each unusual customer in words, (n,), "" for the others; raw features (n, p)."""
    texts = np.full(len(score), "", dtype=object)
    rows = np.flatnonzero(score >= UNUSUAL)
    ordered = np.sort(raw, axis=0)
    below, above = np.empty((len(rows), raw.shape[1])), np.empty((len(rows), raw.shape[1]))
    for j in range(raw.shape[1]):
        below[:, j] = np.searchsorted(ordered[:, j], raw[rows, j], side="left") / len(raw)
        above[:, j] = 1 - np.searchsorted(ordered[:, j], raw[rows, j], side="right") / len(raw)
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
    shown = np.floor(share * 1000) / 10  # never rounded up to 100 %
    amount = f"{100 * value:.1f} %" if feature.unit == "share" else f"{value:,.4g} {feature.unit}".strip()
    return f"{feature.name} {amount}: {direction} than {shown:.1f} % of customers"
