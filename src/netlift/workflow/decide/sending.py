"""Steering the sending of an approved plan, and stopping it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from netlift.errors import InputError
from netlift.records import Case
from netlift.review import committee
from netlift.workflow import kept
from netlift.workflow.decide.step import CLOCK, At, take


def schedule(run_id: str, *, actor: str | None = None, at: datetime) -> dict[str, Any]:
    """An approved plan begins by itself at a moment on the project's clock; a start that is missed is never made up for.

    Raises:
        InputError: the moment is past.
        Refused: `actor` is no operator, the plan is not approved, or the moment lies outside its window.
    """

    def rule(here: At) -> Case:
        begin = at.replace(tzinfo=ZoneInfo(here.run.content["time_zone"])).astimezone(UTC)
        return committee.schedule(here.case, here.everybody, here.actor, at=begin, now=here.now)

    return take("schedule", run_id, actor, rule, lambda case: {"at": f"{case.start_at:%Y-%m-%d %H:%M} UTC"})


def pause(run_id: str, *, actor: str | None = None, reason: str) -> dict[str, Any]:
    """Interrupt the sending: nothing more is claimed until it is resumed, within a day.

    Raises:
        InputError: no reason is given.
        Refused: `actor` is no operator, or the run is not being sent.
    """
    if not reason.strip():
        raise InputError("To pause takes a reason in words; none was given.")

    def rule(at: At) -> Case:
        return committee.pause(at.case, at.everybody, at.actor, now=at.now, reason=reason)

    return take("pause", run_id, actor, rule, lambda _: {"reason": reason})


def pause_by_itself(run_id: str, *, reason: str) -> dict[str, Any]:
    """The monitor interrupts the sending because too much went wrong; a member must agree before it goes on."""

    def rule(at: At) -> Case:
        return committee.pause(at.case, at.everybody, CLOCK, now=at.now, reason=reason, automatic=True)

    return take("auto-pause", run_id, CLOCK, rule, lambda _: {"reason": reason})


def agree(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """A member agrees that a campaign which paused by itself goes on; an operator resumes it then."""
    return take("agree", run_id, actor, lambda at: committee.agree(at.case, at.everybody, at.actor))


def resume(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Go on sending exactly what was approved; the worker, or another launch, takes it up.

    Raises:
        Refused: paused for more than a day, not agreed to, stopped, changed, or `actor` is no operator.
    """

    def rule(at: At) -> Case:
        return committee.resume(at.case, at.everybody, at.actor, found=kept.hash_of(at.run), now=at.now)

    return take("resume", run_id, actor, rule)


def stop(run_id: str, *, actor: str | None = None, reason: str = "") -> dict[str, Any]:
    """Stop a plan, at once; anyone may. While sending, at most the messages on the wire still go out."""

    def rule(at: At) -> Case:
        return committee.stop(at.case, at.everybody, at.actor, now=at.now, reason=reason)

    return take("stop", run_id, actor, rule, lambda _: {"reason": reason})


def lift(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Lift the stop of a campaign; the second member's word does it."""

    def told(case: Case) -> dict[str, str | int]:
        return {"lifted": ", ".join(sorted(case.halt.lifted)) if case.halt else "wholly"}

    return take("lift", run_id, actor, lambda at: committee.lift(at.case, at.everybody, at.actor), told)


def cancel(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """End a stopped campaign for good."""
    return take("cancel", run_id, actor, lambda at: committee.cancel(at.case, at.everybody, at.actor))
