"""Do segments earn money on customers not used to choose them (notes/segmentation.md 5).

Customers are split 40/30/30: candidates are fitted on `fit`, the best is chosen on `choose`, only figures of `report` are evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlift.records import Accounting, Floats, Ints, Outcome
from netlift.segments.algorithms import MADE_OF_ANSWERS, Algorithm, fitted
from netlift.segments.partition import Partition
from netlift.segments.task import Task

Bools = NDArray[np.bool_]
ONE_SIDED_95 = 1.645
SMALLEST_SHARE = 0.02  # of the customers fitted on, for a segment worth acting on
PERMUTATIONS = 99
ENOUGH_CONTACTED = 100
LARGEST_JURY = 20_000  # customers of `fit`, and of `choose`, by whose money candidates are compared; all of `report` judge the chosen one
LARGEST_FIT = 4000  # customers a candidate is fitted on, but for those that learn from answers: these are rare and cheap to learn from


@dataclass(frozen=True, slots=True)
class Money:
    """Profit per contact of every customer and the three-way split. Row numbers refer to all customers."""

    profit: Floats  # (n,) NaN for customers never contacted
    fit: Ints  # contacted customers whose money the fitting may see
    choose: Ints
    report: Ints
    never_contacted: Ints  # may shape segments, cannot judge them
    accounting: Accounting

    @property
    def visible(self) -> Floats:
        """Profit per contact of the customers of `fit`, NaN for the others, (n,): all that an algorithm may learn from."""
        seen = np.full(len(self.profit), np.nan)
        seen[self.fit] = self.profit[self.fit]
        return seen

    @property
    def contacted(self) -> int:
        """Number of customers ever contacted."""
        return len(self.fit) + len(self.choose) + len(self.report)

    def of(self, rows: Ints) -> Money:
        """Of some customers, rows of all."""
        at = np.full(len(self.profit), -1)
        at[rows] = np.arange(len(rows))
        fit, choose, report, never = (at[p][at[p] >= 0] for p in (self.fit, self.choose, self.report, self.never_contacted))
        return Money(self.profit[rows], fit, choose, report, never, self.accounting)

    @property
    def enough(self) -> bool:
        """Whether the contacted customers can judge segments."""
        return self.contacted >= ENOUGH_CONTACTED


@dataclass(frozen=True, slots=True)
class Value:
    """Decision value: money per customer gained over the better of contacting everybody or nobody."""

    mean: float
    se: float

    @property
    def low(self) -> float:
        """One-sided 95 % lower bound."""
        return self.mean - ONE_SIDED_95 * self.se

    @property
    def high(self) -> float:
        """One-sided 95 % upper bound."""
        return self.mean + ONE_SIDED_95 * self.se


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate fitted on `fit` and judged on `choose`."""

    algorithm: str
    k: int
    partition: Partition
    smallest_share: float
    value: Value


@dataclass(frozen=True, slots=True)
class Evidence:
    """The chosen candidate on `report`."""

    value: Value
    p: float  # permutation test of the segments' share of profit variance

    @property
    def useful(self) -> bool:
        """Whether the gain is surely above 0 and not a chance partition."""
        return self.value.low > 0 and self.p <= 0.02


def split(outcome: Outcome, seed: int) -> Money:
    """Split the contacted customers 40/30/30 at random."""
    contacts = outcome.contacts.sum(axis=1)
    contacted = np.flatnonzero(contacts > 0)
    profit = np.full(len(contacts), np.nan)
    profit[contacted] = outcome.profit()[contacted] / contacts[contacted]
    order = np.random.default_rng([seed, 51]).permutation(contacted)
    first, second = round(0.4 * len(order)), round(0.7 * len(order))
    return Money(profit, order[:first], order[first:second], order[second:], np.flatnonzero(contacts == 0), outcome.accounting)


def trials(X: Floats, money: Money, *, name: str, algorithm: Algorithm, task: Task) -> dict[tuple[str, int], Trial]:
    """Fit one algorithm on `fit` and those never contacted, and judge it on `choose` at each number of segments.

    Raises:
        NotEnoughData: the algorithm can make none of the numbers of segments of these customers.
    """
    learn = np.concatenate([money.fit, money.never_contacted])
    if len(learn) > LARGEST_FIT and name not in MADE_OF_ANSWERS:
        learn = np.random.default_rng([task.seed, 52]).choice(learn, LARGEST_FIT, replace=False)
    known, on = money.fit[:LARGEST_JURY], money.choose[:LARGEST_JURY]  # in random order
    learning, fit, choose = X[learn], X[known], X[on]
    found = {}
    for k, partition in fitted(algorithm, learning, task.of(learn)).items():
        smallest = float(np.bincount(partition.assign(learning), minlength=k).min() / len(learn))
        means = shrunk_means(partition.assign(fit), money.profit[known], k)
        value = _value(means[partition.assign(choose)], money.profit, known, on=on)
        found[name, k] = Trial(name, k, partition, smallest, value)
    return found


def best(trials: Mapping[tuple[str, int], Trial]) -> Trial | None:
    """Largest value after one standard error, of those without tiny segments; None where no decision gains anything."""
    eligible = [t for t in trials.values() if t.smallest_share >= SMALLEST_SHARE]
    winner = max(eligible, key=lambda t: t.value.mean - t.value.se, default=None)
    return winner if winner is not None and winner.value.mean - winner.value.se > 0 else None


def report(chosen: Trial, X: Floats, money: Money, *, seed: int) -> Evidence:
    """Judge the chosen candidate once on `report`, with segment means from `fit` and `choose`, by scaled customers X, (n, p)."""
    return judged(chosen.partition.assign(X), money, chosen.k, seed=seed)


def judged(labels: Ints, money: Money, k: int, *, seed: int) -> Evidence:
    """The same of customers' labels 0..k-1, (n,), which must not know the money of `report`."""
    contact, contact_all = decisions(labels, money, k)
    profit = money.profit[money.report]
    p = permutation_p(labels[money.report], profit, np.random.default_rng([seed, 53]))
    return Evidence(decision_value(profit, contact, contact_all=contact_all), p)


def decisions(labels: Ints, money: Money, k: int) -> tuple[Bools, bool]:
    """Whom of `report` to contact, (report,), by the means of the labels among `fit` and `choose`; and whether all pay on average."""
    known = np.concatenate([money.fit, money.choose])
    means = shrunk_means(labels[known], money.profit[known], k)
    return means[labels[money.report]] > 0, bool(money.profit[known].mean() > 0)


def _value(expected: Floats, profit: Floats, known: Ints, *, on: Ints) -> Value:
    """Of contacting those of `on` whose segment is expected to pay, (on,), where those known pay or not on average."""
    return decision_value(profit[on], expected > 0, contact_all=bool(profit[known].mean() > 0))


def shrunk_means(labels: Ints, profit: Floats, k: int) -> Floats:
    """Empirical-Bayes means of the k segments, (k,): pulled to the grand mean as far as chance explains their spread."""
    n, g, variance = len(profit), profit.mean(), profit.var()
    sizes = np.bincount(labels, minlength=k).astype(float)
    sums = np.bincount(labels, weights=profit, minlength=k)
    means = np.divide(sums, sizes, out=np.full(k, g), where=sizes > 0)
    tau2 = max(0.0, float((sizes * (means - g) ** 2).sum() / n - variance * (sizes > 0).sum() / n))
    if tau2 == 0:
        return np.full(k, g)
    noise = np.divide(variance, sizes, out=np.full(k, np.inf), where=sizes > 0)
    return np.asarray(g + tau2 / (tau2 + noise) * (means - g))


def decision_value(profit: Floats, contact: Bools, *, contact_all: bool) -> Value:
    """Mean gain per customer of contacting only `contact` rather than everybody (`contact_all`) or nobody."""
    gain = profit * (contact.astype(float) - float(contact_all))
    return Value(float(gain.mean()), float(gain.std() / np.sqrt(len(gain))))


def permutation_p(labels: Ints, profit: Floats, rng: np.random.Generator) -> float:
    """The p of the segments' share of profit variance against shuffled segments."""
    sizes = np.bincount(labels)

    def between(y: Floats) -> float:
        sums = np.bincount(labels, weights=y, minlength=len(sizes))
        return float((sums[sizes > 0] ** 2 / sizes[sizes > 0]).sum())

    observed = between(profit)
    reached = sum(between(rng.permutation(profit)) >= observed for _ in range(PERMUTATIONS))
    return (1 + reached) / (PERMUTATIONS + 1)
