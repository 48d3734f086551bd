"""The score: an additive scorecard on log-odds whose weights are never negative, so that a further reason can never lower it.

score = 100 / (1 + exp(-(b + sum of w_i x_i))), all x_i in [0, 1] and all w_i >= 0 (review policy, section 3). The verdict is the most
severe finding (vetoes first); the score only orders what the committee sees. Weights: scorecard.json, written by benchmarks/review.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from netlift.records import Finding
from netlift.review.campaign import Campaign, Severity
from netlift.review.household_visible import VISIBLE
from netlift.review.proxy_protected import telling
from netlift.review.signals import unlifted

Codes = set[tuple[str, Severity]]
SENSITIVITY = {"A": 1.0, "B": 0.6, "C": 0.2}
DISTANCE = {"declared": 0.0, "observed": 0.3, "modelled": 0.7, "third party": 1.0}  # as the policy states
NARROW = ((50, 1.0), (100, 0.7), (300, 0.4))  # people: narrowness below
GRADE: dict[Severity, float] = {"block": 1.0, "review": 0.5, "note": 0.0}
FACTORS = ("S", "I", "N", "R", "V", "P", "F", "X", "S*I", "S*R", "S*V")


@cache
def scorecard() -> dict[str, Any]:
    """Version, base and weights."""
    card: dict[str, Any] = json.loads(files("netlift.review").joinpath("scorecard.json").read_text(encoding="utf-8"))
    return card


def score(campaign: Campaign, findings: Sequence[Finding]) -> tuple[float, dict[str, float]]:
    """The score from 0 to 100 and what each factor adds to the log-odds; they add up to it exactly."""
    card = scorecard()
    x = factors(campaign, findings)
    added = {"base": card["base"]} | {name: round(card["weights"][name] * x[name], 4) for name in FACTORS}
    return round(100 / (1 + math.exp(-math.fsum(added.values()))), 2), added


def factors(campaign: Campaign, findings: Sequence[Finding]) -> dict[str, float]:
    """Each factor in [0, 1]: sensitivity, inference distance, narrowness, reveal, visibility, proxy, pressure, price; and products."""
    told = unlifted(campaign)
    codes: Codes = {(f.code, f.severity) for f in findings}
    sensitive = [SENSITIVITY[s.letter] for s in told] + [SENSITIVITY[i.sensitivity] for i in campaign.inputs if i.sensitivity != "none"]
    distant = [DISTANCE[c.distance] for c in campaign.conditions] + [DISTANCE[s.distance] for s in told]
    proxies = [min(1.0, max(0.0, (telling(p) - 0.5) / 0.3)) for p in campaign.measured.auc.values()]
    x = {
        "S": max([*sensitive, _graded(codes, "MINORS")]),
        "I": max([*distant, _graded(codes, "SOURCE_UNEXPECTED"), _graded(codes, "PURPOSE_MISMATCH")]),
        "N": _narrowness(campaign),
        "R": 1.0 if _has(codes, "MESSAGE_REVEALS_TRAIT") else 0.5 if _has(codes, "MESSAGE_REVEALS_TRACKING") else 0.0,
        "V": 1.0 if set(campaign.channels) & set(VISIBLE) else 0.0,
        "P": max([*proxies, _graded(codes, "DISPARATE_IMPACT")]),
        "F": _pressure(campaign),
        "X": _graded(codes, "PRICE_EXPLOITATION"),
    }
    return x | {"S*I": x["S"] * x["I"], "S*R": x["S"] * x["R"], "S*V": x["S"] * x["V"]}


def _graded(codes: Codes, code: str) -> float:
    return max((GRADE[severity] for found, severity in codes if found == code), default=0.0)


def _has(codes: Codes, code: str) -> bool:
    return any(found == code for found, _ in codes)


def _narrowness(campaign: Campaign) -> float:
    by_size = next((value for people, value in NARROW if campaign.size < people), 0.0)
    return max(by_size, min(1.0, sum(c.count for c in campaign.conditions) / 10))


def _pressure(campaign: Campaign) -> float:
    """1 at twice the hard cap of 12 contacts in 30 days, or of 5 in 7."""
    most = [(int(c.max()) if c.size else 0) / cap for c, cap in ((campaign.contacts.in_7d, 10), (campaign.contacts.in_30d, 24))]
    return min(1.0, max(most))
