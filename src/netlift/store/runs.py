"""Runs and their plans: making, keeping, finding."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from netlift.errors import NotFound, Refused
from netlift.records import ReviewResult
from netlift.store import audit, people
from netlift.store.models import Run


def create(*, name: str, author: str) -> str:
    """Begin a run; the answer is its number as text. It is `preparing` until `save` or `discard`.

    Raises:
        Refused: the author may not prepare plans.
    """
    with transaction.atomic():
        people.require(author, "author", "prepare plans")
        run = Run.objects.create(name=name, author=people.user(author))
        audit.record("prepare", actor=author, run_id=run.pk, details={"name": name})
    return str(run.pk)


def save(run_id: str, *, folder: Path, facts: dict[str, Any], plan: dict[str, Any], review: ReviewResult, approval_hash: str) -> None:
    """Keep what was prepared; the run becomes a draft that its author may submit.

    Args:
        run_id: the run, still `preparing`.
        folder: where the output files are, among them audience.parquet.
        facts: what run.json says; no NaN.
        plan: the content made by `workflow.approval.freeze`.
        review: the findings of the policy checks.
        approval_hash: `workflow.approval.approval_hash(plan)`.
    """
    with transaction.atomic():
        run = locked(run_id)
        if run.state != "preparing":
            raise Refused(f"Run {run_id} was prepared already; it is {run.state}.")
        run.folder, run.facts, run.content = str(folder.absolute()), facts, plan
        run.findings, run.approval_hash = asdict(review), approval_hash
        move(run, "draft")
        audit.record("draft", actor=run.author.username, run_id=run.pk, details={"approval_hash": approval_hash})


def discard(run_id: str) -> None:
    """Forget a run whose preparation failed; the audit trail still tells of it, and its number is not used again."""
    with transaction.atomic():
        run = locked(run_id)
        if run.state != "preparing":
            raise Refused(f"Run {run_id} is {run.state}; only a run that is being prepared can be discarded.")
        audit.record("discard", actor=run.author.username, run_id=run.pk)
        run.delete()


def get(run_id: str) -> Run:
    """The run with this number.

    Raises:
        NotFound: there is none.
    """
    return _found(run_id, Run.objects.all())


def locked(run_id: str) -> Run:
    """The run as it is now; until the caller's transaction ends nobody else can change it.

    Every verb that looks at a run and then acts on it reads it so: PostgreSQL locks the row, SQLite's transactions are alone anyway.

    Raises:
        NotFound: there is none.
        RuntimeError: there is no transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"run {run_id} must be locked in the transaction that acts on it")
    return _found(run_id, Run.objects.select_for_update(of=("self",)))


def of_config(sha256: str) -> Run | None:
    """The newest prepared run of exactly these settings; None where there is none."""
    prepared = Run.objects.exclude(state="preparing").filter(facts__config_sha256=sha256)
    return prepared.order_by("-pk").first()


def hide(run: Run, hidden: Callable[[str], str]) -> bool:
    """Rewrite what is told of a run's data, where a person was quoted in it; whether anything changed. Nothing of it was approved."""
    told = json.dumps(run.facts, ensure_ascii=False)
    clean = hidden(told)
    if clean == told:
        return False
    run.facts = json.loads(clean)
    run.save(update_fields=["facts"])
    return True


def move(run: Run, state: str) -> None:
    """Write the run with a new state; the caller holds the transaction and has checked that the step is allowed."""
    run.state, run.changed_at = state, timezone.now()
    run.save()


def _found(run_id: str, among: QuerySet[Run]) -> Run:
    is_number = run_id.isascii() and run_id.isdigit() and len(run_id) < 19
    run = among.select_related("author").filter(pk=int(run_id)).first() if is_number else None
    if run is None:
        raise NotFound(f"There is no run '{run_id}'; 'netlift review list' shows them all.")
    return run
