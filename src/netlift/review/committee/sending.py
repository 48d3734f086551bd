"""The steps from an approval to the end of sending."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from netlift.errors import InputError, Refused
from netlift.records import Case, Committee, Halt, Pause
from netlift.review.committee.seats import VOTING_ROLES, decided, made, require
from netlift.review.committee.voting import author_only, in_state

SCHEDULER = "netlift"  # the actor of what happens by itself
RESUME_WITHIN = timedelta(hours=24)
LIFTS = 2  # members who must lift a stop


def schedule(case: Case, committee: Committee, actor: str, *, at: datetime, now: datetime) -> Case:
    """An approved plan begins by itself at a moment within its window."""
    in_state(case, "be scheduled", "approved")
    require(committee, actor, "schedule plans", "operator")
    _not_halted(case)
    if at < now:
        raise InputError(f"The start {at:%Y-%m-%d %H:%M} UTC is past; name a later moment.")
    _within_window(case, at)
    return replace(case, state="scheduled", start_at=at)


def start(case: Case, committee: Committee, actor: str, *, found: str, now: datetime) -> Case:
    """Sending begins.

    Args:
        case: the plan.
        committee: everybody.
        actor: an operator, or `SCHEDULER` for a plan whose time has come.
        found: the approval hash computed now from what is stored; anything else than the approved one is refused.
        now: the moment.
    """
    if actor == SCHEDULER:
        in_state(case, "be launched", "scheduled")
        if case.start_at is None or now < case.start_at:
            raise Refused(f"Run {case.run_id} is not due yet.")
    else:
        in_state(case, "be launched", "approved", "scheduled")
        require(committee, actor, "launch plans", "operator")
    _sendable(case, committee, found)
    _within_window(case, now)
    return replace(case, state="sending", start_at=None)


def resend(case: Case, committee: Committee, actor: str, *, found: str, now: datetime) -> Case:
    """Messages of a completed campaign that may not have arrived are sent once more, on an operator's word."""
    in_state(case, "send anything again", "completed")
    require(committee, actor, "have messages sent again", "operator")
    _sendable(case, committee, found)
    _within_window(case, now)
    return replace(case, state="sending")


def pause(case: Case, committee: Committee, actor: str, *, now: datetime, reason: str, automatic: bool = False) -> Case:
    """Nothing more is claimed until it is resumed; `automatic` = by the monitor, because too much went wrong."""
    in_state(case, "be paused", "sending")
    if not automatic:
        require(committee, actor, "pause plans", "operator")
    return replace(case, state="paused", pause=Pause(now, reason, automatic))


def agree(case: Case, committee: Committee, actor: str) -> Case:
    """A member agrees that a campaign which paused by itself may go on."""
    in_state(case, "be agreed to go on", "paused")
    _member(case, committee, actor, "agree that it goes on")
    if case.pause is None or not case.pause.automatic:
        raise Refused(f"Run {case.run_id} was paused by an operator, so nobody needs to agree; resume it.")
    return replace(case, pause=replace(case.pause, agreed=actor))


def resume(case: Case, committee: Committee, actor: str, *, found: str, now: datetime) -> Case:
    """Sending goes on, within a day, with exactly what was approved."""
    in_state(case, "be resumed", "paused")
    require(committee, actor, "resume plans", "operator")
    held = case.pause
    if held is None or now - held.at >= RESUME_WITHIN:
        since = f"{held.at:%Y-%m-%d %H:%M} UTC" if held else "an unknown time"
        raise Refused(f"Run {case.run_id} is paused since {since}, longer than 24 hours; edit it and submit it again, or stop it.")
    if held.automatic and not held.agreed:
        raise Refused(f"Run {case.run_id} paused by itself ({held.reason}); a member of the committee must agree first.")
    _sendable(case, committee, found)
    _within_window(case, now)
    return replace(case, state="sending", pause=None)


def stop(case: Case, committee: Committee, actor: str, *, now: datetime, reason: str) -> Case:
    """The emergency stop: anyone may, at once, and nothing goes on until two members have lifted it."""
    in_state(case, "be stopped", "in_review", "approved", "scheduled", "sending", "paused")
    person = committee.people.get(actor)
    if person is None or not person.active:
        raise Refused(f"{actor} was deactivated.")
    halted = replace(case, halt=Halt(actor, now, reason), pause=None, start_at=None)
    if case.state in {"sending", "paused"}:
        return replace(halted, state="stopped")
    return replace(halted, state="draft", votes=(), submitted_at=None, approved_at=None)


def lift(case: Case, committee: Committee, actor: str) -> Case:
    """One of the two members who lift a stop; the plan's state stays as it is."""
    if case.halt is None:
        raise Refused(f"Run {case.run_id} is not stopped; there is nothing to lift.")
    _member(case, committee, actor, "lift the stop")
    if actor in case.halt.lifted:
        raise Refused(f"{actor} has lifted the stop of run {case.run_id} already; a second member must do so too.")
    lifted = case.halt.lifted | {actor}
    return replace(case, halt=None if len(lifted) >= LIFTS else replace(case.halt, lifted=lifted))


def cancel(case: Case, committee: Committee, actor: str) -> Case:
    """A stopped campaign ends for good."""
    in_state(case, "be cancelled", "stopped")
    require(committee, actor, "cancel campaigns", *VOTING_ROLES)
    return replace(case, state="cancelled")


def resubmit(case: Case, committee: Committee, actor: str, *, approval_hash: str, blocked: str, heightened: bool, now: datetime) -> Case:
    """Whoever of a stopped campaign got nothing yet: the next version, before the committee."""
    in_state(case, "be submitted for the rest", "stopped")
    author_only(case, committee, actor, "submit")
    if blocked:
        raise Refused(f"Run {case.run_id} cannot be submitted for the rest: {blocked}")
    fresh = replace(case, state="in_review", version=case.version + 1, approval_hash=approval_hash, votes=(), submitted_at=now)
    return replace(fresh, approved_at=None, heightened=heightened, blocked="")


def drifted(case: Case, *, approval_hash: str, blocked: str, heightened: bool, now: datetime) -> Case:
    """What would be sent now is no longer near enough to what was approved: the committee decides on the next version."""
    in_state(case, "go back to the committee", "approved", "scheduled")
    fresh = replace(case, state="in_review", version=case.version + 1, approval_hash=approval_hash, votes=(), submitted_at=now)
    return replace(fresh, approved_at=None, start_at=None, blocked=blocked, heightened=heightened)


def finish(case: Case, *, unsent: int) -> Case:
    """Everybody's message came to its end."""
    in_state(case, "be finished", "sending")
    if unsent:
        raise Refused(f"{unsent:,} messages of run {case.run_id} are not sent yet.")
    return replace(case, state="completed")


def _sendable(case: Case, committee: Committee, found: str) -> None:
    _not_halted(case)
    _unchanged(case, found)
    if not decided(case, committee):
        raise Refused(f"The votes that count for run {case.run_id} do not reach its quorum of {case.quorum}.")


def _unchanged(case: Case, found: str) -> None:
    if found != case.approval_hash:
        raise Refused(f"The content of run {case.run_id} is not what was approved (its hash differs); prepare it again.")


def _not_halted(case: Case) -> None:
    if case.halt is not None:
        more = LIFTS - len(case.halt.lifted)
        raise Refused(f"Run {case.run_id} was stopped by {case.halt.by}; {more} more members must lift the stop first.")


def _within_window(case: Case, at: datetime) -> None:
    if case.window_start and at < case.window_start:
        raise Refused(f"Run {case.run_id} may be sent from {case.window_start:%Y-%m-%d %H:%M} UTC on, not at {at:%Y-%m-%d %H:%M} UTC.")
    if case.window_end and at >= case.window_end:
        raise Refused(f"Run {case.run_id} may be sent until {case.window_end:%Y-%m-%d %H:%M} UTC, not at {at:%Y-%m-%d %H:%M} UTC.")


def _member(case: Case, committee: Committee, actor: str, to_do: str) -> None:
    require(committee, actor, to_do, *VOTING_ROLES)
    if actor in made(case):
        raise Refused(f"{actor} made a part of run {case.run_id}, so somebody else must {to_do}.")
