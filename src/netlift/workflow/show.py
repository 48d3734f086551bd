"""What can be looked at: plans, runs, deliveries. Read-only, for the command line, the console and REST alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from netlift.errors import Refused
from netlift.records import Committee
from netlift.review import committee
from netlift.store import cases, feedback, ledger
from netlift.store import jobs as stored_jobs
from netlift.store import runs as stored
from netlift.store.models import Run, Vote
from netlift.store.models.deliveries import DELIVERY_STATES

STATES = DELIVERY_STATES  # of a person's message


def runs() -> list[dict[str, Any]]:
    """Every run, the newest first, also those that are still being prepared."""
    everybody = cases.committee()
    return [_short(run, everybody) for run in Run.objects.select_related("author").order_by("-pk")]


def plans() -> list[dict[str, Any]]:
    """Every plan, the newest first."""
    everybody = cases.committee()
    return [_short(run, everybody) for run in Run.objects.select_related("author").exclude(state="preparing").order_by("-pk")]


def plan(run_id: str) -> dict[str, Any]:
    """All about one plan: what is said to whom, findings, votes, hash.

    Raises:
        NotFound: there is no such run.
    """
    run = stored.get(run_id)
    votes = Vote.objects.filter(run=run).select_related("voter", "seat").order_by("pk")
    shown = ("messages", "segments", "inputs", "holdout", "country", "salt_id", "channels", "consent", "window", "offers")
    return {
        **_short(run, cases.committee()),
        "approval_hash": run.approval_hash,
        "findings": run.findings.get("findings", []),
        "policy_version": run.findings.get("policy_version", ""),
        **{name: run.findings.get(name) for name in ("score", "contributions", "remedy")},
        "heightened": run.findings.get("verdict") == "review",
        "editors": run.editors,
        "start_at": _time(run.start_at) if run.start_at else None,
        "pause": run.pause,
        "halt": run.halt,
        "votes": [
            {
                "voter": v.voter.username,
                "seat": v.seat.username,
                "vote": v.vote,
                "text": v.text,
                "at": _time(v.at),
                "version": v.version,
                "void": v.void,
            }
            for v in votes
        ],
        **{name: run.content.get(name) for name in shown},
        "facts": run.facts,
    }


def deliveries(run_id: str) -> dict[str, Any]:
    """The ledger of a run: how many people in each state, and everybody.

    Raises:
        NotFound: there is no such run.
    """
    run = stored.get(run_id)
    return {"counts": ledger.counts(run.pk), "rows": list(ledger.rows(run.pk))}


def rows(run_id: str, *, state: str | None = None) -> Iterator[dict[str, Any]]:
    """Everybody of a run (in a state), read bit by bit."""
    return ledger.rows(stored.get(run_id).pk, state=state)


def counts(run_id: str) -> dict[str, int]:
    """How many people of a run are in each state."""
    return ledger.counts(stored.get(run_id).pk)


def exclusions(run_id: str) -> dict[str, int]:
    """How many people of a run get no message, by reason."""
    return ledger.exclusions(stored.get(run_id).pk)


def came_back(run_id: str) -> list[dict[str, Any]]:
    """What came back of a run, by kind: people, and how often machines clicked or opened."""
    return feedback.counts(stored.get(run_id).pk)


def jobs() -> list[dict[str, Any]]:
    """All jobs, the newest first; one whose run is being sent tells `sent`, the share of messages that came to their end."""
    told = stored_jobs.everything()
    for job in told:
        total = sum(n for state, n in ledger.counts(job["run_id"]).items() if state != "excluded") if job["run_id"] else 0
        job["sent"] = 1 - ledger.open_rows(job["run_id"]) / total if total else None
    return told


def sent_at(run_id: str) -> datetime:
    """When sending began, naive UTC.

    Raises:
        NotFound: there is no such run.
        Refused: it was not launched.
    """
    moment = stored.get(run_id).sent_at
    if moment is None:
        raise Refused(f"Run {run_id} was not launched; launch it first: netlift launch {run_id}.")
    return moment.astimezone(UTC).replace(tzinfo=None)


def approvals(run: Run, everybody: Committee) -> list[str]:
    """Who has approved exactly this plan and may still do so."""
    return sorted(v.voter for v in committee.standing(cases.of(run), everybody)) if run.content else []


def _short(run: Run, everybody: Committee) -> dict[str, Any]:
    audience = run.content.get("audience", {})
    return {
        "run_id": str(run.pk),
        "name": run.name,
        "state": run.state,
        "version": run.version,
        "author": run.author.username,
        "created_at": _time(run.created_at),
        "changed_at": _time(run.changed_at),
        "sent_at": _time(run.sent_at) if run.sent_at else None,
        "folder": run.folder,
        "verdict": run.findings.get("verdict"),
        "approvals": len(approvals(run, everybody)),
        "quorum": run.content.get("quorum"),
        "people": audience.get("people"),
        "counts": audience.get("counts", {}),
        "budget": run.content.get("budget"),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
