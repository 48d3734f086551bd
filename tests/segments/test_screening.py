"""Stability and silhouette on disjoint sub-samples."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from netlift.records import Floats
from netlift.segments import screening
from netlift.segments.algorithms import ALGORITHMS
from netlift.segments.partition import Partition
from netlift.segments.task import Task
from tests.segments.generators import structured, structureless


@pytest.mark.parametrize("n", [50, 2212, 9000, 100_000])
def test_parts_and_judges_never_share_a_customer(n: int) -> None:
    """At every size parts are disjoint, and each pair is judged by others."""
    draw = screening.draw(n, seed=1)
    assert len(np.unique(draw.drawn)) == len(draw.drawn) <= 12_000
    for one, two in combinations(range(len(draw.parts)), 2):
        judges = draw.judges(one, two)
        assert len(judges) >= n // 3 or len(judges) >= 4000
        together = np.concatenate([draw.parts[one], draw.parts[two], judges])
        assert len(np.unique(together)) == len(together) == len(draw.drawn)


def test_clear_groups_are_stable_at_their_number_and_noise_is_less() -> None:
    """Six separated groups are found again by other customers; a structureless cloud is not cut in the same six."""
    found = {}
    for kind, X in (("groups", structured("6sep", 101)), ("cloud", structureless("uniform", 101))):
        screened, _ = screening.screen(X, Task((6,), (), 1), algorithms={"kmeans": ALGORITHMS["kmeans"]})
        found[kind] = screened[0].stability
    assert found["groups"] > 0.8
    assert found["cloud"] < 0.6


def test_an_algorithm_that_cannot_is_left_out_and_said() -> None:
    """RFM tertiles without the three features: a remark, no row."""
    some = {name: ALGORITHMS[name] for name in ("kmeans", "rfm_tertiles", "ward")}
    screened, remarks = screening.screen(structureless("gauss", 1, n=150), Task((2, 3), (), 1), algorithms=some)
    assert [(s.algorithm, s.k) for s in screened] == [("kmeans", 2), ("kmeans", 3), ("ward", 2), ("ward", 3)]
    assert remarks[0].startswith("rfm_tertiles was not compared: RFM tertiles need the feature recency")


def test_a_number_of_segments_that_some_sample_does_not_allow_is_said() -> None:
    """An algorithm that cannot make three segments of one of the parts is compared at two only."""

    def grudging(X: Floats, task: Task) -> Mapping[int, Partition]:
        found = ALGORITHMS["kmeans"](X, task)
        return {k: found[k] for k in task.ks if k < 3 or X[0, 0] > 0}

    screened, remarks = screening.screen(structureless("gauss", 1, n=300), Task((2, 3), (), 1), algorithms={"grudging": grudging})
    assert [s.k for s in screened] == [2]
    assert remarks == ("grudging was not compared at 3 segments: some of the samples do not allow them.",)


def test_agreement_is_the_adjusted_rand_index() -> None:
    """The same figure as scikit-learn's, also where a label is not used and where everybody is in one segment."""
    rng = np.random.default_rng(1)
    one, two = rng.integers(4, size=(2, 500))
    for a, b in ((one, two), (one, one // 2), (one, one), (one, np.zeros_like(one)), (np.zeros_like(one), np.zeros_like(one))):
        assert screening.adjusted_rand(a, b, 4) == pytest.approx(adjusted_rand_score(a, b))
