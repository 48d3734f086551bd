"""Gaussian mixtures whose components share one covariance, from starts that see what others overlook.

Sharing it lets the mixture see groups that k-means overlooks: what varies alike within all groups no longer hides what parts them.
Several mixtures are fitted at once, because each is so small that calling numpy costs more than its sums. `white` are customers in
directions that are uncorrelated with variance 1, (m, d, n): m samples, a column a customer.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2

from netlift.records import Floats, Ints

RIDGE = 1e-3  # added to the covariance, in units of the whole variance
SHORT, LONG = 6, 20  # iterations of expectation-maximisation from every start, and further ones from the most promising
SETTLED = 1e-4  # gain in mean log-likelihood that ends them
ROUNDS = 8  # of k-means, and of the search for a cut: they only begin
DIRECTIONS = 10  # that the search for a cut begins from


@dataclass(frozen=True, slots=True)
class Mixture:
    """k components with one covariance; arrays may begin with further axes, for several mixtures."""

    means: Floats  # (k, d)
    precision: Floats  # (d, d)
    constants: Floats  # (k,)

    def __getitem__(self, which: int) -> Mixture:
        """One of several."""
        return Mixture(self.means[which], self.precision[which], self.constants[which])

    def logs(self, white: Floats) -> Floats:
        """Log-density of each component at customers (d, n), but for what is the same for all components, (k, n)."""
        return np.asarray(self.means @ self.precision @ white + self.constants[..., None])

    def assign(self, white: Floats) -> Ints:
        """The likeliest component of customers (d, n)."""
        return np.asarray(self.logs(white).argmax(axis=-2))


def fit(scores: Floats, white: Floats, k: int, rng: np.random.Generator) -> list[Mixture]:
    """The likeliest mixture of k components of each of m samples: normal scores (m, n, p), and the same customers in white, (m, d, n).

    Short runs from all starts, a long one from the best: Biernacki, Celeux and Govaert, Comput. Stat. Data Anal. 41 (2003).
    """
    starts = [start for one, two in zip(scores, white, strict=True) for start in _starts(one, two, k, rng)]
    each = len(starts) // len(white)
    reached, _, memberships = _maximised(np.repeat(white, each, axis=0), np.stack(starts), SHORT)
    best = np.arange(len(white)) * each + reached.reshape(-1, each).argmax(axis=1)
    _, mixtures, _ = _maximised(white, memberships[best], LONG)
    return [mixtures[sample] for sample in range(len(white))]


def _starts(scores: Floats, white: Floats, k: int, rng: np.random.Generator) -> list[Floats]:
    """Memberships (k, n) to begin with.

    k-means of the normal scores sees large groups, of the whitened customers those across what varies most; the most skewed cut sees a
    niche, the flattest two groups of like size.
    """
    first = _means(scores, k, rng)
    if k > 2:
        return [first, _means(white.T, k, rng)]
    return [first, _cut(white, rng, flat=False), _cut(white, rng, flat=True)]


def _means(X: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Memberships (k, n) by k-means of X, (n, p)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a mean that has lost all its customers
        labels = kmeans2(X, k, iter=ROUNDS, minit="++", rng=rng)[1]
    return np.asarray(labels == np.arange(k)[:, None], dtype=float)


def _cut(white: Floats, rng: np.random.Generator, *, flat: bool) -> Floats:
    """Memberships (2, n) by the best cut of (d, n) along the most skewed direction, or the flattest (of least kurtosis).

    From some customers' own directions by fixed points as in Hyvärinen and Oja, "A fast fixed-point algorithm for independent component
    analysis", Neural Computation 9 (1997): w ← E[x (w·x)²] uphill in skewness, w ← 4w - E[x (w·x)³] downhill in kurtosis.
    """
    n = white.shape[1]
    w = white[:, rng.choice(n, min(DIRECTIONS, n), replace=False)].T
    for _ in range(ROUNDS):
        w = w / np.linalg.norm(w, axis=1, keepdims=True)
        y = w @ white
        w = 4 * w - (y * y * y) @ white.T / n if flat else (y * y) @ white.T
    y = w / np.linalg.norm(w, axis=1, keepdims=True) @ white
    line = y[(-(y * y * y * y) if flat else y * y * y).mean(axis=1).argmax()]
    ordered, below = np.sort(line), np.arange(1, n)
    sums = ordered.cumsum()
    between = (
        sums[:-1] ** 2 / below + (sums[-1] - sums[:-1]) ** 2 / below[::-1]
    )  # variance between both sides of each cut, but for a constant
    above = line > ordered[between.argmax()]
    return np.stack([above, ~above]).astype(float)


def _maximised(white: Floats, memberships: Floats, iterations: int) -> tuple[Floats, Mixture, Floats]:
    """Mean log-likelihoods (m,), m mixtures and memberships after expectation-maximisation on (m, d, n) from memberships (m, k, n).

    McLachlan and Peel, Finite Mixture Models, 2000, sections 3.2 and 3.8.2 (equal covariances).
    """
    _, d, n = white.shape
    rows = np.ascontiguousarray(white.swapaxes(1, 2))
    total = white @ rows / n + RIDGE * np.eye(d)
    before = np.full(len(white), -np.inf)
    for _ in range(iterations):
        mixture = _mixture(rows, memberships, total)
        logs = mixture.logs(white)
        highest = logs.max(axis=1, keepdims=True)
        memberships = np.exp(logs - highest)
        sums = memberships.sum(axis=1, keepdims=True)
        memberships /= sums
        reached = (highest + np.log(sums)).mean(axis=(1, 2))
        if (reached - before < SETTLED).all():
            break
        before = reached
    return reached, mixture, memberships


def _mixture(rows: Floats, memberships: Floats, total: Floats) -> Mixture:
    """The likeliest mixtures of given memberships (m, k, n) of customers (m, n, d) whose whole covariance is `total`, (m, d, d)."""
    sizes = memberships.sum(axis=2) + 1e-9
    shares = sizes / rows.shape[1]
    means = memberships @ rows / sizes[:, :, None]
    precision = np.linalg.inv(total - (means * shares[:, :, None]).swapaxes(1, 2) @ means)
    same_for_all = np.linalg.slogdet(precision)[1] - (precision * total).sum(axis=(1, 2))
    return Mixture(means, precision, np.log(shares) - 0.5 * (means @ precision * means).sum(axis=2) + 0.5 * same_for_all[:, None])
