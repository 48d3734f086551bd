"""How likely each customer is to answer a contact: logistic regression, every probability out of sample.

The probability is compared with the break-even rate, so it must be right, not only in the right order: no class weights, no
resampling, a fixed threshold (Elkan 2001, The foundations of cost-sensitive learning, theorem 2). Figures are means over
repeated 5-fold partitions in which equal customers stay together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from netlift.offers import columns as encoding
from netlift.offers.columns import Column
from netlift.offers.folds import FOLDS, folds
from netlift.records import Accounting, Floats, Ints

STRENGTH = 0.1  # of the ridge: C of scikit-learn
REPEATS = 5
BINS = 10
DRAWS = 500  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Quality:
    """How good out-of-sample probabilities are, with 95 % bootstrap intervals over customers."""

    auc: float
    auc_low: float
    auc_high: float
    calibration_error: float  # mean absolute difference of predicted and seen rate over tenths of the customers, a share


@dataclass(frozen=True, slots=True)
class Campaign:
    """What contacting everybody above the break-even would have brought, in money, with its 95 % bootstrap interval."""

    contacts: float
    profit: float
    low: float
    high: float


def probabilities(columns: Mapping[str, Column], outcome: Ints, *, seed: int, repeats: int = REPEATS) -> Floats:
    """Out-of-sample probability of an answer, (repeats, n); `outcome` (n,) is 0 or 1.

    Raises:
        NotEnoughData: fewer than five customers answered, or did not.
    """
    group = encoding.groups(columns)
    found = np.empty((repeats, len(outcome)))
    for r in range(repeats):
        fold = folds(outcome, group, seed=seed + r)
        for number in range(FOLDS):
            learn, score = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            design = encoding.fit(columns, learn)
            model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(design.matrix(columns, learn), outcome[learn])
            found[r, score] = model.predict_proba(design.matrix(columns, score))[:, 1]
    return found


def quality(p: Floats, outcome: Ints, *, seed: int) -> Quality:
    """Judge probabilities (repeats, n) against the outcome (n,)."""
    rng = np.random.default_rng([seed, 91])
    auc = float(np.mean([roc_auc_score(outcome, one) for one in p]))
    drawn = []
    for _ in range(DRAWS // 5):
        rows = rng.integers(0, len(outcome), len(outcome))
        if 0 < outcome[rows].sum() < len(rows):
            drawn.append(roc_auc_score(outcome[rows], p[0][rows]))
    spread = np.quantile(drawn, [0.025, 0.975]) - roc_auc_score(outcome, p[0])
    return Quality(
        auc, max(0.0, auc + spread[0]), min(1.0, auc + spread[1]), float(np.mean([calibration_error(one, outcome) for one in p]))
    )


def calibration_error(p: Floats, outcome: Ints) -> float:
    """Mean absolute difference of predicted and seen rate over tenths of the customers by predicted rate."""
    parts = np.array_split(np.argsort(p, kind="stable"), BINS)
    return float(sum(len(part) * abs(p[part].mean() - outcome[part].mean()) for part in parts if len(part)) / len(p))


def campaign(p: Floats, outcome: Ints, accounting: Accounting, *, seed: int) -> Campaign:
    """Contact whoever is likelier to answer than the break-even rate; p (repeats, n)."""
    money = accounting.revenue * outcome - accounting.contact_cost
    contacted = p > accounting.break_even
    per_customer = (contacted * money).mean(axis=0)
    rng = np.random.default_rng([seed, 92])
    n = len(outcome)
    totals = np.array([n * per_customer[rng.integers(0, n, n)].mean() for _ in range(DRAWS)])
    low, high = np.quantile(totals, [0.025, 0.975])
    return Campaign(float(contacted.sum(axis=1).mean()), float(per_customer.sum()), float(low), float(high))
