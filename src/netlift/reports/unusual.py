"""The most unusual customers: how many and why, never who."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from netlift.records import Segmentation

THRESHOLD = 0.99
MOST_REASONS = 8
_FACT = re.compile(r"^(?P<feature>\S+) .*: (?P<direction>higher|lower) than .* of customers$")


@dataclass(frozen=True, slots=True)
class Unusual:
    """Customers whose anomaly score is at least `threshold`."""

    threshold: float
    people: int
    expected: int  # if scores were spread evenly
    reasons: tuple[tuple[str, int], ...]  # reason in words, people with it; the most frequent first, some left away
    all_shown: bool


def most_unusual(segmentation: Segmentation, meanings: Mapping[str, str]) -> Unusual:
    """Count the customers that are more unusual than 99 % of the reference, by reason; one customer can have several.

    `meanings` says in words what a feature is.
    """
    chosen = segmentation.anomaly_score >= THRESHOLD
    kinds = Counter(_kind(fact, meanings) for reason in segmentation.anomaly_reason[chosen] if reason for fact in reason.split("; "))
    ordered = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    return Unusual(
        threshold=THRESHOLD,
        people=int(chosen.sum()),
        expected=round((1 - THRESHOLD) * len(chosen)),
        reasons=tuple(ordered[:MOST_REASONS]),
        all_shown=len(ordered) <= MOST_REASONS,
    )


def _kind(fact: str, meanings: Mapping[str, str]) -> str:
    """A customer's fact without that customer's figures, so that equal reasons can be counted."""
    found = _FACT.match(fact)
    if not found:
        return fact
    return f"{meanings.get(found['feature'], found['feature'])}: unusually {'high' if found['direction'] == 'higher' else 'low'}"
