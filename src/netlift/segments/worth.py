"""The order of segments: 1 is the most valuable."""

from __future__ import annotations

import numpy as np

from netlift.records import Features, Ints, Outcome
from netlift.segments.usefulness import Bools


def numbers(labels: Ints, features: Features, k: int) -> Ints:
    """The number 1..k of each label 0..k-1, (k,): by value, else by profit per contact, else by size; empty ones last."""
    rank = sorted(range(k), key=lambda c: _worth(labels == c, features), reverse=True)
    number = np.empty(k, dtype=np.int64)
    number[rank] = np.arange(1, k + 1)
    return number


def _worth(members: Bools, features: Features) -> tuple[float, float, int]:
    value = np.empty(0) if features.value is None else features.value[members]
    known = value[~np.isnan(value)]
    return float(known.mean()) if len(known) else -np.inf, _profit_per_contact(members, features.outcome), int(members.sum())


def _profit_per_contact(members: Bools, outcome: Outcome | None) -> float:
    if outcome is None or not outcome.contacts[members].sum():
        return -np.inf
    return float(outcome.profit()[members].sum() / outcome.contacts[members].sum())
