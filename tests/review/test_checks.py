"""Each check: the plan that passes gives nothing, one change is stopped, and the reason can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from netlift.records import Message, Plan
from netlift.review import CHECKS, described
from netlift.settings import ReviewSettings
from tests.review.conftest import HELD_OUT, POLICY, codes, fact, labelled, only, texts, with_audience

WINE = Message("Wine", "email", "Shop <shop@example.com>", "Wine week", "Hello {{ name }},\n\nwine at half price.")


def unproven(plan: Plan) -> Plan:
    consent = plan.consent.copy()
    consent[[0, HELD_OUT, HELD_OUT + 1]] = [None, None, ""]  # the first is held out and gets nothing
    return replace(plan, consent=consent)


def nobody(plan: Plan) -> Plan:
    reason = texts("no consent for email")
    reason[:5] = "suppressed"
    return with_audience(plan, excluded_reason=reason)


def losing(plan: Plan) -> Plan:
    reason = texts("segment not targeted")
    reason[:5] = "no consent for email"
    return with_audience(plan, excluded_reason=reason)


def pressed(days: int, before: int) -> Callable[[Plan], Plan]:
    def change(plan: Plan) -> Plan:
        contacts = np.zeros(len(plan.consent), dtype=np.int64)
        contacts[[0, HELD_OUT, HELD_OUT + 1]] = before
        return replace(plan, contacts_7d=contacts) if days == 7 else replace(plan, contacts_30d=contacts)

    return change


def few(people: int, *, message: Message | None = None) -> Callable[[Plan], Plan]:
    return lambda plan: only(replace(plan, messages=(message,)) if message else plan, people)


def made_from(*inputs: tuple[str, str]) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, inputs=tuple(fact(name, letter) for name, letter in inputs))  # type: ignore[arg-type]


def saying(**parts: str) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, messages=tuple(replace(m, **parts) for m in plan.messages))


def unheld(plan: Plan) -> Plan:
    return replace(with_audience(plan, arm=texts("treated")), holdout=0.0)


def one_segment(plan: Plan) -> Plan:
    reason = texts(None)
    reason[plan.audience.segment == 2] = "segment not targeted"
    return with_audience(plan, excluded_reason=reason)


STOPPED = [
    ("lawful_basis", unproven, "NO_LAWFUL_BASIS", "block", "2 of the 1,600 people to be contacted have no proof of consent"),
    ("lawful_basis", nobody, "NO_LAWFUL_BASIS", "block", "(no consent for email: 1,995; suppressed: 5)"),
    ("lawful_basis", losing, "NOBODY_REACHED", "block", "(segment not targeted: 1,995; no consent for email: 5)"),
    ("country", lambda p: replace(p, country=""), "NO_COUNTRY", "block", "Unknown country"),
    ("sensitive_direct", made_from(("pregnant", "A")), "SENSITIVE_DIRECT", "block", "Segments were made from pregnant"),
    ("sensitive_direct", made_from(("debt", "B"), ("overdraft", "B")), "SENSITIVE_DIRECT", "block", "leave them out of features.include"),
    ("sensitive_direct", made_from(("income", "C")), "SENSITIVE_DIRECT", "note", "made from income: a sensitive fact of class C. Cheapest"),
    ("small_audience", few(299), "SMALL_AUDIENCE", "note", "Only 299 people will get the message"),
    ("small_audience", few(99), "SMALL_AUDIENCE", "review", "The floor is 100"),
    ("small_audience", few(49), "SMALL_AUDIENCE", "review", "Widen the audience"),
    ("small_audience", few(49, message=WINE), "SMALL_AUDIENCE", "block", "the personal field 'name'"),
    ("small_audience", lambda p: made_from(("debt", "B"))(only(p, 49)), "SMALL_AUDIENCE", "block", "the sensitive fact 'debt'"),
    ("frequency_pressure", pressed(7, 3), "FREQUENCY_PRESSURE", "review", "2 of 1,600 people would get more than 3 contacts in 7 days"),
    ("frequency_pressure", pressed(30, 8), "FREQUENCY_PRESSURE", "review", "(most: 9)"),
    ("frequency_pressure", pressed(7, 5), "FREQUENCY_PRESSURE", "block", "2 people would get more than 5 contacts in 7 days, the hard cap"),
    ("frequency_pressure", pressed(30, 12), "FREQUENCY_PRESSURE", "block", "more than 12 contacts in 30 days"),
    ("message", lambda p: replace(p, messages=()), "MESSAGE_MISSING", "block", "Offer 'Wine' has no message for email"),
    ("message", saying(subject=" "), "MESSAGE_MISSING", "block", "has an empty subject"),
    ("message", saying(text="\n"), "MESSAGE_MISSING", "block", "has an empty text"),
    ("message", saying(sender=""), "MESSAGE_MISSING", "block", "has an empty sender"),
    ("measurability", unheld, "MEASURABILITY", "review", "The lift cannot be measured: none of the 2,000 people is held out"),
    ("measurability", few(120), "MEASURABILITY", "note", "a difference in answers below 18 percentage points may stay unseen"),
    ("segments_targeted", one_segment, "SEGMENTS_LEFT_OUT", "note", "1 of 2 segments get nothing: 2 (others): 1,000 people"),
]


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_good_plan_passes(plan: Plan, name: str) -> None:
    """The plan of the fixture has nothing that any check would find."""
    assert CHECKS[name](described(plan), POLICY) == ()


@pytest.mark.parametrize(("name", "change", "code", "severity", "reason"), STOPPED)
def test_one_change_is_found_and_said(plan: Plan, name: str, change: Callable[[Plan], Plan], code: str, severity: str, reason: str) -> None:
    """One fault gives one finding of its code and severity, with the figures and what to do."""
    (finding,) = CHECKS[name](described(change(plan)), POLICY)
    assert (finding.code, finding.severity) == (code, severity)
    assert reason in finding.text
    assert finding.where


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("frequency_pressure", pressed(7, 2)),
        ("frequency_pressure", pressed(30, 7)),
        ("small_audience", few(300)),
        ("small_audience", nobody),
        ("measurability", nobody),
        ("message", nobody),
        ("segments_targeted", nobody),
        ("sensitive_direct", made_from(("monetary", "none"))),
    ],
)
def test_just_below_the_limit_nothing_is_found(plan: Plan, name: str, change: Callable[[Plan], Plan]) -> None:
    """Limits are limits: one less is fine, and an empty audience is one check's matter only."""
    assert CHECKS[name](described(change(plan)), POLICY) == ()


def test_every_check_is_tried_here() -> None:
    """A check that is added to the table needs a plan that it stops."""
    by_case = {code.lower() for case in labelled() for code in case["expected"]["reason_codes"]}
    by_figure = {"feature_leak", "distance_from_declared"}  # in test_figures.py
    named = {"reveals_trait": "message_reveals_trait", "reveals_tracking": "message_reveals_tracking", "minors": "minors"}
    assert set(CHECKS) <= {name for name, *_ in STOPPED} | by_figure | {c for c in CHECKS if named.get(c, c) in by_case}


@pytest.mark.parametrize("text", ["{{- name }}", "{{ (name) }}", "{% if name %}you{% endif %}", "{%- if not name %}x{% endif %}", "{name}"])
def test_personal_fields_in_every_spelling(plan: Plan, text: str) -> None:
    """However a template asks for a fact about the reader, a tiny audience blocks it."""
    message = replace(WINE, text=text)
    assert codes(CHECKS["small_audience"](described(few(49, message=message)(plan)), POLICY)) == [("SMALL_AUDIENCE", "block")]


def test_an_unsubscribe_link_is_not_a_personal_field(plan: Plan) -> None:
    """Every message has it, so it picks nobody out."""
    message = replace(WINE, text="Hello,\n\n{{ unsubscribe_url }}")
    assert codes(CHECKS["small_audience"](described(few(49, message=message)(plan)), POLICY)) == [("SMALL_AUDIENCE", "review")]


def test_a_higher_floor_is_kept_above_the_usual_sizes(plan: Plan) -> None:
    """An organisation may ask for more people than the note's limits."""
    assert codes(CHECKS["small_audience"](described(only(plan, 399)), ReviewSettings(min_audience=400))) == [("SMALL_AUDIENCE", "review")]
