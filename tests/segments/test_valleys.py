"""The share of customers in segments with a valley around them."""

from __future__ import annotations

import numpy as np

from netlift.segments import valleys


def test_groups_with_a_gap_are_isolated_and_a_cut_cloud_is_not() -> None:
    """Two groups six standard deviations apart: everybody; one cloud cut in two: nobody."""
    rng = np.random.default_rng(1)
    apart = np.concatenate([rng.normal(-3, 1, 400), rng.normal(3, 1, 400)])[:, None]
    cloud = rng.normal(size=(800, 1))
    centers = np.array([[-3.0], [3.0]])
    assert valleys.share(apart, (apart[:, 0] > 0).astype(int), centers) == 1
    assert valleys.share(cloud, (cloud[:, 0] > 0).astype(int), centers) == 0


def test_counts_are_not_taken_for_peaks() -> None:
    """Numbers of purchases pile up on whole numbers without a valley between groups."""
    counts = np.random.default_rng(1).poisson(3, 900).astype(float)[:, None]
    assert valleys.share(counts, (counts[:, 0] > 3).astype(int), np.array([[1.0], [6.0]])) == 0


def test_twenty_customers_show_no_valley() -> None:
    """So few prove nothing, however far apart."""
    few = np.repeat([-50.0, 50.0], 10)[:, None] + np.arange(20)[:, None] / 10
    assert valleys.share(few, (few[:, 0] > 0).astype(int), np.array([[-50.0], [50.0]])) == 0
