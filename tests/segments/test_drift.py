"""What changed since a model was fitted."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from netlift.records import Floats
from netlift.segments import cut, drift, model, prep
from netlift.segments.model import Model
from tests.segments.generators import customers

RNG = np.random.default_rng(8)


def fitted(values: Floats) -> Model:
    known = customers(values)
    scaling, _ = prep.fit(known, "auto")
    return model.fit(known, scaling, [cut.of(scaling, None, values, 0)], seed=1)


def test_the_index_worked_by_hand() -> None:
    """All of today in the lower half: five tenths of .2 against .1, five of .0001 against .1."""
    then = np.column_stack([np.arange(1000.0), RNG.normal(size=1000)])
    now = np.column_stack([np.arange(500.0), RNG.normal(size=500)])
    lower, upper = 5 * 0.1 * math.log(2), 5 * (0.0001 - 0.1) * math.log(0.0001 / 0.1)
    assert drift.stability(fitted(then), now)["f0"] == pytest.approx(lower + upper, abs=0.02)


def test_the_same_customers_have_not_drifted() -> None:
    """0 for the very same, also with spikes and missing facts; a tenth of noise for others of the same kind."""
    then = np.column_stack([np.maximum(RNG.normal(size=2000), 0), RNG.normal(size=2000)])
    then[::5, 1] = np.nan
    frozen = fitted(then)
    assert drift.stability(frozen, then) == pytest.approx({"f0": 0, "f1": 0}, abs=1e-9)
    other = np.column_stack([np.maximum(RNG.normal(size=2000), 0), RNG.normal(size=2000)])
    assert drift.stability(frozen, other)["f0"] < 0.05
    assert drift.stability(frozen, other)["f1"] > 0.25  # nobody lacks the fact any more


def test_who_moved_who_came_and_who_went() -> None:
    """Rows are then, columns are now; the sums are the customers of both times."""
    values = RNG.normal(size=(60, 2))
    then = (np.array(["a", "b", "c", "d"], dtype=object), np.array([1, 1, 2, 2]))
    now = (np.array(["b", "c", "d", "e"], dtype=object), np.array([2, 2, 2, 1]))
    found = drift.drifted(fitted(values), values, then=then, now=now)
    assert found.migration == {1: {1: 0, 2: 1}, 2: {1: 0, 2: 2}}
    assert (found.sizes_then, found.sizes_now) == ({1: 2, 2: 2}, {1: 1, 2: 3})
    assert (found.came, found.went) == (1, 1)
    assert dataclasses.asdict(found)["stability"].keys() == {"f0", "f1"}
