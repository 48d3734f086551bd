"""How large a recommended test is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from netlift.experiments.power import POWER, power_of, sample_size
from netlift.experiments.size_of_test import sized
from netlift.records import Accounting, Choice, Recommendation

PILOT = Accounting("pilot", 3.0, 11.0, "USD")


@pytest.mark.parametrize(("base", "rise"), [(0.6, 0.1), (0.5, 0.25), (0.25, 0.15), (0.05, 0.01), (3 / 11, 3 / 44)])
def test_customers_per_arm_are_those_of_the_textbook(base: float, rise: float) -> None:
    """Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd edition, equation 4.14, within two: 356 for 60 and 70 %."""
    rate, mean = base + rise, base + rise / 2
    z, power = norm.ppf(0.975), norm.ppf(0.8)
    n = (z * np.sqrt(2 * mean * (1 - mean)) + power * np.sqrt(rate * (1 - rate) + base * (1 - base))) ** 2 / rise**2
    found = sample_size(base, rise)
    assert found == pytest.approx(n, abs=2)
    assert (
        power_of(rise, base=base, held_out=found, treated=found) >= POWER > power_of(rise, base=base, held_out=found - 1, treated=found - 1)
    )
    if (base, rise) == (0.6, 0.1):
        assert found == 356


def choice(action: str, offers: tuple[str, ...], people: int, out: int = 0) -> Choice:
    nothing, n = np.full(people + out, None, dtype=object), people + out
    reasons = np.array([None] * people + ["no consent"] * out, dtype=object)
    zero = np.zeros(n, dtype=np.int64)
    advice = Recommendation(1, action, offers, None, None, None, "Because.")  # type: ignore[arg-type]
    return Choice((advice,), nothing, nothing, np.zeros(n), reasons, nothing, zero, zero)


def test_a_test_tells_arms_contacts_waves_and_weeks() -> None:
    """At a break-even of 27.3 %, 400 people at a time: 4 waves, which at 14 days are 8 weeks; who is out does not count."""
    each = sample_size(3 / 11, 3 / 44)
    found = sized(choice("ab_test", ("A", "B"), 400, out=50), np.ones(450, dtype=np.int64), accounting=PILOT, campaign_days=[14, 7, 21])
    (said,) = (r.why for r in found.recommendations)
    assert said == (
        f"Because. Size: 2 arms of {each} contacts show a difference of 6.8 points from the break-even of 27.3 % with 80 % probability; "
        "400 people can take part at a time, so 4 waves are needed, about 8 weeks with campaigns of 14 days as in the past."
    )
    (one,) = (
        r.why
        for r in sized(choice("new_offer", ("A",), 5000), np.ones(5000, dtype=np.int64), accounting=PILOT, campaign_days=[]).recommendations
    )
    assert one.endswith("5,000 people can take part at a time, so one wave is needed.")


@pytest.mark.parametrize(("action", "people", "accounting"), [("keep", 100, PILOT), ("ab_test", 0, PILOT), ("ab_test", 100, None)])
def test_nothing_is_said_where_there_is_no_test(action: str, people: int, accounting: Accounting | None) -> None:
    """No test, nobody who can take part, or no break-even."""
    found = sized(choice(action, ("A",), people, out=1), np.ones(people + 1, dtype=np.int64), accounting=accounting, campaign_days=[14])
    assert [r.why for r in found.recommendations] == ["Because."]
