"""The copies that the structure test compares with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlift.records import Floats
from netlift.segments import nulls
from netlift.segments.nulls import Null
from tests.segments.generators import structured, structureless

BOTH = pytest.mark.parametrize("null", [nulls.cloud, nulls.curve])


def rank_correlation(X: Floats) -> Floats:
    return np.asarray(np.corrcoef(nulls.normal_scores(X), rowvar=False))


def test_normal_scores_are_normal_quantiles_and_equal_values_share_theirs() -> None:
    """Of five customers: Φ⁻¹ of .1, .3, .5, .7 and .9; two equal ones get that of their mean rank."""
    scores = nulls.normal_scores(np.array([[10.0, 3], [20, 3], [70, 5], [40, 6], [30, 7]]))
    assert scores[:, 0] == pytest.approx([-1.2816, -0.5244, 1.2816, 0.5244, 0], abs=1e-4)
    assert scores[:2, 1] == pytest.approx([-0.8416, -0.8416], abs=1e-4)


@BOTH
def test_a_copy_keeps_each_feature_and_mixes_the_customers(null: Callable[[Floats], Null]) -> None:
    """The same sorted values, spikes at zero included, and hardly a customer as before."""
    X = structureless("zero-inflated", 101)
    copy = null(X).copy(np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(X, axis=0), np.sort(copy, axis=0))
    assert (copy == X).all(axis=1).mean() < 0.01


@BOTH
def test_a_copy_of_a_cloud_has_its_rank_correlation(null: Callable[[Floats], Null]) -> None:
    """Either kind tells a cloud as it is, up to the error of a correlation of 1,200 customers."""
    X = structureless("gauss", 101)
    np.testing.assert_allclose(rank_correlation(X), rank_correlation(null(X).copy(np.random.default_rng(1))), atol=0.15)


def test_only_the_curve_bends() -> None:
    """y = t² - 1 and t are uncorrelated but not independent: |t| goes with y in a copy along the curve and not in a copy of the cloud."""
    t, noise = np.random.default_rng(1).standard_normal((2, 2000))
    X = np.column_stack([3 * t, t**2 - 1 + 0.3 * noise])

    def shared(copy: Floats) -> float:
        return float(np.corrcoef(np.abs(copy[:, 0]), copy[:, 1])[0, 1])

    assert shared(nulls.curve(X).copy(np.random.default_rng(2))) > 0.8
    assert abs(shared(nulls.cloud(X).copy(np.random.default_rng(2)))) < 0.1


def test_a_niche_does_not_bend_the_curve() -> None:
    """One customer in twenty, six standard deviations away along the leading component: the other coefficients of t² stay small."""
    assert np.abs(nulls.curve(structured("small5", 1)).curve[2]).max() < 0.3
