"""The score: monotone by construction, and contributions that add up exactly."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.review import cases as read
from netlift.review import judge, score
from netlift.review.scorecard import FACTORS, scorecard
from tests.review.conftest import POLICY, labelled

CASES = labelled()


def scored(case: dict[str, Any]) -> tuple[float, dict[str, float]]:
    campaign = read.campaign(case)
    return score(campaign, judge(campaign, POLICY))


def test_no_weight_is_negative() -> None:
    """Every factor and interaction of the policy has its weight, and none can lower the score."""
    weights = scorecard()["weights"]
    assert tuple(weights) == FACTORS
    assert min(weights.values()) >= 0
    assert max(weights.values()) > 0


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_contributions_add_up(case: dict[str, Any]) -> None:
    """Their sum is the log-odds of the score."""
    got, added = scored(case)
    assert got == round(100 / (1 + math.exp(-math.fsum(added.values()))), 2)


RULES = [
    {"field": "model.pregnancy.score", "op": ">=", "value": 0.8},
    {"field": "profile.diabetes", "op": "=", "value": True},
    {"field": "purchases.category", "op": "in", "value": ["lottery tickets"]},
    {"field": "profile.kids_home", "op": ">=", "value": 1},
    {"field": "social.likes", "op": "contains", "value": "tennis"},
    {"field": "transactions.visits", "op": ">=", "value": 2},
]


@given(st.sampled_from(CASES), st.lists(st.sampled_from(RULES), min_size=1, max_size=4), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_further_rule_never_lowers_the_score(case: dict[str, Any], rules: list[dict[str, Any]], excluded: bool) -> None:  # noqa: FBT001
    """Any rule or exclusion added, sensitive or not, leaves the score or raises it."""
    more = copy.deepcopy(case)
    more["audience"]["exclusions" if excluded else "rules"] += rules
    assert scored(more)[0] >= scored(case)[0]


@given(st.sampled_from(CASES), st.sampled_from(["post", "phone"]), st.integers(0, 9), st.integers(0, 500))
@settings(max_examples=150, deadline=None)
def test_a_more_visible_channel_more_contacts_fewer_people_never_lower_it(
    case: dict[str, Any], channel: str, sends: int, fewer: int
) -> None:
    """Each factor by itself only adds."""
    more = copy.deepcopy(case)
    more["channel"] = channel
    more["pressure"]["planned_sends"] += sends
    more["audience"]["size"] = max(1, more["audience"]["size"] - fewer)
    assert scored(more)[0] >= scored(case)[0]


def test_the_target_case_scores_above_ordinary_ones() -> None:
    """What is most sensitive, most inferred, told and posted comes out on top."""
    by_id = {c["id"]: scored(c)[0] for c in labelled("shared_cases")}
    assert max(by_id.values()) == by_id["S01"]
    assert by_id["S05"] < by_id["S22"]
