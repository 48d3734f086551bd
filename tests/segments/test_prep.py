"""Scaling of the input features."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import pytest

from netlift.errors import InputError, NotEnoughData
from netlift.records import Features, Floats
from netlift.segments import prep
from tests.segments.generators import customers

RNG = np.random.default_rng(5)


def with_scales(values: Floats, *scales: Literal["standard", "log", "logit"]) -> Features:
    given = customers(values)
    features = tuple(dataclasses.replace(f, scale=s) for f, s in zip(given.features, scales, strict=True))
    return dataclasses.replace(given, features=features)


def test_standard_is_the_plain_z_score() -> None:
    """Population standard deviation, no clipping, no log."""
    values = RNG.lognormal(size=(300, 2))
    scaling, remarks = prep.fit(with_scales(values, "log", "standard"), "standard")
    np.testing.assert_allclose(scaling.apply(values), (values - values.mean(axis=0)) / values.std(axis=0))
    assert remarks == ()


def test_auto_takes_logs_and_cuts_giants() -> None:
    """A giant ends near the others; the order is kept, also below zero."""
    values = RNG.lognormal(sigma=2, size=(500, 1)) - 0.5
    values[0] = 1e9
    scaling, _ = prep.fit(with_scales(values, "log"), "auto")
    z = scaling.apply(values)
    assert z.max() < 5
    assert (np.diff(z[np.argsort(values[:, 0]), 0]) >= 0).all()


def test_shares_are_spread_by_the_logit() -> None:
    """Shares of exactly 0 and 1 stay finite."""
    values = np.concatenate([[0.0, 1.0], RNG.random(98)])[:, None]
    assert np.isfinite(prep.fit(with_scales(values, "logit"), "auto")[0].apply(values)).all()


def test_useless_columns_are_left_out_and_said() -> None:
    """Constant, empty and repeated columns go; each is named with its reason."""
    a = RNG.normal(size=100)
    values = np.column_stack([a, np.full(100, 3.0), np.full(100, np.nan), 2 * a + 1, RNG.normal(size=100)])
    scaling, remarks = prep.fit(customers(values), "auto")
    assert scaling.names == ("f0", "f4")
    assert remarks == (
        "f1 is the same (3) for every customer and was left out.",
        "f2 is missing for every customer and was left out.",
        "f3 says the same as f0 and was left out.",
    )


def test_a_share_that_is_nearly_always_zero_is_left_out() -> None:
    """What the logit makes constant is not divided by its standard deviation of zero."""
    values = np.column_stack([np.where(np.arange(100) == 0, 5e-4, 0.0), RNG.normal(size=100)])
    assert prep.fit(with_scales(values, "logit", "standard"), "auto")[0].names == ("f1",)


def test_missing_values_count_with_the_median() -> None:
    """The remark gives number and median."""
    values = np.column_stack([np.arange(101.0), RNG.normal(size=101)])
    values[:3, 0] = np.nan
    scaling, remarks = prep.fit(customers(values), "standard")
    assert remarks == ("f0 is missing for 3 customers, who count with the median (51.5).",)
    assert (scaling.raw(values)[:3, 0] == 51.5).all()


def test_infinite_values_are_refused_by_name() -> None:
    """The message names the feature."""
    values = np.ones((60, 2)) * np.arange(60)[:, None]
    values[4, 1] = np.inf
    with pytest.raises(InputError, match="'f1' is infinite for 1 customers"):
        prep.fit(customers(values), "auto")


def test_nothing_that_differs_is_refused() -> None:
    """All customers alike: there is nothing to segment by."""
    with pytest.raises(NotEnoughData, match="No input feature differs"):
        prep.fit(customers(np.ones((60, 3))), "auto")


def test_unknown_input_is_refused() -> None:
    """The message names it and the known ones."""
    with pytest.raises(InputError, match="'spent' is not among the features; they are f0, f1"):
        prep.fit(dataclasses.replace(customers(RNG.normal(size=(60, 2))), inputs=("spent",)), "auto")


def test_what_most_customers_lack_makes_no_segments() -> None:
    """Missing for 51 of 100: left out, with the count; missing for 50: filled."""
    values = RNG.normal(size=(100, 2))
    values[:50, 0] = np.nan
    assert prep.fit(customers(values), "auto")[0].names == ("f0", "f1")
    values[50, 0] = np.nan
    scaling, remarks = prep.fit(customers(values), "auto")
    assert scaling.names == ("f1",)
    assert remarks == ("f0 is missing for 51 of 100 customers and was left out: one value for all of them would look like a group.",)


def test_a_copy_on_another_scale_is_a_copy() -> None:
    """Twice the money has the same order of customers: it would count twice. The log of it cannot hide that."""
    spend = RNG.lognormal(3, 1, 300)
    _, remarks = prep.fit(customers(np.column_stack([spend, 2 * spend, np.sqrt(spend), RNG.normal(size=300)])), "auto")
    assert remarks == ("f1 says the same as f0 and was left out.", "f2 says the same as f0 and was left out.")


def test_what_is_beyond_numbers_is_left_out() -> None:
    """A sum of squares of 1e300 is none."""
    values = RNG.normal(size=(100, 2))
    values[:2, 0] = 1e300
    scaling, remarks = prep.fit(customers(values), "auto")
    assert scaling.names == ("f1",)
    assert remarks[0].startswith("f0 runs up to 1e+300, beyond what can be compared, and was left out")


def test_a_category_in_0_1_columns_is_told() -> None:
    """Three columns of which everybody has exactly one are one fact; 0/1 columns that do not exclude each other are several."""
    city = np.eye(3)[RNG.integers(0, 3, 300)]
    flags = RNG.integers(0, 2, (300, 2)).astype(float)
    _, remarks = prep.fit(customers(np.column_stack([flags, city, RNG.normal(size=300)])), "auto")
    assert remarks == ("f2, f3, f4 are one category in 0/1 columns: groups may be no more than its values; leave them out to see others.",)
