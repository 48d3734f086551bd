"""The verdict: the most severe finding, in a fixed order, with the policy's version."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlift.records import Plan
from netlift.review import POLICY_VERSION, review
from netlift.review.campaign import SEVERITIES
from tests.review.conftest import POLICY, codes, fact
from tests.review.test_checks import STOPPED

VERDICTS = ("block", "review", "pass")


def test_a_good_plan_passes_without_findings(plan: Plan) -> None:
    """Nothing found: pass, under the policy's version."""
    result = review(plan, POLICY)
    assert (result.verdict, result.findings, result.policy_version) == ("pass", (), POLICY_VERSION)


def bread(plan: Plan) -> Plan:
    """The plan with an offer that is neither credit, alcohol nor gambling, beside which class B goes to review."""
    offer = np.full(len(plan.consent), "Bread", dtype=object)
    (message,) = plan.messages
    said = replace(message, offer="Bread", subject="Bread week", text="Bread at half price.")
    return replace(plan, messages=(said,), audience=replace(plan.audience, offer=offer))


def test_a_note_alone_passes(plan: Plan) -> None:
    """Notes are shown and stop nothing."""
    result = review(replace(plan, inputs=(fact("income", "C"),)), POLICY)
    assert (result.verdict, codes(result.findings)) == ("pass", [("SENSITIVE_DIRECT", "note")])


def test_the_most_severe_finding_decides_and_stands_first(plan: Plan) -> None:
    """Block before review before note, whatever the order of the checks."""
    result = review(replace(bread(plan), country="", inputs=(fact("income", "C"), fact("debt", "B"))), POLICY)
    assert result.verdict == "block"
    assert [f.severity for f in result.findings] == ["block", "review", "note"]


@given(st.lists(st.sampled_from(STOPPED), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_more_faults_never_make_the_verdict_milder(plan: Plan, faults: list) -> None:
    """Input features and country are worsened on top of any faults: the verdict stays or gets stricter; the same twice."""
    for _, change, *_ in faults:
        plan = change(plan)
    before = review(plan, POLICY)
    worse = replace(plan, country="", inputs=(*plan.inputs, fact("debt", "B")))
    after = review(worse, POLICY)
    assert VERDICTS.index(after.verdict) <= VERDICTS.index(before.verdict)
    assert review(worse, POLICY) == after
    assert [SEVERITIES.index(f.severity) for f in after.findings] == sorted(SEVERITIES.index(f.severity) for f in after.findings)


@pytest.mark.parametrize("personal", ["c0", "c1999", "example.com"])
def test_findings_name_no_person(plan: Plan, personal: str) -> None:
    """Neither ids nor addresses stand in a finding."""
    for _, change, *_ in STOPPED:
        assert all(personal not in f.text for f in review(change(plan), POLICY).findings)
