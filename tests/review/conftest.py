"""A plan that passes every check; tests change one thing in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from netlift import review
from netlift.records import Audience, Feature, Message, Plan
from netlift.settings import ReviewSettings

POLICY = ReviewSettings()
N = 2000
HELD_OUT = 400


def texts(value: str | None, n: int = N) -> np.ndarray:
    return np.full(n, value, dtype=object)


def fact(name: str, sensitivity: Literal["none", "A", "B", "C"] = "none") -> Feature:
    return Feature(name, "", name, "attribute", "", sensitivity=sensitivity)


@pytest.fixture
def plan() -> Plan:
    """2,000 consenting people of two segments, 400 of them held out, an offer with its message."""
    arm = texts("treated")
    arm[:HELD_OUT] = "holdout"
    audience = Audience(
        np.array([f"c{i}" for i in range(N)], dtype=object),
        np.arange(N) % 2 + 1,
        texts("Wine"),
        texts("email"),
        arm,
        np.ones(N),
        texts(None),
    )
    return Plan(
        name="Shop",
        country="US",
        audience=audience,
        messages=(Message("Wine", "email", "Shop <shop@example.com>", "Wine week", "Hello,\n\nwine at half price."),),
        segments={1: "buyers", 2: "others"},
        inputs=(fact("monetary"),),
        holdout=0.2,
        salt_id="run 1",
        consent=texts("shop, 2024-03-01"),
        contacts_7d=np.zeros(N, dtype=np.int64),
        contacts_30d=np.zeros(N, dtype=np.int64),
        budget=1600.0,
    )


def only(plan: Plan, people: int) -> Plan:
    """The plan with just this many people left to contact (and the same number held out)."""
    reason = texts("segment not targeted")
    reason[HELD_OUT - people : HELD_OUT + people] = None
    return with_audience(plan, excluded_reason=reason)


def with_audience(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, audience=replace(plan.audience, **changes))


def campaign_of(rules: Sequence[tuple[str, str, Any]]) -> review.Campaign:
    """An ordinary campaign whose people are chosen by these rules (field, op, value)."""
    case = next(c for c in labelled("shared_cases") if c["id"] == "S19")
    case["audience"]["rules"] = [dict(zip(("field", "op", "value"), rule, strict=True)) for rule in rules]
    return review.cases.campaign(case)


def codes(findings: Sequence[Any]) -> list[tuple[str, str]]:
    return [(f.code, f.severity) for f in findings]


def labelled(*names: str) -> list[dict[str, Any]]:
    """Labelled campaigns: the shared ones and our own."""
    here = Path(__file__).parent
    lines = [line for name in names or ("shared_cases", "campaigns") for line in (here / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines]
