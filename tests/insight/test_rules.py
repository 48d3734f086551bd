"""Rules in the features' own units."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.insight import rules
from netlift.records import Floats, Ints
from tests.segments.generators import customers

RNG = np.random.default_rng(6)


def boxes(n: int) -> tuple[Floats, Ints]:
    values = RNG.random((n, 3)) * 100
    return values, np.where(values[:, 0] > 50, 1, np.where(values[:, 1] > 30, 2, 3))


def grid(found: rules.RuleSet) -> Floats:
    """Every combination of values at, just below and just above every cut."""
    cuts: list[list[float]] = [[-1e9, 1e9] for _ in found.features]
    for rule in found.rules:
        for column, bounds in rule.bounds.items():
            cuts[column] += [b + e for b in bounds if np.isfinite(b) for e in (-1e-9, 0, 1e-9)]
    return np.stack(np.meshgrid(*[np.unique(c) for c in cuts]), axis=-1).reshape(-1, len(cuts))


def test_rules_of_boxes_are_faithful_and_short() -> None:
    """Segments that are boxes are described as such: kappa near 1, round thresholds, units."""
    values, segment = boxes(2000)
    found = rules.describe(customers(values), ("f0", "f1", "f2"), segment, seed=1)
    assert min(found.fidelity.values()) > 0.97
    assert len(found.in_words(1)) == 1
    assert found.in_words(1)[0].startswith("f0 above 50")
    assert found.in_words(1)[0].endswith(" points")
    assert len(found.in_words(1)[0]) < len("f0 above 50.0000 points")


def test_exactly_one_rule_fits_every_possible_customer() -> None:
    """On a grid of all cuts and their neighbourhood, for segments that are no boxes."""
    values = RNG.normal(size=(1500, 3))
    segment = 1 + (values @ [1, 2, -1] > 0).astype(int) + 2 * (np.abs(values[:, 0]) > 1)
    found = rules.describe(customers(values), ("f0", "f1", "f2"), segment, seed=1)
    points = grid(found)
    assert (np.sum([rule.fits(points) for rule in found.rules], axis=0) == 1).all()


def test_fidelity_is_measured_on_customers_the_rules_were_not_made_on() -> None:
    """Segments drawn at random cannot be described: kappa near 0, although a tree could learn them by heart."""
    rng = np.random.default_rng(8)
    kappas: list[float] = []
    for seed in range(20):
        drawn = customers(rng.normal(size=(120, 5)))
        kappas += rules.describe(drawn, drawn.inputs, rng.integers(1, 4, 120), seed=seed).fidelity.values()
    assert abs(np.mean(kappas)) < 0.1


def test_each_segment_has_the_fidelity_of_its_own_rules() -> None:
    """One segment is a box, the two others are mixed at random: the box is described well, they are not."""
    rng = np.random.default_rng(9)
    values = rng.random((3000, 2))
    segment = np.where(values[:, 0] > 0.6, 1, rng.integers(2, 4, 3000))
    fidelity = rules.describe(customers(values), ("f0", "f1"), segment, seed=1).fidelity
    assert fidelity[1] > 0.97
    assert max(fidelity[2], fidelity[3]) < 0.6


def test_rules_do_not_cut_where_both_sides_are_the_same_segment() -> None:
    """No two rules of one segment that differ in nothing but one cut of the same leaf pair."""
    values, segment = boxes(2000)
    assert len(rules.describe(customers(values), ("f0", "f1", "f2"), segment, seed=1).rules) == 3


def test_missing_values_are_said_in_the_rule() -> None:
    """What a missing value counts as stands beside the condition."""
    values, segment = boxes(1000)
    values[::10, 0] = np.nan
    found = rules.describe(customers(values), ("f0", "f1"), segment, seed=1)
    assert "missing counts as" in found.in_words(1)[0]


@pytest.mark.parametrize("n", [1, 50])
def test_one_segment_is_everybody(n: int) -> None:
    """A single segment has the one rule "every customer"."""
    found = rules.describe(customers(RNG.normal(size=(n, 2))), ("f0", "f1"), np.ones(n, dtype=np.int64), seed=1)
    assert found.in_words(1) == ("every customer",)
