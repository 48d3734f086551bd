"""The structure test on customers with and without structure (a small part of notes/segmentation.md 15.1)."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.segments import structure
from netlift.segments.structure import Structure
from tests.segments.generators import structured, structureless


@pytest.mark.parametrize("kind", ["gauss", "uniform", "t4", "lognormal", "zero-inflated", "gradient"])
def test_no_structure_is_found_where_there_is_none(kind: str) -> None:
    """Clouds, heavy tails, spikes at zero and a bend: no alarm on this draw (benchmarks/structure.py has how often there is one)."""
    result = structure.examine(structureless(kind, 101), seed=7)
    assert not result.found
    assert result.bent == (kind == "gradient")
    assert result.valley_share < 0.5


@pytest.mark.parametrize("kind", ["6sep", "4mod", "4weak", "2", "small5"])
def test_structure_is_found_where_there_is_some(kind: str) -> None:
    """Groups of like size, far apart or near, and a niche of one in twenty."""
    result = structure.examine(structured(kind, 101), seed=7)
    assert result.found
    assert result.z > 3


def test_the_number_of_groups_and_the_valleys_are_seen() -> None:
    """Six groups with gaps: as many segments stand out most, and everybody is in one with a valley around it."""
    result = structure.examine(structured("6sep", 102), seed=7)
    assert result.best_k == 6
    assert result.valley_share > 0.9


def test_features_in_steps_do_not_hide_groups() -> None:
    """Four groups whose features are counts and yes or no: found; the same steps of one cloud: not."""
    groups, cloud = structured("4mod", 101), structureless("gauss", 101)
    for X, found in ((groups, True), (cloud, False)):
        steps = np.column_stack([X[:, :5] > 0, np.floor(2 * X[:, 5:])])
        assert structure.examine(steps, seed=7).found == found


@pytest.mark.parametrize(
    ("cloud", "curve", "z", "found", "bent", "borderline"),
    [
        (0.01, 0.03, 5.0, True, False, False),
        (0.05, 0.03, 2.0, True, False, True),
        (0.01, 0.06, 5.0, False, True, True),
        (0.01, 0.30, 1.0, False, True, False),
        (0.30, 0.01, 1.0, False, False, False),
    ],
)
def test_both_kinds_of_copies_must_be_beaten(cloud: float, curve: float, z: float, found: bool, bent: bool, borderline: bool) -> None:  # noqa: FBT001
    """The larger p decides; a beaten cloud alone is a bend; near the level, or with little height, another seed may turn it."""
    result = Structure({"cloud": cloud, "curve": curve}, {2: z, 3: -1.0}, copies=99, customers=500, valley_share=0.0)
    assert (result.found, result.bent, result.borderline) == (found, bent, borderline)


def test_the_p_counts_copies_that_reach_as_far() -> None:
    """Of 19 copies two reach z at their own best k: p = 3/20, whatever the scale; z is in their standard deviations."""
    copies = np.column_stack([np.arange(19.0), np.arange(19.0)[::-1]])
    p, z = structure._compared(np.array([17.5, 3]), copies)
    assert p == pytest.approx(3 / 20)
    assert z == pytest.approx((np.array([17.5, 3]) - 9) / (np.std(np.arange(19)) + 0.01))


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
