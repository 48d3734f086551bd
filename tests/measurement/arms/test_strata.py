"""Effects over strata."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netlift.errors import InputError
from netlift.measurement.arms import post_stratified, shrunk
from netlift.measurement.arms.difference import Difference

SMALL, LARGE = Difference(1.0, 0.4, 50, 100, 10, relative=False), Difference(3.0, 0.1, 80, 300, 20, relative=False)


def test_strata_are_weighted_by_their_customers() -> None:
    """100 customers with effect 1 and 300 with effect 3 are 2.5, variance .25²·.4 + .75²·.1."""
    found = post_stratified([SMALL, LARGE])
    assert (found.effect, found.variance, found.n, found.base) == pytest.approx((2.5, 0.08125, 400, 17.5))
    assert 50 < found.freedom < 130
    assert post_stratified([SMALL]) == SMALL


def test_shares_do_not_add_up() -> None:
    """Relative differences of different bases are refused, and so is no stratum."""
    with pytest.raises(InputError, match="a relative one is given"):
        post_stratified([replace(SMALL, relative=True)])
    with pytest.raises(InputError, match="none is given"):
        post_stratified([])


def test_noise_alone_shows_no_difference_between_segments() -> None:
    """Segments that differ less than their noise all show the common mean; clear ones keep most of their difference."""
    alike, between = shrunk(np.array([1.0, 1.2, 0.9]), np.array([0.5, 0.5, 0.5]))
    assert between == 0
    assert alike == pytest.approx(np.full(3, 31 / 30))
    clear, between = shrunk(np.array([0.0, 10.0]), np.array([0.1, 0.1]))
    assert between == pytest.approx(24.9)
    assert clear == pytest.approx([0.02, 9.98])
