"""One step of a run, whoever takes it: every change of state goes through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from netlift.errors import NetliftError, Refused
from netlift.records import Case, Committee
from netlift.review import POLICY_VERSION, committee
from netlift.store import audit, cases, ledger, people, runs
from netlift.store.models import Run
from netlift.workflow import show

CLOCK = "netlift"  # the actor of what time brings about


CANCELLING = {"stop": "stopped", "edit": "edited"}  # the step in the words of the ledger

Told = Mapping[str, str | int]


def untold(_case: Case) -> Told:
    """Nothing more to tell."""
    return {}


@dataclass(frozen=True, slots=True)
class At:
    """A run in the middle of a step: locked, settled, with everybody who may act."""

    run: Run
    case: Case
    everybody: Committee
    actor: str
    now: datetime


def take(act: str, run_id: str, actor: str | None, rule: Callable[[At], Case], told: Callable[[Case], Told] = untold) -> dict[str, Any]:
    """Take one step and answer what the plan is now.

    Args:
        act: its name in the audit trail.
        run_id: the run.
        actor: who acts; None = the user of the command line.
        rule: what the step makes of the case.
        told: further details for the audit trail, of the case after the step.

    Raises:
        Refused: the rules do not allow it. What time had brought about before is kept all the same.
    """
    name = CLOCK if actor == CLOCK else people.acting(actor)
    refused: NetliftError | None = None
    with transaction.atomic():
        at = locked(run_id, name)
        try:
            with transaction.atomic():
                case = rule(at)
                keep(act, at, case, told(case))
        except NetliftError as error:
            refused = error
    if refused is not None:
        raise refused
    return show.plan(run_id)


def locked(run_id: str, actor: str) -> At:
    """The run, locked until the transaction ends, after what time and people leaving have made of it."""
    run = runs.locked(run_id)
    if run.state == "preparing":
        raise Refused(f"Run {run_id} is being prepared; wait until it is done.")
    now, everybody = timezone.now(), cases.committee()
    case, why = committee.settled(cases.of(run), everybody, now=now, policy_version=POLICY_VERSION)
    at = At(run, case, everybody, actor, now)
    if why:
        keep("expire" if case.state == "expired" else "fall back", At(run, case, everybody, CLOCK, now), case, {"why": why})
    return at


def keep(act: str, at: At, case: Case, told: Told) -> None:
    """Write what a step made of a run, and the audit row."""
    was, run = at.run.state, at.run
    cases.keep(run, case)
    cancelled: Told = {}
    if was in {"sending", "paused"} and case.state not in {"sending", "paused", "completed"}:
        cancelled = {"cancelled": ledger.cancel_open(run.pk, reason=f"{CANCELLING.get(act, act)} by {at.actor}")}
    audit.record(act, actor=at.actor, run_id=run.pk, details={"state": case.state, "version": case.version, **told, **cancelled})


def settle(run_id: str) -> str:
    """Let time pass for a run: expire it, or take back an approval whose votes no longer count. The answer is its state."""
    with transaction.atomic():
        return locked(run_id, CLOCK).run.state


def settle_all() -> None:
    """The same for every run that time can change."""
    for pk in Run.objects.filter(state__in=("in_review", "approved", "scheduled", "sending")).values_list("pk", flat=True):
        settle(str(pk))


def look(run_id: str, *, actor: str | None = None, panes: tuple[str, ...] = committee.PANES) -> dict[str, Any]:
    """Open panes of a plan: what somebody has not opened he cannot approve.

    Raises:
        NotFound: there is no such run.
    """
    name = people.acting(actor)
    with transaction.atomic():
        cases.look(runs.get(run_id), name, panes)
    return show.plan(run_id)
