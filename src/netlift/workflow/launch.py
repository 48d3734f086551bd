"""launch: send an approved plan, or go on with one that was interrupted."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

from django.db import transaction
from django.utils import timezone

from netlift import campaigns
from netlift.errors import Refused
from netlift.records import Progress
from netlift.store import audit, ledger, open_store, people, runs
from netlift.store.models import Run
from netlift.workflow import filling
from netlift.workflow.approval import approval_hash
from netlift.workflow.sending import send, told
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
    run = runs.get(run_id)
    check_approval(run)
    watch = Stopwatch(display or Quiet())
    if dry_run and run.state == "sending":
        return told(run, ledger.counts(run.pk), ledger.exclusions(run.pk), dry_run=True)
    if dry_run:
        why = Counter(row.reason for row in filling.rows(run))
        ready = why.pop("", 0)
        states = {"ready": ready, "excluded": why.total()} if why else {"ready": ready}
        return told(run, states, dict(why), dry_run=True)
    return watch.run("campaigns", lambda progress: _launch(run, name, progress))


def start(run_id: str, *, actor: str | None = None) -> None:
    """Begin the sending of an approved plan and leave it to a worker; raises as `launch` does."""
    name = people.acting(actor)
    people.require(name, "operator", "launch plans")
    run = runs.get(run_id)
    check_approval(run)
    if run.state == "approved":
        _start(run, name)


def _launch(run: Run, name: str, progress: Progress) -> dict[str, Any]:
    if run.state == "approved":
        progress(0.0, "checking who may be written to")
        for settings in filling.channels(run).values():
            with closing(campaigns.open_channel(settings)) as channel:
                channel.open()  # nothing is begun when the server cannot be reached
        _start(run, name)
    return send(run, progress)


# --- checks --------------------------------------------------------------------------------------------------------


def check_approval(run: Run) -> None:
    """The plan is approved, and what is stored is what was approved."""
    if run.state not in {"approved", "sending"}:
        raise Refused(f"Run {run.pk} is {run.state.replace('_', ' ')} and cannot be launched; only an approved plan can.")
    if approval_hash(run.content) != run.approval_hash:
        raise Refused(f"The content of run {run.pk} is not what was approved (its hash differs); prepare it again.")
    votes, quorum = _approvals(run), run.content["quorum"]
    if len(votes) < quorum:
        raise Refused(f"Run {run.pk} has {len(votes)} approvals that count, and needs {quorum}.")
    if not run.content["country"]:
        raise Refused(f"Run {run.pk} names no country, so nobody can say which rules apply; set project.country and prepare it again.")
    without = run.content["consent"]["contacted_without"]
    if without:
        raise Refused(f"{without:,} people of run {run.pk} would be contacted without a consent on file; prepare it again.")
    filling.channels(run)


def _approvals(run: Run) -> list[str]:
    """Who approved, as votes and audit trail both tell: what was only written into a table does not count."""
    authors = {actor for actor, _ in audit.events(run.pk, "prepare")}
    approved = {
        actor
        for actor, told in audit.events(run.pk, "approve")
        if (told["approval_hash"], told["version"]) == (run.approval_hash, run.version)
    }
    return [name for name in runs.approvals(run) if name in approved - authors]


def _check_trail(run: Run) -> None:
    """The audit trail can be relied on, and does not tell of an earlier launch."""
    trail = audit.verify()
    if not trail.whole:
        raise Refused(f"The audit trail is not whole: {trail.text} Nothing is launched until that is cleared up.")
    if audit.events(run.pk, "launch"):
        raise Refused(f"Run {run.pk} was launched already, as the audit trail tells; prepare a new one.")


def _start(run: Run, name: str) -> None:
    """Approved -> sending, with a row for everybody, in one transaction."""
    with transaction.atomic():
        fresh = runs.get(str(run.pk))
        if fresh.state != "approved":
            raise Refused(f"Run {run.pk} is {fresh.state.replace('_', ' ')} by now.")
        check_approval(fresh)
        _check_trail(fresh)
        ledger.fill(run.pk, filling.rows(run))
        fresh.sent_at = timezone.now()
        runs.move(fresh, "sending")
        audit.record("launch", actor=name, run_id=run.pk, details={"approval_hash": run.approval_hash, "rows": ledger.counts(run.pk)})
