"""The committee's verbs. Each checks who may do it, acts, and writes the audit row in one transaction.

    draft | changes_requested  -- submit -->           in_review                         the author
    in_review                  -- approve -->          in_review, approved at quorum     a member, never the author, once
    in_review                  -- request_changes -->  changes_requested                 a member, with a text
    in_review                  -- reject -->           rejected                          a member, with a reason
    in_review                  -- withdraw -->         draft                             the author
    in_review | approved       -- stop -->             draft                             anyone
    sending                    -- stop -->             stopped                           anyone

Members are people with the role reviewer or privacy. Nobody is exempt, admins neither.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from netlift.errors import InputError, Refused
from netlift.store import audit, ledger, people, runs
from netlift.store.models import Run, Vote
from netlift.workflow import show
from netlift.workflow.approval import approval_hash


def submit(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Put a draft before the committee; earlier votes no longer count.

    Raises:
        Refused: the plan is no draft, `actor` is not its author, or a policy check blocks it (the finding says why).
    """
    name = people.acting(actor)
    with transaction.atomic():
        run = _in_state(run_id, ("draft", "changes_requested"), "be submitted")
        _author_only(run, name, "submit")
        blocking = [finding["text"] for finding in run.findings["findings"] if finding["severity"] == "block"]
        if blocking:
            more = f" ({len(blocking) - 1} more findings block it.)" if blocking[1:] else ""
            raise Refused(f"Run {run_id} cannot be submitted: {blocking[0]}{more}")
        if _void_votes(run):
            run.version += 1
        runs.move(run, "in_review")
        _told("submit", run, name)
    return show.plan(run_id)


def approve(run_id: str, *, actor: str | None = None, expected_hash: str | None = None, text: str = "") -> dict[str, Any]:
    """Vote for a plan; it is approved when as many members as its quorum asks for have done so.

    Args:
        run_id: the run.
        actor: who votes; None = the user of the command line.
        expected_hash: the approval hash that was looked at, or its first 8 digits or more; checked where given.
        text: a remark for the record.

    Raises:
        Refused: `actor` is no member, is the author, has approved already, or looked at another content.
    """
    name = people.acting(actor)
    with transaction.atomic():
        run = _for_vote(run_id, name, "approve")
        if approval_hash(run.content) != run.approval_hash:
            raise Refused(f"The content of run {run_id} was changed after it was prepared; prepare it again.")
        if expected_hash is not None and (len(expected_hash) < 8 or not run.approval_hash.startswith(expected_hash.lower())):
            raise Refused(f"The hash '{expected_hash}' is not that of run {run_id} ({run.approval_hash[:12]}…); look at the plan again.")
        if Vote.objects.filter(run=run, void=False, voter__username=name, vote="approve").exists():
            raise Refused(f"{name} has approved run {run_id} already; the other votes must come from other members.")
        _cast(run, name, "approve", text)
        votes = runs.approvals(run)
        if len(votes) >= run.content["quorum"]:
            runs.move(run, "approved")
        _told("approve", run, name, approval_hash=run.approval_hash, approvals=len(votes), quorum=run.content["quorum"], text=text)
    return show.plan(run_id)


def reject(run_id: str, *, actor: str | None = None, reason: str) -> dict[str, Any]:
    """Refuse a plan for good; to try again, prepare a new one."""
    return _turn_down(run_id, actor, "reject", text=reason, state="rejected")


def request_changes(run_id: str, *, actor: str | None = None, text: str) -> dict[str, Any]:
    """Give a plan back to its author; all votes are void."""
    return _turn_down(run_id, actor, "request_changes", text=text, state="changes_requested")


def withdraw(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Take a plan back from the committee."""
    name = people.acting(actor)
    with transaction.atomic():
        run = _in_state(run_id, ("in_review",), "be withdrawn")
        _author_only(run, name, "withdraw")
        _void_votes(run)
        runs.move(run, "draft")
        _told("withdraw", run, name)
    return show.plan(run_id)


def stop(run_id: str, *, actor: str | None = None, reason: str = "") -> dict[str, Any]:
    """Stop a plan, at once; anyone may. While sending, at most the messages on the wire still go out."""
    name = people.acting(actor)
    with transaction.atomic():
        run = _in_state(run_id, ("in_review", "approved", "sending"), "be stopped")
        cancelled = ledger.cancel_open(run.pk, reason=f"stopped by {name}") if run.state == "sending" else 0
        if run.state != "sending":
            _void_votes(run)
        runs.move(run, "stopped" if run.state == "sending" else "draft")
        _told("stop", run, name, reason=reason, cancelled=cancelled)
    return show.plan(run_id)


def _turn_down(run_id: str, actor: str | None, vote: str, *, text: str, state: str) -> dict[str, Any]:
    name = people.acting(actor)
    words = vote.replace("_", " ")
    if not text.strip():
        raise InputError(f"To {words} takes a reason in words; none was given.")
    with transaction.atomic():
        run = _for_vote(run_id, name, words)
        Vote.objects.filter(run=run, void=False, voter__username=name).update(void=True)
        _cast(run, name, vote, text)
        if vote == "request_changes":
            _void_votes(run)
        runs.move(run, state)
        _told(vote, run, name, text=text)
    return show.plan(run_id)


def _in_state(run_id: str, allowed: tuple[str, ...], to_do: str) -> Run:
    run = runs.locked(run_id)
    if run.state not in allowed:
        expected = " or ".join(state.replace("_", " ") for state in allowed)
        raise Refused(f"Run {run_id} cannot {to_do}: it is {run.state.replace('_', ' ')}, and must be {expected}.")
    return run


def _author_only(run: Run, name: str, to_do: str) -> None:
    people.require(name, "author", f"{to_do} plans")
    if run.author.username != name:
        raise Refused(f"{name} may not {to_do} run {run.pk}: its author is {run.author.username}.")


def _for_vote(run_id: str, name: str, to_do: str) -> Run:
    people.require(name, people.VOTING_ROLES, f"{to_do} plans")
    run = _in_state(run_id, ("in_review",), "be voted on")
    if run.author.username == name:
        raise Refused(f"{name} prepared run {run_id}, so somebody else must {to_do} it.")
    return run


def _cast(run: Run, name: str, vote: str, text: str) -> None:
    Vote.objects.create(run=run, voter=people.user(name), vote=vote, version=run.version, approval_hash=run.approval_hash, text=text)


def _void_votes(run: Run) -> int:
    """Votes no longer count; the answer is how many the plan ever had."""
    Vote.objects.filter(run=run, void=False).update(void=True)
    return Vote.objects.filter(run=run).count()


def _told(act: str, run: Run, name: str, **details: str | int) -> None:
    audit.record(act, actor=name, run_id=run.pk, details={"state": run.state, "version": run.version, **details})
