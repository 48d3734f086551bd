"""Sizes of arms against the plan; published p values are in test_published."""

from __future__ import annotations

import pytest

from netlift.errors import InputError
from netlift.experiments import sample_ratio_p
from netlift.measurement.arms import sample_ratio


def test_it_is_the_test_of_the_draw() -> None:
    """measurement and experiments, which may not share code, give the same p."""
    for counts in ({"a": 5000, "b": 5100}, {"a": 900, "b": 9100}, {"a": 4800, "b": 5200}):
        shares = {"a": 0.1, "b": 0.9} if counts["a"] < 1000 else {"a": 1.0, "b": 1.0}
        assert sample_ratio(counts, shares).p_value == pytest.approx(sample_ratio_p(counts, shares), rel=1e-12)


def test_it_says_what_it_could_find() -> None:
    """Of 10,000 customers a shift of 2.1 points would be found with 80 %: at 51 % it rarely is (measured: in one of ten)."""
    assert sample_ratio({"a": 5000, "b": 5000}, {"a": 0.5, "b": 0.5}).found_from == pytest.approx(0.0207, abs=1e-4)


def test_shares_that_cannot_be() -> None:
    """Another arm than those in the data, and no share, are named."""
    with pytest.raises(InputError, match="The arms in the data are 'a', 'b' and shares are given for 'a', 'c'"):
        sample_ratio({"a": 1, "b": 1}, {"a": 0.5, "c": 0.5})
    with pytest.raises(InputError, match="The planned share of 'b' is -1; it must be a number above 0"):
        sample_ratio({"a": 1, "b": 1}, {"a": 0.5, "b": -1})
