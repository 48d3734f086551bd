"""Candidate jurisdictions and zones."""

from __future__ import annotations

import pytest

from netlift.rules import place, prefix

STATES = {f"US-{state}" for state in ("FL", "MD", "MS", "NJ", "OK", "CT", "TX", "RI")}


@pytest.mark.parametrize(
    ("country", "region", "zone", "number", "expected"),
    [
        ("DE", "", "Mars/Olympus", "+1 212 555 0100", {"DE", "US", "STRICTEST"} | STATES),  # the note's example
        ("", "", "", "", {"STRICTEST"}),
        ("de", "BY", "", "", {"DE"}),
        ("AT", "", "", "", {"EU"}),
        ("JP", "", "", "", {"STRICTEST"}),
        ("GB", "", "", "07400 123456", {"UK"}),
        ("US", "FL", "", "", {"US", "US-FL"}),
        ("US", "US-FL", "", "", {"US", "US-FL"}),
        ("US", "NY", "America/New_York", "+12125550100", {"US"}),
        ("US", "", "", "", {"US"} | STATES),  # any state it may be
        ("US", "NY", "", "+14165550100", {"US", "CA"}),  # Toronto
        ("US", "NY", "Europe/Paris", "", {"US", "FR"}),
        ("US", "NY", "UTC", "", {"US", "STRICTEST"}),  # a zone of no country
        ("", "", "", "+4915112345678", {"DE", "STRICTEST"}),
        ("FR", "", "", "what", {"FR"}),  # no number at all
        ("FR", "", "", "+999 12", {"FR", "STRICTEST"}),  # one that cannot be read
        ("IN", "", "Asia/Calcutta", "", {"IN"}),  # an old name
    ],
)
def test_candidates(country: str, region: str, zone: str, number: str, expected: set[str]) -> None:
    """Every source adds its jurisdictions; what is unknown adds the strictest."""
    assert place(country, region, zone, prefix(number, country)).packs == expected


@pytest.mark.parametrize(
    ("country", "region", "zone", "number", "expected"),
    [
        ("US", "NY", "Asia/Kolkata", "+12125550100", {"Asia/Kolkata"}),  # declared first
        ("US", "FL", "", "+12125550100", {"America/New_York", "America/Chicago"}),  # then the address
        ("US", "", "", "+12125550100", {"America/New_York"}),  # a wide country, narrowed by the number
        ("", "", "", "+12085550100", {"America/Boise", "America/Denver", "America/Los_Angeles"}),
        ("", "", "", "+447400123456", {"Europe/London", "Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey"}),
        ("IN", "", "", "", {"Asia/Kolkata"}),
        ("", "", "", "", set()),
    ],
)
def test_zones(country: str, region: str, zone: str, number: str, expected: set[str]) -> None:
    """Declared zone or address first; else every zone the number may be in."""
    assert set(place(country, region, zone, prefix(number, country)).zones) == expected


def test_a_toll_free_number_may_be_anywhere_in_america() -> None:
    """Dozens of zones, and every state."""
    assert len(place(number=prefix("+18005550100")).zones) > 30
    assert len(place("US", number=prefix("+18005550100")).zones) > 5


def test_a_prefix_tells_no_number() -> None:
    """Only as much is kept as tells where a number may be."""
    assert prefix("+1 (212) 555-0100") == "1212"
    assert prefix("030 1234567", "DE") == "49"
    assert prefix("", "DE") == ""
    assert prefix("030 1234567") == "?"
