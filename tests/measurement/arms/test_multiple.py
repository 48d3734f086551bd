"""Adjusted p values against statsmodels' and scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from netlift.measurement.arms import benjamini_hochberg, holm

# statsmodels 0.15.0, multipletests (shared/oracles): p values, Holm, Benjamini-Hochberg
ANSWERS = (
    (
        (0.00171, 0.00474, 0.01603, 0.09413, 0.15974, 0.43313, 0.47905, 0.58216, 0.73458),
        (0.01539, 0.03792, 0.11221, 0.56478, 0.7987, 1.0, 1.0, 1.0, 1.0),
        (0.01539, 0.02133, 0.04809, 0.2117925, 0.287532, 0.6159214286, 0.6159214286, 0.65493, 0.73458),
    ),
    (
        (0.00227, 0.00782, 0.01033, 0.2842, 0.43063, 0.5868, 0.64855, 0.73784, 0.95627),
        (0.02043, 0.06256, 0.07231, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        (0.02043, 0.03099, 0.03099, 0.63945, 0.775134, 0.83007, 0.83007, 0.83007, 0.95627),
    ),
    (
        (3e-05, 0.00585, 0.01392, 0.2984, 0.31399, 0.47131, 0.58516, 0.89171, 0.97346),
        (0.00027, 0.0468, 0.09744, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        (0.00027, 0.026325, 0.04176, 0.565182, 0.565182, 0.706965, 0.7523485714, 0.97346, 0.97346),
    ),
    (
        (0.00061, 0.01414, 0.01547, 0.09085, 0.20719, 0.37424, 0.63009, 0.6605, 0.93146),
        (0.00549, 0.11312, 0.11312, 0.5451, 1.0, 1.0, 1.0, 1.0, 1.0),
        (0.00549, 0.04641, 0.04641, 0.2044125, 0.372942, 0.56136, 0.7430625, 0.7430625, 0.93146),
    ),
)


def test_statsmodels_answers() -> None:
    """Holm and Benjamini-Hochberg of four stored sets, to the digits stored."""
    for p, by_holm, by_rate in ANSWERS:
        assert holm(p) == pytest.approx(by_holm, abs=1e-9)
        assert benjamini_hochberg(p) == pytest.approx(by_rate, abs=1e-9)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_scipys(p: list[float]) -> None:
    """scipy.stats.false_discovery_control gives the same; Holm's are never smaller than those, nor than the raw p."""
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), rel=1e-9)
    assert np.all(holm(p) >= benjamini_hochberg(p) - 1e-12)
    assert np.all(benjamini_hochberg(p) >= np.array(p) - 1e-12)
