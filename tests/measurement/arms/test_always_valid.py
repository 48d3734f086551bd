"""Always valid intervals: wider than fixed ones, and where they are narrowest. Published figures are in test_published."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.measurement.arms import confidence_sequence, mixture_test, welch
from netlift.measurement.arms.difference import Difference


def of(n: int, effect: float = 0.0) -> Difference:
    return Difference(effect, 4 / n, n - 2, n, 1.0, relative=False)


def test_it_costs_width() -> None:
    """At its planned size the sequence is 1.55 times as wide as the fixed interval."""
    width = confidence_sequence(of(5000), planned=5000).high / welch(of(5000)).high
    assert width == pytest.approx(1.55, abs=0.01)


def test_it_is_narrowest_where_planned() -> None:
    """With 2,000 customers, planning for 2,000 gives a narrower interval than planning for 200 or 20,000."""
    widths = [confidence_sequence(of(2000), planned=planned).high for planned in (200, 2000, 20_000)]
    assert widths[1] == min(widths)


def test_twenty_looks_alarm_rarely() -> None:
    """In 400 experiments without effect, read 20 times, both methods alarm in at most 5 %; the fixed test in over 15 %."""
    rng = np.random.default_rng(6)
    steps = rng.normal(size=(400, 20, 100)) - rng.normal(size=(400, 20, 100))
    sums = steps.sum(axis=2).cumsum(axis=1)
    alarms = {"fixed": 0, "sequence": 0, "mixture": 0}
    for path in sums:
        looks = [Difference(total / (100 * (k + 1)), 2 / (100 * (k + 1)), 1e6, 200 * (k + 1), 1.0, False) for k, total in enumerate(path)]
        alarms["fixed"] += any(welch(look).p < 0.05 for look in looks)
        alarms["sequence"] += any(confidence_sequence(look, planned=2000).p < 0.05 for look in looks)
        alarms["mixture"] += any(mixture_test(look, tau=0.1).p < 0.05 for look in looks)
    assert alarms["fixed"] > 60
    assert max(alarms["sequence"], alarms["mixture"]) <= 20
