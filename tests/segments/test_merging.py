"""Small groups merged to few."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from netlift.segments.merging import merged


def test_groups_of_one_customer_are_wards_tree() -> None:
    """With equal sizes this is Ward's linkage as scipy computes it."""
    X = np.random.default_rng(2).normal(size=(40, 3))
    cuts = merged(X, np.ones(40), range(2, 8))
    assert all(adjusted_rand_score(fcluster(linkage(X, "ward"), k, "maxclust"), cuts[k]) == 1 for k in range(2, 8))


def test_large_groups_are_costlier_to_merge() -> None:
    """Of two pairs at equal distance the one with fewer customers is merged; numbers above the groups' are left out."""
    cuts = merged(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([100.0, 100.0, 1.0, 1.0]), (3, 9))
    assert set(cuts) == {3}
    assert cuts[3][2] == cuts[3][3]
    assert len(set(cuts[3])) == 3
