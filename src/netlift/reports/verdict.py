"""The review's verdict in words: the gravest reasons, the cheapest fix with what it costs, what the score is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netlift.reports import figures

REASONS = 3  # shown first
CENT = 0.01
FACTORS = {
    "base": "base of every plan",
    "S": "sensitivity of what is known",
    "I": "distance from what people said",
    "N": "narrowness of the audience",
    "R": "what the message reveals",
    "V": "visible to the household",
    "P": "a protected attribute is told",
    "F": "contact pressure",
    "X": "price by person",
    "S*I": "sensitive and inferred",
    "S*R": "sensitive and revealed",
    "S*V": "sensitive and visible",
}


def reasons(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The three gravest findings that are more than notes, of different codes first."""
    grave = [f for f in findings if f["severity"] != "note"]
    again = [any(f["code"] == g["code"] for g in grave[:i]) for i, f in enumerate(grave)]
    return [f for _, f in sorted(zip(again, grave, strict=True), key=lambda pair: pair[0])][:REASONS]


def contributions(added: Mapping[str, float] | None) -> list[tuple[str, float]]:
    """What each factor adds to the log-odds of the score, in words, the most first; the base comes last, factors of nothing not at all."""
    told = [(FACTORS.get(name, name), value) for name, value in (added or {}).items() if name != "base" and value]
    base = [(FACTORS["base"], added["base"])] if added and "base" in added else []
    return sorted(told, key=lambda row: -row[1]) + base


def remedy(fix: Mapping[str, Any] | None, currency: str) -> str:
    """The cheapest fix in sentences: the edits, verdict and score after them, and what they do to people and expected profit."""
    if not fix:
        return ""
    after = f" Then the checks say '{fix['verdict']}', score {fix['score']:.1f}." if fix["edits"] else ""
    return f"{fix['text']}{after} {_effect(fix, currency)}".strip()


def _effect(fix: Mapping[str, Any], currency: str) -> str:
    if fix["people"] is None:
        return str(fix["note"]) if fix["edits"] else ""
    change = fix["people"] - fix["people_before"]
    people = f"{-change:,} of {fix['people_before']:,} people fewer" if change < 0 else f"{change:,} people more" if change else ""
    if fix["profit"] is None or fix["profit_before"] is None:
        return f"{people or 'The same people'} get it. {fix['note']}".strip()
    money = fix["profit"] - fix["profit_before"]
    said = (
        f"expected profit changes by {figures.money(money, currency, signed=True)}" if abs(money) >= CENT / 2 else "expected profit stays"
    )
    return f"{people} get it; {said}." if people else f"The same people get it; {said}."
