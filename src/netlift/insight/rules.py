"""Rules that describe the segments in the features' own units, and how faithful they are.

A decision tree of depth 4 or less is fitted to the segments on most customers. Its leaves are the rules, so exactly one rule
fits every possible customer. Faithfulness is Cohen's kappa on the customers left out, for each segment against the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from sklearn.tree import DecisionTreeClassifier

from netlift.records import Feature, Features, Floats, Ints

DEPTH = 4
LEARN = 0.7  # share of customers the rules are made on
LARGEST = 20_000  # customers the rules are made on


@dataclass(frozen=True, slots=True)
class Rule:
    """A box: for each named column, low < value <= high; and the segment it describes."""

    segment: int
    bounds: dict[int, tuple[float, float]]

    def cut(self, column: int, low: float, high: float) -> Rule:
        """The part of the box between two values of a column."""
        old_low, old_high = self.bounds.get(column, (-math.inf, math.inf))
        return Rule(self.segment, {**self.bounds, column: (max(low, old_low), min(high, old_high))})

    def fits(self, raw: Floats) -> NDArray[np.bool_]:
        """Which customers are in the box, (n,) from raw features (n, p)."""
        inside = np.ones(len(raw), dtype=bool)
        for column, (low, high) in self.bounds.items():
            inside &= (raw[:, column] > low) & (raw[:, column] <= high)
        return inside


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Disjoint and exhaustive rules over some columns."""

    features: tuple[Feature, ...]
    filling: Floats  # (p,) what a missing value counts as
    has_missing: NDArray[np.bool_]  # (p,)
    rules: tuple[Rule, ...]
    fidelity: Mapping[int, float]  # by segment: Cohen's kappa on customers the rules were not made on; NaN where it cannot be had

    def segment(self, raw: Floats) -> Ints:
        """The segment that the rules give each customer, (n,) from raw features (n, p), missing ones filled."""
        given = np.zeros(len(raw), dtype=np.int64)
        for rule in self.rules:
            given[rule.fits(raw)] = rule.segment
        return given

    def in_words(self, segment: int) -> tuple[str, ...]:
        """The rules of one segment."""
        return tuple(self._words(rule) for rule in self.rules if rule.segment == segment)

    def _words(self, rule: Rule) -> str:
        return " and ".join(self._condition(c, *rule.bounds[c]) for c in sorted(rule.bounds)) or "every customer"

    def _condition(self, column: int, low: float, high: float) -> str:
        feature = self.features[column]
        unit = f" {feature.unit}" if feature.unit else ""
        if math.isinf(low):
            text = f"{feature.meaning} at most {high:,.12g}{unit}"
        elif math.isinf(high):
            text = f"{feature.meaning} above {low:,.12g}{unit}"
        else:
            text = f"{feature.meaning} above {low:,.12g} and at most {high:,.12g}{unit}"
        return f"{text} (missing counts as {self.filling[column]:,.4g})" if self.has_missing[column] else text


def describe(features: Features, inputs: tuple[str, ...], segment: Ints, *, seed: int) -> RuleSet:
    """Rules for the segments (n,) of all customers, over the inputs of the segmentation."""
    by_name = {f.name: f for f in features.features}
    values = np.column_stack([features.column(name) for name in inputs])
    filling = np.nanmedian(values, axis=0)
    raw = np.where(np.isnan(values), filling, values)
    order = np.random.default_rng([seed, 81]).permutation(len(raw))
    cut = round(LEARN * len(order))
    learn, judge = order[:cut][:LARGEST], order[cut:]
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=max(5, min(100, len(learn) // 50)), random_state=seed)
    tree.fit(raw[learn], segment[learn])
    rules = _boxes(tree, raw[learn])
    unjudged = RuleSet(tuple(by_name[name] for name in inputs), filling, np.asarray(np.isnan(values).any(axis=0)), rules, {})
    given = unjudged.segment(raw[judge])
    return replace(unjudged, fidelity={int(s): _kappa(segment[judge] == s, given == s) for s in np.unique(segment)})


def _kappa(truth: NDArray[np.bool_], given: NDArray[np.bool_]) -> float:
    """Agreement on who is in one segment; NaN where nobody who judges is in it, by truth or by rule."""
    if not (truth.any() or given.any()):
        return math.nan
    if truth.all() and given.all():
        return 1.0  # everybody is in it: every rule is right
    return float(cohen_kappa_score(truth, given))


def _boxes(tree: DecisionTreeClassifier, raw: Floats, node: int = 0) -> tuple[Rule, ...]:
    """The leaves below a node of a fitted tree as boxes; leaves side by side that say the same are one box."""
    nodes = tree.tree_
    left, right = int(nodes.children_left[node]), int(nodes.children_right[node])
    if left == right:
        return (Rule(int(tree.classes_[nodes.value[node][0].argmax()]), {}),)
    below, above = _boxes(tree, raw, left), _boxes(tree, raw, right)
    if len(below) == len(above) == 1 and below[0].segment == above[0].segment and below[0].bounds == above[0].bounds:
        return below
    column = int(nodes.feature[node])
    at = _short(raw[:, column], float(nodes.threshold[node]))
    return tuple(rule.cut(column, -math.inf, at) for rule in below) + tuple(rule.cut(column, at, math.inf) for rule in above)


def _short(column: Floats, threshold: float) -> float:
    """The shortest number that parts the values of a column as the threshold does."""
    left = column.astype(np.float32) <= threshold  # as the tree compares
    low, high = float(column[left].max()), float(column[~left].min())
    for digits in range(1, 16):
        short = float(f"{(low + high) / 2:.{digits}g}")
        if low <= short < high:
            return short
    return low
