"""Runs as cases before the committee: reading one, and keeping what a step made of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from netlift.records import Ballot, Case, Committee, Deputy, Halt, Pause, Person
from netlift.store.models import Deputyship, Look, Run, Vote


def committee() -> Committee:
    """Everybody, and who sits for whom."""
    roles: dict[str, set[str]] = {}
    for name, role in User.objects.values_list("username", "groups__name"):
        roles.setdefault(name, set()).update({role} - {None})
    active = set(User.objects.filter(is_active=True).values_list("username", flat=True))
    seats = Deputyship.objects.values_list("principal__username", "deputy__username", "since", "until")
    return Committee({name: Person(name, frozenset(roles[name]), name in active) for name in roles}, tuple(Deputy(*row) for row in seats))


def of(run: Run) -> Case:
    """The run as a case; its author must be loaded."""
    policy, window = run.content["policy"], run.content["window"]
    blocking = [f["text"] for f in run.findings["findings"] if f["severity"] == "block"]
    more = f" ({len(blocking) - 1} more findings block it.)" if blocking[1:] else ""
    return Case(
        run_id=str(run.pk),
        state=run.state,  # type: ignore[arg-type]  # the database allows no other
        version=run.version,
        approval_hash=run.approval_hash,
        author=run.author.username,
        quorum=run.content["quorum"],
        policy_version=run.findings["policy_version"],
        review_period=timedelta(days=policy["review_days"]),
        approval_period=timedelta(days=policy["approval_days"]),
        editors=frozenset(run.editors),
        blocked=f"{blocking[0]}{more}" if blocking else "",
        heightened=run.findings["verdict"] == "review",
        votes=ballots(run),
        submitted_at=run.submitted_at,
        approved_at=run.approved_at,
        window_start=_moment(window["start"]),
        window_end=_moment(window["end"]),
        start_at=run.start_at,
        pause=_pause(run.pause),
        halt=_halt(run.halt),
    )


def ballots(run: Run) -> tuple[Ballot, ...]:
    """The votes to approve that are not void, in order."""
    votes = Vote.objects.filter(run=run, void=False, vote="approve").order_by("pk")
    rows = votes.values_list("voter__username", "seat__username", "version", "approval_hash", "at")
    return tuple(Ballot(*row) for row in rows)


def keep(run: Run, case: Case) -> None:
    """Write what a step made of a case: its state, and which votes still count. A new vote is cast with `cast` before."""
    kept = {(b.voter, b.seat) for b in case.votes}
    for vote in Vote.objects.filter(run=run, void=False, vote="approve").select_related("voter", "seat"):
        if (vote.voter.username, vote.seat.username) not in kept:
            vote.void = True
            vote.save(update_fields=["void"])
    if run.state != case.state:
        run.changed_at = timezone.now()
    run.state, run.version, run.approval_hash, run.editors = case.state, case.version, case.approval_hash, sorted(case.editors)
    run.submitted_at, run.approved_at, run.start_at = case.submitted_at, case.approved_at, case.start_at
    run.pause = _json(case.pause)
    run.halt = _json(case.halt)
    run.save()


def cast(run: Run, case: Case, ballot: Ballot, vote: str, *, text: str, authenticated: str) -> None:
    """Put a vote on the record; one that does not approve is void from the start: it only tells."""
    Vote.objects.create(
        run=run,
        voter=User.objects.get(username=ballot.voter),
        seat=User.objects.get(username=ballot.seat),
        vote=vote,
        version=ballot.version,
        approval_hash=ballot.approval_hash,
        text=text,
        opened=sorted(opened(run, ballot.voter, case.version)),
        authenticated=authenticated,
        at=ballot.at,
        void=vote != "approve",
    )


def look(run: Run, name: str, panes: tuple[str, ...]) -> None:
    """Somebody has opened these panes of the run's present version."""
    person = User.objects.get(username=name)
    for pane in panes:
        Look.objects.get_or_create(run=run, version=run.version, person=person, pane=pane)


def opened(run: Run, name: str, version: int) -> frozenset[str]:
    """The panes of a version that somebody has opened."""
    return frozenset(Look.objects.filter(run=run, version=version, person__username=name).values_list("pane", flat=True))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _json(value: Pause | Halt | None) -> dict[str, Any] | None:
    if value is None:
        return None
    plain = {**asdict(value), "at": value.at.isoformat()}
    return {**plain, "lifted": sorted(value.lifted)} if isinstance(value, Halt) else plain


def _pause(value: dict[str, Any] | None) -> Pause | None:
    return Pause(**{**value, "at": datetime.fromisoformat(value["at"])}) if value else None


def _halt(value: dict[str, Any] | None) -> Halt | None:
    return Halt(**{**value, "at": datetime.fromisoformat(value["at"]), "lifted": frozenset(value["lifted"])}) if value else None
