"""launch: send an approved plan, or go on with one that was interrupted."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

from django.db import transaction
from django.utils import timezone

from netlift import campaigns
from netlift.errors import NetliftError, Refused
from netlift.records import Progress
from netlift.review import committee
from netlift.store import audit, cases, ledger, open_store, people, permission, runs
from netlift.store.models import Run
from netlift.workflow import decide, filling, kept, seeds, show
from netlift.workflow.outage import through_outages
from netlift.workflow.sending import numbers, send, told
from netlift.workflow.stages import Display, Quiet, Stopwatch


def launch(run_id: str, *, actor: str | None = None, dry_run: bool = False, display: Display | None = None) -> dict[str, Any]:
    """Send an approved plan to everybody in it; called again, go on where it stopped.

    Args:
        run_id: the run.
        actor: who launches, an operator; None = the user of the command line.
        dry_run: check everything and write every message, but send and keep nothing.
        display: shown the progress.

    Returns:
        run_id, state, dry_run, counts per state, exclusions by reason, and `sentence` in words.

    Raises:
        Refused: not approved, not what was approved, no operator, no country, or somebody without consent.
        InputError: the mail server does not answer; launch again to go on.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, "operator", "launch plans")
    decide.settle(run_id)
    run = runs.get(run_id)
    check_approval(run)
    watch = Stopwatch(display or Quiet())
    if dry_run and run.state == "sending":
        return told(run, ledger.counts(run.pk), ledger.exclusions(run.pk), dry_run=True)
    if dry_run:
        filled = filling.Filled()
        states = Counter("excluded" if row.reason else "ready" for row in filling.rows(run, filled))
        if why := filled.nobody(run):
            raise Refused(why)
        return told(run, dict(states), {reason: n for reason, n in filled.why.items() if reason}, dry_run=True)
    return watch.run("campaigns", lambda progress: _launch(run, name, progress))


def start(run_id: str, *, actor: str | None = None) -> None:
    """Begin the sending of an approved plan and leave it to a worker; raises as `launch` does."""
    name = people.acting(actor)
    people.require(name, "operator", "launch plans")
    decide.settle(run_id)
    run = runs.get(run_id)
    check_approval(run)
    if run.state in {"approved", "scheduled"}:
        _start(run, name)
        seeds.send(run, name)


def start_scheduled() -> list[str]:
    """Begin every plan whose time has come; the answer is a sentence for each that could not be begun."""
    problems = []
    for run in Run.objects.filter(state="scheduled", start_at__lte=timezone.now()).order_by("pk"):
        try:
            check_approval(run)
            _start(run, decide.CLOCK)
            seeds.send(run, decide.CLOCK)
        except NetliftError as error:
            problems.append(str(error))
    return problems


def _launch(run: Run, name: str, progress: Progress) -> dict[str, Any]:
    if run.state in {"approved", "scheduled"}:
        progress(0.0, "checking who may be written to")
        for settings in filling.channels(run).values():
            with closing(campaigns.open_channel(settings)) as channel:
                channel.open()  # nothing is begun when the server cannot be reached
        _start(run, name)
        seeds.send(run, name)
    return through_outages(lambda: send(run, progress), progress)


# --- checks --------------------------------------------------------------------------------------------------------


def check_approval(run: Run) -> None:
    """The plan is approved, and what is stored is what was approved."""
    if run.state not in {"approved", "scheduled", "sending"}:
        raise Refused(f"Run {run.pk} is {run.state.replace('_', ' ')} and cannot be launched; only an approved plan can.")
    if kept.hash_of(run) != run.approval_hash:
        raise Refused(f"The content of run {run.pk} is not what was approved (its hash differs); prepare it again.")
    votes, quorum = _approvals(run), run.content["quorum"]
    if len(votes) < quorum:
        raise Refused(f"Run {run.pk} has {len(votes)} approvals that count, and needs {quorum}.")
    if not run.content["country"]:
        raise Refused(f"Run {run.pk} names no country, so nobody can say which rules apply; set project.country and prepare it again.")
    without = run.content["consent"]["contacted_without"]
    if without:
        raise Refused(f"{without:,} people of run {run.pk} would be contacted without a consent on file; prepare it again.")
    permission.check(run.pk)
    filling.channels(run)


def _approvals(run: Run) -> list[str]:
    """Who approved, as votes and audit trail both tell: what was only written into a table does not count."""
    authors = {actor for actor, _ in audit.events(run.pk, "prepare")}
    approved = {
        actor
        for actor, told in audit.events(run.pk, "approve")
        if (told["approval_hash"], told["version"]) == (run.approval_hash, run.version)
    }
    return [name for name in show.approvals(run, cases.committee()) if name in approved - authors]


def _check_trail(run: Run) -> None:
    """The audit trail can be relied on, and does not tell of an earlier launch of this version."""
    trail = audit.verify_all()
    if not trail.whole:
        raise Refused(f"The audit trail is not whole: {trail.text} Nothing is launched until that is cleared up.")
    if any(details["version"] == run.version for _, details in audit.events(run.pk, "launch")):
        raise Refused(f"Run {run.pk} was launched already, as the audit trail tells; prepare a new one.")


class _Drifted(Exception):
    pass


def _start(run: Run, name: str) -> None:
    """Approved -> sending, with a row for everybody, in one transaction; too much drift sends the plan back instead."""
    filled = filling.Filled()
    try:
        with transaction.atomic():
            _begin(run, name, filled)
    except _Drifted:
        why = decide.refreeze(run, name, filled.lost)
        raise Refused(f"Run {run.pk} went back to the committee: {why}; look at what is left and vote again.") from None


def _begin(run: Run, name: str, filled: filling.Filled) -> None:
    at = decide.locked(str(run.pk), name)
    check_approval(at.run)
    _check_trail(at.run)
    case = committee.start(at.case, at.everybody, name, found=kept.hash_of(at.run), now=at.now)
    ledger.clear(run.pk)
    ledger.fill(run.pk, filling.rows(at.run, filled))
    if decide.drift(at.run, filled.lost):
        raise _Drifted
    if why := filled.nobody(run):
        raise Refused(why)
    at.run.sent_at = at.run.sent_at or at.now
    decide.keep("launch", at, case, {"approval_hash": case.approval_hash, **numbers(ledger.counts(run.pk))})
