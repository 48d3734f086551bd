"""The two maps beside each other: what each keeps of the neighbours and of the types that made the customers, and its CPU in the same run.

The customers are those of notes/segmentation.md 15.3: six types, three factors. Neighbours are counted for some of them, among all.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.spatial import KDTree
from scipy.stats import spearmanr
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from netlift.records import Floats
from netlift.segments import landmarks, plane

CUSTOMERS, LOOKED_AT, NEIGHBOURS = 100_000, 2_000, 15
SEED = 7


def run() -> dict[str, Any]:
    """By map: share of the 15 nearest kept, rank correlation of distances, silhouette of the true types, CPU seconds."""
    rng = np.random.default_rng(SEED)
    types = rng.choice(6, CUSTOMERS, p=[0.30, 0.22, 0.18, 0.14, 0.10, 0.06])
    centers, loadings = rng.normal(0, 1, (6, 15)), rng.normal(0, 0.5, (3, 15))
    X = centers[types] + rng.normal(0, 1, (CUSTOMERS, 3)) @ loadings + 0.8 * rng.standard_normal((CUSTOMERS, 15))
    some = rng.choice(CUSTOMERS, LOOKED_AT, replace=False)
    near = _nearest(X, some)
    with threadpool_limits(1):
        made = {"pca": _timed(lambda: plane.fit(X).place(X)), "tsne": _timed(lambda: landmarks.fit(X, seed=SEED).place(X))}
    return {name: {"cpu_seconds": round(seconds, 2), **_kept(X, at, some, near, types)} for name, (at, seconds) in made.items()}


def _timed(work: Any) -> tuple[Floats, float]:  # noqa: ANN401 - a function without arguments
    before = time.process_time()
    places = np.column_stack(work())
    return places, time.process_time() - before


def _nearest(X: Floats, some: Any) -> Any:  # noqa: ANN401 - integer arrays
    return KDTree(X).query(X[some], k=NEIGHBOURS + 1)[1][:, 1:]


def _kept(X: Floats, at: Floats, some: Any, near: Any, types: Any) -> dict[str, float]:  # noqa: ANN401 - integer arrays
    shared = [len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(near, _nearest(at, some), strict=True)]
    one, two = some[::2], some[1::2]
    far = [np.linalg.norm(Z[one] - Z[two], axis=1) for Z in (X, at)]
    return {
        "neighbours_kept": round(float(np.mean(shared)), 3),
        "distances_spearman": round(float(spearmanr(*far).statistic), 2),
        "silhouette_of_types": round(float(silhouette_score(at[some], types[some])), 2),
    }
