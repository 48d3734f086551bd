"""Halves of the customers that lead to the same groups, or do not."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.records import Floats, Ints
from netlift.segments import halves
from netlift.segments.screening import adjusted_rand
from tests.segments.generators import structureless


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def hidden(n: int, shares: tuple[float, ...]) -> tuple[Floats, Ints]:
    """Groups six standard deviations apart across a factor of seven that all features share, (n, 6); and who is in which."""
    labels = np.random.default_rng(2).choice(len(shares), n, p=shares)
    X = np.random.default_rng(3).standard_normal((n, 6)) + 7 * np.random.default_rng(4).standard_normal((n, 1))
    return X + labels[:, None] * np.tile([1, -1], 3) * 6 / np.sqrt(6), labels


def test_customers_are_made_ready() -> None:
    """Uncorrelated, variance 1 at most, and none farther out than in a normal cloud, although the tails were heavy."""
    white = halves.ready(structureless("t4", 101), rng()).white
    assert white.shape == (15, 1200)
    np.testing.assert_allclose(np.cov(white), np.diag(np.var(white, axis=1)), atol=0.1)
    assert np.linalg.norm(white, axis=0).max() < 6.5


def test_only_the_order_of_values_counts() -> None:
    """Any scale of a feature gives the same, and a feature twice adds no direction."""
    X = structureless("gauss", 101)
    once, again = halves.ready(X, rng()), halves.ready(np.exp(X), rng())
    np.testing.assert_array_equal(once.white, again.white)
    assert len(halves.ready(np.column_stack([X, X[:, 0]]), rng()).white) == 15


def test_a_spike_is_no_group() -> None:
    """Two features that are 0 for three customers in four: after their ranks are spread the halves do not agree on who is 0."""
    X = structureless("gauss", 101)
    X[:, :2] = np.maximum(X[:, :2], np.quantile(X[:, :2], 0.75, axis=0))
    assert halves.split(halves.ready(X, rng()), [2], rng()).agreement()[0] < 0.3


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.95, 0.05)])
def test_groups_hidden_by_a_factor_are_found(shares: tuple[float, ...]) -> None:
    """Two of like size, and a niche of one in twenty: both halves find the very same groups."""
    X, labels = hidden(1200, shares)
    ready = halves.ready(X, rng())
    found = halves.split(ready, [2], rng())
    assert found.agreement()[0] > 0.95
    assert adjusted_rand(found.models[2][0].assign(ready.white), labels, 2) > 0.95


def test_valleys_are_seen_where_groups_are_large_enough() -> None:
    """Around two halves, not around a niche of thirty customers, and not where a cloud is cut."""
    clouds = [hidden(1200, shares)[0] for shares in ((0.5, 0.5), (0.95, 0.05), (1.0,))]
    shares = [halves.split(halves.ready(X, rng()), [2], rng()).valley_share()[0] for X in clouds]
    assert shares == pytest.approx([1, 0, 0])
