"""The structure test on customers with and without structure (a small part of notes/segmentation.md 15.1)."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.segments import structure
from tests.segments.generators import structured, structureless


def test_structure_is_rarely_found_where_there_is_none() -> None:
    """Clouds, heavy tails and spikes at zero: one alarm in five at most (a 5 % test errs at times), and never a gap seen."""
    kinds = ("gauss", "uniform", "t4", "lognormal", "zero-inflated")
    results = [structure.examine(structureless(kind, 101), seed=7) for kind in kinds]
    assert sum(r.found for r in results) <= 1
    assert max(r.valley_share for r in results) == 0


@pytest.mark.parametrize("kind", ["6sep", "4mod"])
def test_structure_is_found_where_there_is_some(kind: str) -> None:
    """Groups are told from correlation with certainty to spare."""
    found = structure.examine(structured(kind, 101), seed=7)
    assert found.found
    assert found.z > 4
    assert found.valley_share >= 0.5


def test_a_copy_keeps_each_feature_and_the_rank_correlation() -> None:
    """Same sorted values, same correlation of ranks, other customers."""
    X = structureless("lognormal", 101)
    copy = structure._copy(X, structure._rank_correlation(X), np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(X, axis=0), np.sort(copy, axis=0))
    np.testing.assert_allclose(structure._rank_correlation(X), structure._rank_correlation(copy), atol=0.12)
    assert not np.array_equal(X, copy)


def test_same_seed_same_result() -> None:
    """The test is repeatable to the last digit."""
    X = structureless("gauss", 3, n=120)
    assert structure.examine(X, seed=1) == structure.examine(X, seed=1)


def test_a_feature_that_the_sample_lacks_does_not_stop_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """One customer in 300 is different, and is not drawn: the test goes on with the other features."""
    monkeypatch.setattr(structure, "LARGEST", 150)
    X = structureless("gauss", 1, n=300)
    drawn = np.random.default_rng([1, 41]).choice(300, 150, replace=False)
    rare = np.zeros(300)
    rare[np.setdiff1d(np.arange(300), drawn)[0]] = 17.0
    assert np.isfinite(structure.examine(np.column_stack([X, rare]), seed=1).z)


def test_a_niche_of_the_generators_is_small() -> None:
    """S_small5 of the notes: one customer in twenty, here those nearer to the niche's center along the line between the two."""
    rows, fixed = np.random.default_rng(3), np.random.default_rng(780)
    fixed.normal(0, 0.5, (15, 3))
    line = np.subtract(*fixed.normal(0, 1.0, (2, 15)))
    rows.standard_normal((1200, 3))
    niche = rows.random(1200) < 0.05
    along = structured("small5", 3) @ line
    assert 0.03 < niche.mean() < 0.07
    assert along[niche].mean() < along[~niche].mean() - 2 * along[~niche].std()
