"""Submitting a plan and voting on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from netlift.errors import Refused
from netlift.records import Ballot, Case, Reading
from netlift.review import POLICY_VERSION, committee
from netlift.store import cases, people
from netlift.workflow import kept
from netlift.workflow.decide.step import At, Told, take

FRESH = timedelta(minutes=15)  # since the password was typed in the console


def submit(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Put a draft before the committee; earlier votes no longer count.

    Raises:
        Refused: the plan is no draft, `actor` is not its author, or a policy check blocks it (the finding says why).
    """

    def rule(at: At) -> Case:
        if at.case.policy_version != POLICY_VERSION:
            told = f"Run {run_id} was checked by policy version {at.case.policy_version}, and {POLICY_VERSION} is in force"
            raise Refused(f"{told}; edit it or prepare it again, so that it is checked anew.")
        return committee.submit(at.case, at.everybody, at.actor, now=at.now)

    return take("submit", run_id, actor, rule)


def approve(
    run_id: str,
    *,
    actor: str | None = None,
    expected_hash: str,
    seat: str | None = None,
    text: str = "",
    password: str | None = None,
    signed_in: datetime | None = None,
) -> dict[str, Any]:
    """Vote for a plan; it is approved when as many members as its quorum asks for have done so.

    Args:
        run_id: the run.
        actor: who votes; None = the user of the command line.
        expected_hash: the approval hash that was looked at, or its first 8 digits or more.
        seat: the member `actor` sits for; None = his own seat.
        text: a remark for the record; a reason where a finding asks for review.
        password: the voter's, where he has one and did not just sign in.
        signed_in: when he typed it in the console.

    Raises:
        Refused: `actor` is no member, made a part of the plan, has approved already, or looked at another content or not at all.
    """
    name = people.acting(actor)
    how = _authenticated(name, password, signed_in)

    def rule(at: At) -> Case:
        if kept.hash_of(at.run) != at.case.approval_hash:
            raise Refused(f"The content of run {run_id} was changed after it was prepared; prepare it again.")
        reading = Reading(expected_hash, cases.opened(at.run, name, at.case.version))
        case = committee.approve(at.case, at.everybody, name, now=at.now, reading=reading, seat=seat, text=text)
        cases.keep(at.run, at.case)  # votes that no longer count are void before the seat is taken
        cases.cast(at.run, case, case.votes[-1], "approve", text=text, authenticated=how)
        return case

    def told(case: Case) -> Told:
        voted: Told = {"approval_hash": case.approval_hash, "approvals": len(case.votes), "quorum": case.quorum}
        return {**voted, "seat": seat or name, "text": text}

    return take("approve", run_id, name, rule, told)


def is_fresh(signed_in: datetime | None) -> bool:
    """Whether a password was typed recently enough for a vote."""
    return signed_in is not None and timezone.now() - signed_in < FRESH


def revoke(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Take back one's approval, until sending starts."""
    return take("revoke", run_id, actor, lambda at: committee.revoke(at.case, at.everybody, at.actor, now=at.now))


def reject(run_id: str, *, actor: str | None = None, seat: str | None = None, reason: str) -> dict[str, Any]:
    """Refuse a plan for good; to try again, prepare a new one."""

    def rule(at: At) -> Case:
        case = committee.reject(at.case, at.everybody, at.actor, now=at.now, seat=seat, text=reason)
        return _on_record(at, case, "reject", seat, reason)

    return take("reject", run_id, actor, rule, lambda _: {"text": reason})


def request_changes(run_id: str, *, actor: str | None = None, seat: str | None = None, text: str) -> dict[str, Any]:
    """Give a plan back to its author; all votes are void."""

    def rule(at: At) -> Case:
        case = committee.request_changes(at.case, at.everybody, at.actor, now=at.now, seat=seat, text=text)
        return _on_record(at, case, "request_changes", seat, text)

    return take("request_changes", run_id, actor, rule, lambda _: {"text": text})


def withdraw(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Take a plan back from the committee."""
    return take("withdraw", run_id, actor, lambda at: committee.withdraw(at.case, at.everybody, at.actor))


def reopen(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Make an expired plan a draft again."""
    return take("reopen", run_id, actor, lambda at: committee.reopen(at.case, at.everybody, at.actor))


def _on_record(at: At, case: Case, vote: str, seat: str | None, text: str) -> Case:
    ballot = Ballot(at.actor, seat or at.actor, at.case.version, at.case.approval_hash, at.now)
    cases.cast(at.run, at.case, ballot, vote, text=text, authenticated="")
    return case


def _authenticated(name: str, password: str | None, signed_in: datetime | None) -> str:
    """How it was made sure that it is he who votes.

    Raises:
        Refused: he has a password, and neither gave it nor signed in within the last minutes.
    """
    if is_fresh(signed_in):
        return "signed in"
    if not people.has_password(name):
        return "account"  # of the operating system: whoever may use this data directory
    if password is None:
        raise Refused(f"{name} has a password, so this vote takes it: sign in to the console again, or name --password-env.")
    if not people.is_password(name, password):
        raise Refused(f"The password is not that of {name}.")
    return "password"
