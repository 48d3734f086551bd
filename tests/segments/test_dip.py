"""The dip statistic against published and exactly solved values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from netlift.records import Floats
from netlift.segments.dip import dip

NORMAL = ndtri((np.arange(1, 201) - 0.5) / 200)
TENTHS = np.arange(10) / 10


@pytest.mark.parametrize(
    ("expected", "numbers"),
    [
        (0.05, np.arange(1.0, 11)),
        (0.205, np.concatenate([TENTHS, 5 + TENTHS])),
        (0.175, np.array([0.0, 1, 2, 3, 10, 11, 12, 13])),
        (0.125, np.array([1.0, 1, 2, 3, 3, 3, 4, 7, 8, 8, 8, 9])),
        (0.0470, np.concatenate([NORMAL - 2, NORMAL + 2])),
        (0.0186, np.concatenate([NORMAL - 1.5, NORMAL + 1.5])),
        (0.0052, np.concatenate([NORMAL - 1.2, NORMAL + 1.2])),
    ],
)
def test_reference_values(expected: float, numbers: Floats) -> None:
    """The values of notes/segmentation.md 15.5."""
    assert dip(numbers) == pytest.approx(expected, abs=5e-5)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60, unique=True), st.integers(1, 50), st.integers(-100, 100))
def test_order_scale_place_and_direction_do_not_matter(numbers: list[int], scale: int, place: int) -> None:
    """The dip of distinct numbers is within 1/(2n) and 1/4 and does not depend on unit or sign."""
    x = np.array(numbers, dtype=float)
    found = dip(x)
    assert 1 / (2 * len(x)) - 1e-12 <= found <= 0.25 + 1e-12
    assert dip(x[::-1] * scale + place) == pytest.approx(found)
    assert dip(-x) == pytest.approx(found)
