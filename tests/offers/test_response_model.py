"""Chances to answer are out of sample, calibrated and turned into money by the stated accounting."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.offers import response_model
from netlift.records import Accounting

ACCOUNTING = Accounting("test", 3, 11, "USD")


def test_noise_promises_nothing() -> None:
    """With nothing to learn the AUC is a coin's and the chances are near the base rate."""
    rng = np.random.default_rng(23)
    columns = {f"x{j}": rng.normal(size=2000) for j in range(20)}
    y = (rng.random(2000) < 0.2).astype(np.int64)
    p = response_model.probabilities(columns, y, seed=1, repeats=2)
    found = response_model.quality(p, y, seed=1)
    assert found.auc_low <= 0.5 <= found.auc_high
    assert found.calibration_error < 0.06


def test_copies_do_not_leak() -> None:
    """Every customer stands in the table twice with the same outcome: noise stays noise, because copies share a fold."""
    rng = np.random.default_rng(29)
    columns = {f"x{j}": np.tile(rng.normal(size=300), 2) for j in range(60)}
    y = np.tile((rng.random(300) < 0.3).astype(np.int64), 2)
    found = response_model.quality(response_model.probabilities(columns, y, seed=1), y, seed=1)
    assert found.auc < 0.6


def test_calibration_error_by_hand() -> None:
    """Tenths that promise 0.3 and hold 0.5 are 0.2 off."""
    y = np.tile([0, 1], 50)
    assert response_model.calibration_error(np.full(100, 0.3), y) == pytest.approx(0.2)


def test_money_by_hand() -> None:
    """Above 3/11 is contacted: two of four, one answers: 11 - 6 = 5."""
    sent = response_model.campaign(np.array([[0.9, 0.28, 0.27, 0.0]]), np.array([1, 0, 1, 0]), ACCOUNTING, seed=1)
    assert (sent.contacts, sent.profit) == (2, 5)
    assert sent.low <= 5 <= sent.high
