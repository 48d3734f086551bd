"""How unusual each customer is, and in what."""

from __future__ import annotations

import numpy as np

from netlift.records import Feature
from netlift.segments import anomaly
from tests.segments.generators import structured

DAYS = Feature("recency", "days", "days since the last purchase", "rhythm", "none")
ORDERS = Feature("orders", "", "orders", "rhythm", "none")
PART = Feature("online", "share", "online purchases", "rhythm", "none")


def test_planted_strangers_are_found() -> None:
    """Ten customers far away in some direction are among the most unusual, although they were among those fitted on."""
    X = structured("4mod", 101)
    X[:10] += 4 * np.random.default_rng(1).standard_t(2, (10, X.shape[1]))
    score = anomaly.fit(X, seed=1).score(X)
    assert score.min() == 0
    assert score.max() < 1
    assert np.mean(score[:10] > 0.97) >= 0.8
    assert 0.48 < score[10:].mean() < 0.5


def test_a_score_is_the_same_alone_in_a_batch_and_beside_giants() -> None:
    """To the bit."""
    X = structured("4mod", 101)
    scorer = anomaly.fit(X[:600], seed=1)
    batch = scorer.score(np.concatenate([X, X[:5] + 1e6]))
    assert [float(scorer.score(X[i : i + 1])[0]) for i in range(200)] == batch[:200].tolist()


def test_absurd_numbers_do_not_break_it() -> None:
    """Two nearly equal columns with one customer at a billion."""
    base = np.random.default_rng(1).normal(size=100)
    X = np.column_stack([base, base + 1e-9])
    X[0] = 1e9
    assert anomaly.fit(X, seed=1).score(X)[0] >= 0.98


def test_large_distributions_are_thinned_with_their_ends() -> None:
    """10,001 ranks stand for a million; least and largest stay; small ones are kept whole."""
    thinned = anomaly.grid(np.arange(1_000_000.0)[::-1])
    assert (len(thinned), thinned[0], thinned[5000], thinned[-1]) == (10_001, 0, 500_000, 999_999)
    assert anomaly.grid(np.array([3.0, 1.0, 2.0])).tolist() == [1, 2, 3]


def test_reasons_name_value_unit_and_direction() -> None:
    """Only for the unusual; never 100.0 %; a combination is called one."""
    raw = np.column_stack([np.arange(1000.0), np.tile([1.0, 2.0], 500)])
    score = np.zeros(1000)
    score[[0, 500, 999]] = 0.99
    grids = (anomaly.grid(raw[:, 0]), anomaly.grid(raw[:, 1]))
    reasons = anomaly.reasons(score, raw, (DAYS, ORDERS), grids=grids)
    assert reasons[999] == "recency 999 days: higher than 99.9 % of customers"
    assert reasons[0] == "recency 0 days: lower than 99.9 % of customers"
    assert reasons[500] == "no single fact stands out: an unusual combination of ordinary ones"
    assert reasons[1] == ""
    beyond = anomaly.reasons(score[:1] + 1, raw[:1] + 2000, (DAYS, ORDERS), grids=grids)[0]
    assert beyond.startswith("recency 2,000 days: higher than 99.9 % of customers")
    shares = tuple(g / 2000 for g in grids)
    assert anomaly.reasons(score, raw / 2000, (PART, ORDERS), grids=shares)[999] == "online 50.0 %: higher than 99.9 % of customers"
