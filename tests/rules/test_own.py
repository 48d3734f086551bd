"""[rules] can only be stricter than the packs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from netlift.errors import SettingsError
from netlift.rules import judge
from netlift.rules.own import own_rules
from netlift.settings import HoursSettings, RulesSettings
from tests.rules.test_verdict import ANN, CLOCK, NOW, SOFT_GIVEN, person


def test_nothing_said_adds_nothing() -> None:
    """The packs' defaults stand."""
    assert own_rules(RulesSettings()) == ()


@pytest.mark.parametrize(
    ("settings", "channel", "someone", "words"),
    [
        ({"soft_opt_in": False}, "email", replace(ANN, consent=SOFT_GIVEN), "soft opt-in is not enough (CONSENT)"),
        ({"double_opt_in": True}, "email", person(confirmed_at=None), "address was never confirmed (DOI)"),
        ({"consent_months": 3}, "email", ANN, "consent expired (CONSENT_AGE)"),
        ({"inquiry_months": 5}, "email", person(kind="inquiry", given_at=NOW.replace(month=6, day=20)), "consent expired (CONSENT_AGE)"),
    ],
)
def test_a_stricter_rule_leaves_out_who_was_allowed(settings: dict[str, Any], channel: str, someone: Any, words: str) -> None:
    """The packs allow this person, the administrator's rule does not."""
    assert judge(someone, channel, CLOCK).kind == "allowed"
    assert judge(someone, channel, CLOCK, more=own_rules(RulesSettings(**settings))).words == words


def test_stricter_hours_and_caps_put_off() -> None:
    """Afternoons only; two texts in 30 days."""
    hours = own_rules(RulesSettings(hours=HoursSettings(weekdays=("16:30-18:00",))))
    later = judge(ANN, "sms", CLOCK, more=hours)
    assert (later.kind, later.at) == ("later", NOW.replace(minute=30))  # 16:30 in Berlin
    caps = own_rules(RulesSettings(per_30_days=2))
    often = replace(ANN, contacts=tuple(NOW.replace(month=11, day=day) for day in (20, 25)))
    assert judge(often, "sms", CLOCK).kind == "allowed"
    assert judge(often, "sms", CLOCK, more=caps).reason == "cap of 2 per 30 days reached"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"consent_months": 36},
            "rules.consent_months = 36 is milder than 24; netlift.toml can only be stricter; milder rules need",
        ),
        ({"inquiry_months": 7}, "rules.inquiry_months = 7 is milder than 6;"),
        ({"per_30_days": 31}, "rules.per_30_days = 31 is milder than one a day;"),
        ({"hours": HoursSettings(weekdays=("09:00-20:00",))}, "rules.hours.weekdays = ['09:00-20:00'] reaches out of the default window;"),
        ({"hours": HoursSettings(weekdays=(), sunday=("12:00-13:00",))}, "rules.hours.sunday = ['12:00-13:00'] reaches out of"),
        ({"hours": HoursSettings(weekdays=("10-20",))}, "rules.hours, weekdays, has the hours '10-20'; write them like 10:00-20:00."),
    ],
)
def test_milder_is_refused(settings: dict[str, Any], says: str) -> None:
    """The sentence names the value, the default, and who could decide otherwise."""
    with pytest.raises(SettingsError) as error:
        own_rules(RulesSettings(**settings))
    assert says in str(error.value)
