"""Why a customer is in his segment rather than in the next one: what each feature adds to the decision, exactly.

- Nearest center: (x_j - c2_j)² - (x_j - c1_j)² of the two nearest centers; the sum is the difference of their squared distances.
- Gaussian mixture: the difference of the two largest log posteriors, minus that of the average customer, is split along the straight
  line from him (Aumann and Shapley 1974, in machine learning "integrated gradients"); of a quadratic function that is the customer's
  value times the slope halfway, without error.
- Rules (a tree, fixed cuts) have no scale: a feature adds 1 where an average value of it would have put the customer elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.records import Floats, Ints
from netlift.segments.partition import Encoded, Mixture, Nearest, Partition, squared_distances


@dataclass(frozen=True, slots=True)
class Attribution:
    """Of n customers; `start` plus the sum of a row of `added` is by how much the label won. No unit."""

    label: Ints  # (n,)
    runner_up: Ints  # (n,) the label that came next
    added: Floats  # (n, p) by feature
    start: Floats  # (n,) by how much the label would win for the average customer; 0 where there is no average to begin from


def attribute(partition: Partition, X: Floats) -> Attribution:
    """The attribution of scaled customers X, (n, p), 0 being the average; a partition must tell at least two labels apart."""
    if isinstance(partition, Nearest):
        return _nearest(partition, X)
    if isinstance(partition, Encoded):
        return _encoded(partition, X)
    if isinstance(partition, Mixture):
        return _mixture(partition, X)
    return _rules(partition, X)


def _nearest(partition: Nearest, X: Floats) -> Attribution:
    first, second = np.argsort(squared_distances(X, partition.centers), axis=0, kind="stable")[:2]
    added = (X - partition.centers[second]) ** 2 - (X - partition.centers[first]) ** 2
    return Attribution(first, second, added, np.zeros(len(X)))


def _encoded(partition: Encoded, X: Floats) -> Attribution:
    """A few-valued feature adds what its 0/1 columns add together."""
    found = _nearest(partition.nearest, partition.encode(X))
    added = np.zeros(X.shape)
    of = np.concatenate([partition.numbers, partition.columns])
    np.add.at(added.T, of, found.added.T)
    return Attribution(found.label, found.runner_up, added, found.start)


def _mixture(mixture: Mixture, X: Floats) -> Attribution:
    first, second = np.argsort(-mixture.log_joint(X), axis=0, kind="stable")[:2]
    average = mixture.log_joint(np.zeros((1, X.shape[1])))[:, 0]
    slopes = np.stack([_slope(mixture, c, X / 2) for c in range(len(mixture.means))])
    rows = np.arange(len(X))
    return Attribution(first, second, X * (slopes[first, rows] - slopes[second, rows]), average[first] - average[second])


def _slope(mixture: Mixture, c: int, X: Floats) -> Floats:
    """Gradient of component c's log density, (n, p)."""
    away, factor = X - mixture.means[c], mixture.factors[c]
    return np.asarray(-away * factor**2 if factor.ndim == 1 else -away @ factor @ factor.T)


def _rules(partition: Partition, X: Floats) -> Attribution:
    label = partition.assign(X)
    added, elsewhere = np.zeros(X.shape), np.full((X.shape[1], len(X)), -1)
    for j in range(X.shape[1]):
        average = X.copy()
        average[:, j] = 0.0
        other = partition.assign(average)
        added[:, j] = other != label
        elsewhere[j, other != label] = other[other != label]
    # the first feature that decides names the runner-up; where no single one does, it is where the average customer is
    decides = (elsewhere >= 0).argmax(axis=0)
    runner_up = elsewhere[decides, np.arange(len(X))]
    usual = partition.assign(np.zeros((1, X.shape[1])))[0]
    return Attribution(label, np.where(runner_up >= 0, runner_up, usual), added, np.zeros(len(X)))
