"""Daily models on the series with R's published answer."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from netlift.records import Floats
from tests.conftest import SHARED
from tests.measurement.test_oracles import after

ORACLES = SHARED / "oracles" / "causalimpact"


def column(file: str, *names: str) -> Floats:
    with (ORACLES / file).open(encoding="utf-8") as lines:
        return np.array([[float(row[name]) for name in names] for row in csv.DictReader(lines)])


@pytest.mark.parametrize("model", ["ar1", "local_level"])
def test_published_series_are_answered_as_by_r(model: str) -> None:
    """R's comparison series: the interval includes 0 and R's estimate; the ARMA series: it covers the true 5 and excludes 0."""
    y = column("comparison_data.csv", "CHANGED")[:, 0]
    effect, low, high = after(y, column("comparison_data.csv", *(f"NOT_CHANGED_{i}" for i in (1, 2, 3))), 90, model)
    assert low < 0 < high
    assert low < -657 < high
    assert -2076 < effect < 832
    y = column("arma_data.csv", "y")[:, 0]
    effect, low, high = after(y + 5.0 * (np.arange(len(y)) >= 70), column("arma_data.csv", "X"), 70, model)
    assert 0 < low < 5 < high
    assert effect == pytest.approx(4.89, abs=0.1)
