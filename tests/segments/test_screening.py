"""Stability and silhouette on disjoint sub-samples."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from netlift.records import silent
from netlift.segments import screening
from netlift.segments.algorithms import ALGORITHMS
from tests.segments.generators import structured, structureless


@pytest.mark.parametrize("n", [50, 2212, 9000, 100_000])
def test_parts_and_judges_never_share_a_customer(n: int) -> None:
    """At every size parts are disjoint, and each pair is judged by others."""
    draw = screening.draw(n, seed=1)
    assert len(np.unique(draw.drawn)) == len(draw.drawn) <= 16_000
    for one, two in combinations(range(len(draw.parts)), 2):
        judges = draw.judges(one, two)
        assert len(judges) >= n // 3 or len(judges) >= 4000
        together = np.concatenate([draw.parts[one], draw.parts[two], judges])
        assert len(np.unique(together)) == len(together) == len(draw.drawn)


def test_clear_groups_are_stable_at_their_number_and_noise_is_less() -> None:
    """Six separated groups are found again by other customers; a structureless cloud is not cut in the same six."""
    found = {}
    for kind, X in (("groups", structured("6sep", 101)), ("cloud", structureless("uniform", 101))):
        screened, _ = screening.screen(X, (), makers={"kmeans": ALGORITHMS["kmeans"]}, ks=[6], seed=1, progress=silent)
        found[kind] = screened[0].stability
    assert found["groups"] > 0.8
    assert found["cloud"] < 0.6


def test_an_algorithm_that_cannot_is_left_out_and_said() -> None:
    """RFM tertiles without the three features: a remark, no row."""
    screened, remarks = screening.screen(structureless("gauss", 1, n=150), (), makers=ALGORITHMS, ks=[2], seed=1, progress=silent)
    assert [s.algorithm for s in screened] == ["kmeans", "ward", "gaussian_mixture"]
    assert remarks[0].startswith("rfm_tertiles was not compared at 2 or more segments: RFM tertiles need the feature recency")
