"""What the committee is told of a plan: score, parts, and the cheapest fix with people and money from the plan's own people."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netlift import snapshot
from netlift.records import ChosenBy, Message, Plan
from netlift.review import review
from tests.review.conftest import HELD_OUT, POLICY, N, fact, texts, with_audience

CONTACTED = N - HELD_OUT


def test_a_good_plan_has_a_score_and_needs_no_fix(plan: Plan) -> None:
    """The parts add up to the log-odds of the score exactly."""
    result = review(plan, POLICY)
    assert (result.verdict, result.remedy) == ("pass", None)
    assert result.score == round(100 / (1 + math.exp(-math.fsum(result.contributions.values()))), 2)


def test_neutral_copy_costs_nobody(plan: Plan) -> None:
    """A telling message is mended by words: the same people, the same profit."""
    telling = replace(plan, messages=(Message("Wine", "email", "Shop", "For your pregnancy", "Vitamins for you."),))
    result = review(telling, POLICY)
    assert result.remedy is not None
    assert (result.verdict, result.remedy.verdict) == ("block", "pass")
    assert (result.remedy.people_before, result.remedy.people) == (CONTACTED, CONTACTED)
    assert (result.remedy.profit_before, result.remedy.profit) == (float(CONTACTED), float(CONTACTED))
    assert result.remedy.score < result.score


def test_people_without_proof_are_lost_with_their_profit(plan: Plan) -> None:
    """Of 1,600 people 100 have no proof; each was expected to bring 1."""
    consent = texts("shop, 2024-03-01")
    consent[HELD_OUT : HELD_OUT + 100] = None
    remedy = review(replace(plan, consent=consent), POLICY).remedy
    assert remedy is not None
    assert (remedy.verdict, remedy.people, remedy.profit) == ("pass", CONTACTED - 100, float(CONTACTED - 100))


def test_those_contacted_too_often_are_lost(plan: Plan) -> None:
    """Whoever would be over the usual pressure is counted, not guessed."""
    often = np.zeros(N, dtype=np.int64)
    often[HELD_OUT : HELD_OUT + 30] = 4
    remedy = review(replace(plan, contacts_7d=often), POLICY).remedy
    assert remedy is not None
    assert (remedy.verdict, remedy.people) == ("pass", CONTACTED - 30)


def test_holding_out_a_tenth_costs_a_tenth(plan: Plan) -> None:
    """A plan that cannot be measured can be, for one in ten of its people."""
    remedy = review(with_audience(plan, arm=texts("treated")), POLICY).remedy
    assert remedy is not None
    assert (remedy.verdict, remedy.people_before, remedy.people) == ("pass", N, 9 * N // 10)


def test_leaving_out_a_segment_costs_its_people(plan: Plan) -> None:
    """A segment whose rule picks minors goes, with half of the people."""
    rule = ChosenBy("segments.1.rules[0]", "segment.rules.age", "between", (12.0, 17.0), segment=1)
    result = review(replace(plan, chosen_by=(rule,)), POLICY)
    assert [(f.code, f.severity) for f in result.findings[:1]] == [("MINORS", "block")]
    assert result.remedy is not None
    assert (result.remedy.verdict, result.remedy.people) == ("pass", CONTACTED // 2)


def test_what_cannot_be_told_is_said(plan: Plan) -> None:
    """Without the sensitive column other segments come of it; without evidence there is no profit to lose."""
    remedy = review(replace(plan, inputs=(fact("monetary"), fact("diabetes", "A"))), POLICY).remedy
    assert remedy is not None
    assert (remedy.verdict, remedy.people, remedy.profit) == ("pass", None, None)
    assert "prepared again" in remedy.note
    unknown = with_audience(replace(plan, country=""), expected_profit=np.full(N, np.nan))
    remedy = review(unknown, POLICY).remedy
    assert remedy is not None
    assert (remedy.people, remedy.profit_before, remedy.profit) == (CONTACTED, None, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"definitions": {"features.own.x.sql": "count_if(category = 'insulin')"}}, "SENSITIVE_INFERRED"),
        ({"sources": ("enrichment",), "notice": False}, "SOURCE_UNEXPECTED"),
        ({"sources": ("social media",)}, "SOURCE_UNEXPECTED"),
        ({"sources": ("enrichment",), "purposes": {"enrichment": "fraud prevention"}}, "PURPOSE_MISMATCH"),
        ({"chosen_by": (ChosenBy("tables.customers.where[0]", "profile.religion", "=", "muslim"),)}, "SENSITIVE_DIRECT"),
        ({"chosen_by": tuple(ChosenBy(f"w[{i}]", f"profile.fact{i}", "=", "x") for i in range(5))}, "OVER_SPECIFIC"),
        ({"chosen_by": (ChosenBy("w[0]", "survey.allergy", "=", "nuts"),)}, "SENSITIVE_DIRECT"),
    ],
)
def test_checks_of_described_campaigns_work_on_plans(plan: Plan, changes: dict[str, object], code: str) -> None:
    """Conditions, definitions, sources and purposes of a run meet the same checks."""
    assert code in {f.code for f in review(replace(plan, **changes), POLICY).findings if f.severity != "note"}  # type: ignore[arg-type]


def test_an_opt_in_of_everybody_lifts_its_topic(plan: Plan) -> None:
    """A baby club may hear of its babies; it does not lift another topic."""
    asked = replace(plan, messages=(Message("Wine", "email", "Shop", "Baby Club", "Your baby will be here soon: nappies."),))
    assert review(asked, POLICY).verdict == "block"
    assert review(replace(asked, opt_ins=("baby_club",)), POLICY).verdict == "pass"
    assert review(replace(asked, opt_ins=("wine_club",)), POLICY).verdict == "block"


def test_a_plan_kept_on_disk_is_judged_the_same(plan: Plan, tmp_path: Path) -> None:
    """Conditions, definitions and purposes survive the snapshot that an edit and the start judge again."""
    rules = (ChosenBy("w[0]", "profile.age", "between", (12.0, 17.0)), ChosenBy("w[1]", "profile.city", "in", ("Graz", "Linz")))
    whole = replace(plan, chosen_by=rules, definitions={"a": "b > 1"}, sources=("enrichment",), purposes={"enrichment": "marketing"})
    snapshot.save(whole, tmp_path / "plan.npz")
    kept = snapshot.load(tmp_path / "plan.npz")
    assert kept.chosen_by == rules
    assert review(kept, POLICY) == review(whole, POLICY)
