"""The verdict in words: gravest reasons first, the fix with its price, parts of the score."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.reports.verdict import contributions, reasons, remedy

FIX: dict[str, Any] = {
    "text": "Keep only people whose consent is on file.",
    "edits": ("keep only people whose consent is on file",),
    "verdict": "pass",
    "score": 12.34,
    "people_before": 1600,
    "people": 1500,
    "profit_before": 1600.0,
    "profit": 1500.0,
    "note": "",
}


def finding(code: str, severity: str) -> dict[str, str]:
    return {"code": code, "severity": severity, "text": code.lower(), "where": "audience", "evidence": ""}


def test_three_codes_come_before_the_same_code_again() -> None:
    """Of four findings the second of a code waits, and notes never show."""
    told = [finding("A", "block"), finding("A", "block"), finding("B", "review"), finding("C", "note")]
    assert [f["code"] for f in reasons(told)] == ["A", "B", "A"]
    assert reasons([finding("C", "note")]) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Then the checks say 'pass', score 12.3. 100 of 1,600 people fewer get it; expected profit changes by −100.00 USD."),
        ({"people": 1600, "profit": 1600.0}, "The same people get it; expected profit stays."),
        ({"people": 1700, "profit": 1700.0}, "100 people more get it; expected profit changes by +100.00 USD."),
        ({"people": None, "profit": None, "note": "It cannot be told."}, "It cannot be told."),
        ({"profit": None, "note": "No profit is known."}, "100 of 1,600 people fewer get it. No profit is known."),
    ],
)
def test_the_fix_names_people_and_money(changes: dict[str, Any], words: str) -> None:
    """People lost or gained and expected profit, or why they cannot be told."""
    assert remedy({**FIX, **changes}, "USD").endswith(words)


def test_without_a_fix_nothing_is_said() -> None:
    """A plan that passes has none; where no edit helps, nothing is promised."""
    assert remedy(None, "USD") == ""
    assert remedy({**FIX, "edits": (), "text": "No edit alone helps."}, "USD").startswith("No edit alone helps.")


def test_parts_of_the_score_in_words() -> None:
    """The largest first, the base last, what adds nothing left out."""
    assert contributions({"base": -1.5, "S": 0.2, "R": 2.0, "V": 0.0}) == [
        ("what the message reveals", 2.0),
        ("sensitivity of what is known", 0.2),
        ("base of every plan", -1.5),
    ]
    assert contributions(None) == []
