"""Changing a plan's content: each change is checked anew, has another hash, and voids all votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from netlift import review
from netlift.errors import InputError, Refused
from netlift.records import Case, Message, Plan, ReviewResult
from netlift.review import committee
from netlift.settings import Settings
from netlift.store import ledger, runs
from netlift.workflow import kept, outputs
from netlift.workflow.approval import approval_hash, freeze
from netlift.workflow.decide.step import At, take

Window = tuple[datetime | None, datetime | None]


def edit(run_id: str, *, actor: str | None = None, messages: Sequence[Message] = (), window: Window | None = None) -> dict[str, Any]:
    """Change what is said or when it may be sent. The plan is checked again, gets the next version, and all votes are void.

    Args:
        run_id: the run.
        actor: who edits, an author; whoever does cannot vote on this plan any more.
        messages: each takes the place of the plan's message for the same offer and channel.
        window: start and end of sending on the project's clock, None = open; None for both = as it is.

    Raises:
        InputError: the plan has no such message, or nothing is changed.
        Refused: `actor` is no author, or the plan cannot be edited in its state.
    """
    if not messages and window is None:
        raise InputError(f"Nothing of run {run_id} would change; give a message or a window.")

    def rule(at: At) -> Case:
        plan, figures = kept.plan_of(at.run)
        settings = kept.settings_with(at.run, window)
        return _revised(at, replace(plan, messages=_merged(plan, messages)), settings, figures)

    return take("edit", run_id, actor, rule, lambda case: {"approval_hash": case.approval_hash})


def message(run_id: str, *, offer: str | None, channel: str | None, **parts: str | None) -> Message:
    """The plan's message for an offer and a channel with other words; both may be left out where there is one message only.

    Raises:
        InputError: there is no such message, or more than one.
    """
    found = [Message(**m) for m in runs.get(run_id).content["messages"]]
    wanted = [m for m in found if offer in {None, m.offer} and channel in {None, m.channel}]
    if len(wanted) != 1:
        has = ", ".join(f"'{m.offer}' by {m.channel}" for m in found) or "none"
        raise InputError(f"{len(wanted)} messages of run {run_id} fit; name offer and channel of one of: {has}.")
    return replace(wanted[0], **{part: text for part, text in parts.items() if text is not None})


def resubmit(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Put a stopped campaign before the committee again, for those only who got nothing yet.

    Raises:
        Refused: the campaign is not stopped, `actor` is not its author, or nobody is left.
    """

    def rule(at: At) -> Case:
        committee.resubmit(  # whether it may be done at all, before the work
            at.case, at.everybody, at.actor, approval_hash="", blocked="", heightened=False, now=at.now
        )
        plan, figures = kept.plan_of(at.run)
        left = kept.without(plan, ledger.reached(at.run.pk), version=at.case.version)
        if not left.audience.contacted().any():
            raise Refused(f"Everybody of run {run_id} was reached already; nobody is left.")
        settings = kept.settings_with(at.run, None)
        result = review.review(left, settings.review, figures)
        file = f"audience-{at.case.version + 1}.parquet"
        found = approval_hash(_freeze_into(at, left, settings, result, file=file))
        blocked, heightened = _severity(result)
        case = committee.resubmit(at.case, at.everybody, at.actor, approval_hash=found, blocked=blocked, heightened=heightened, now=at.now)
        outputs.write_audience(left.audience, kept.audience_file(at.run))
        return case

    return take("resubmit", run_id, actor, rule, lambda case: {"approval_hash": case.approval_hash})


def _revised(at: At, plan: Plan, settings: Settings, figures: review.Measured) -> Case:
    result = review.review(plan, settings.review, figures)
    found = approval_hash(_freeze_into(at, plan, settings, result, file=kept.audience_file(at.run).name))
    blocked, heightened = _severity(result)
    return replace(
        committee.edit(at.case, at.everybody, at.actor, approval_hash=found, blocked=blocked, heightened=heightened),
        policy_version=result.policy_version,
    )


def _freeze_into(at: At, plan: Plan, settings: Settings, result: ReviewResult, *, file: str) -> dict[str, Any]:
    content = freeze(plan, settings, result, file=file)
    at.run.content, at.run.findings = content, asdict(result)
    return content


def _severity(result: ReviewResult) -> tuple[str, bool]:
    blocking = [f.text for f in result.findings if f.severity == "block"]
    return (blocking[0] if blocking else ""), result.verdict == "review"


def _merged(plan: Plan, messages: Sequence[Message]) -> tuple[Message, ...]:
    given = {(m.offer, m.channel): m for m in messages}
    there = {(m.offer, m.channel) for m in plan.messages}
    for offer, channel in given:
        if (offer, channel) not in there:
            has = ", ".join(f"'{o}' by {c}" for o, c in sorted(there)) or "none"
            raise InputError(f"The plan has no message for the offer '{offer}' by {channel}; it has {has}.")
    return tuple(given.get((m.offer, m.channel), m) for m in plan.messages)
