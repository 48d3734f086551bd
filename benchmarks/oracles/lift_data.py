"""The data on which netlift's estimators of lift are held against other libraries (lift.py), from fixed seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("lift.json")
DAYS, WEEK, LENGTH = 140, 7, 20
CAMPAIGNS = ((40, 59, "A"), (90, 109, "B"))  # first and last day, type
LEVEL_TO_NOISE = 0.05  # variance ratio at which the drifting level is compared


def shop() -> tuple[Any, Any]:
    """Daily sales of 80 customers, (80, 140), and who is on the lists of the two campaigns, (2, 80)."""
    random = np.random.default_rng(11)
    sales = np.round(random.gamma(1.0, 6.0, (80, 1)) * random.gamma(2.0, 1.0, (80, DAYS)) * (random.random((80, DAYS)) < 0.6), 2)
    return sales, random.random((2, 80)) < 0.45


def series() -> tuple[Any, Any]:
    """A daily series (400,) with AR(1) errors, and its regressors (400, 9): the last is the campaign's days."""
    random = np.random.default_rng(12)
    n = 400
    shocks, errors = random.normal(0, 0.06, n), np.zeros(n)
    for t in range(1, n):
        errors[t] = 0.5 * errors[t - 1] + shocks[t]
    day = np.arange(n)
    campaign = (day % 50 >= 40).astype(float)
    x = np.column_stack([np.ones(n), day / n, *((day % WEEK == j).astype(float) for j in range(1, WEEK)), campaign])
    return 9 + 0.3 * day / n + 0.1 * (day % WEEK == 5) + 0.05 * campaign + errors, x
