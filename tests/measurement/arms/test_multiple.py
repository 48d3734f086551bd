"""Adjusted p values against statsmodels' and scipy's."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from netlift.measurement.arms import benjamini_hochberg, holm
from tests.conftest import SHARED

FILE = SHARED / "oracles" / "power_multitest_statsmodels.json"


@pytest.mark.skipif(not FILE.exists(), reason="the oracles lie beside the repository")
def test_statsmodels_answers() -> None:
    """Holm and Benjamini-Hochberg of four stored sets, to 1e-9."""
    sets = json.loads(FILE.read_text(encoding="utf-8"))["multitest"]
    assert len(sets) == 4
    for told in sets:
        assert holm(told["p"]) == pytest.approx(told["holm"], abs=1e-9)
        assert benjamini_hochberg(told["p"]) == pytest.approx(told["fdr_bh"], abs=1e-9)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_scipys(p: list[float]) -> None:
    """scipy.stats.false_discovery_control gives the same; Holm's are never smaller than those, nor than the raw p."""
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), rel=1e-9)
    assert np.all(holm(p) >= benjamini_hochberg(p) - 1e-12)
    assert np.all(benjamini_hochberg(p) >= np.array(p) - 1e-12)
