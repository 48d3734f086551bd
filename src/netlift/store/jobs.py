"""Work that waits for a worker, held by a lease: when a worker dies, another takes over after the lease."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from netlift.settings import environment
from netlift.store import runs
from netlift.store.models import Job

MAX_ATTEMPTS = 3
LOG_LINES = 50  # the last ones are kept


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this process holds as long as its token fits."""

    job_id: int
    token: str
    kind: str
    run_id: str | None
    actor: str


def enqueue(kind: str, *, actor: str, run_id: str | None = None, start_at: datetime | None = None) -> int:
    """Leave work for a worker, to be begun at `start_at` (aware) or at once; call it in the transaction of the act that needs it."""
    return Job.objects.create(kind=kind, actor=actor, run=runs.get(run_id) if run_id else None, start_at=start_at).pk


def claim() -> Claimed | None:
    """The oldest job that waits, or whose worker is silent for longer than its lease; None where there is none."""
    now = timezone.now()
    with transaction.atomic():
        lapsed = Job.objects.filter(state="running", lease_until__lt=now)
        lapsed.filter(cancel=True).update(state="cancelled", lease_until=None)
        lapsed.filter(attempts__gte=MAX_ATTEMPTS).update(state="failed", error=f"Its worker died {MAX_ATTEMPTS} times.")
        _expire(now)
        waiting = Q(state="queued") & (Q(start_at__isnull=True) | Q(start_at__lte=now))
        found = Job.objects.select_for_update(skip_locked=True).filter(waiting | Q(state="running", lease_until__lt=now, cancel=False))
        job = found.order_by("pk").first()
        if job is None:
            return None
        job.state, job.token, job.attempts = "running", uuid.uuid4().hex, job.attempts + 1
        job.heartbeat_at, job.lease_until = now, now + _lease()
        job.save()
    return Claimed(job.pk, job.token, job.kind, str(job.run_id) if job.run_id else None, job.actor)


def heartbeat(job: Claimed) -> bool:
    """Renew the lease; False = it was lost to another worker, or its end is asked for: stop at once, write nothing more."""
    now = timezone.now()
    return bool(_held(job).filter(cancel=False).update(heartbeat_at=now, lease_until=now + _lease()))


def tell(job: Claimed, *, step: str, text: str, progress: float = 0.0) -> bool:
    """Keep where the work is and a line of its log, without personal data; False = the lease was lost."""
    with transaction.atomic():
        held = _held(job).select_for_update().first()
        if held is None:
            return False
        log = [*held.log, [timezone.now().isoformat(timespec="seconds"), text]][-LOG_LINES:]
        return bool(_held(job).update(step=step, progress=progress, log=log))


def finish(job: Claimed, *, error: str = "") -> bool:
    """Close the job as done, or failed with a sentence; False = the lease was lost before."""
    end = {"state": "failed" if error else "done", "error": error, "lease_until": None}
    return bool(_held(job).update(**end, **({} if error else {"progress": 1.0})))


def cancel(job_id: int) -> bool:
    """Take back a job that waits, or ask the worker that has it to end; False = it has ended already."""
    if Job.objects.filter(pk=job_id, state="queued").update(state="cancelled"):
        return True
    return bool(Job.objects.filter(pk=job_id, state="running").update(cancel=True))


def everything() -> list[dict[str, Any]]:
    """All jobs, the newest first, as JSON has them."""
    names = ("id", "kind", "run_id", "actor", "state", "step", "progress", "log", "attempts", "error", "created_at", "start_at")
    return [{name: _plain(value) for name, value in row.items()} for row in Job.objects.order_by("-pk").values(*names)]


def _expire(now: datetime) -> None:
    """A start that was missed by too much (a machine was off, a snapshot was restored) is never made up for."""
    minutes = environment().late_start_minutes
    missed = Job.objects.filter(state="queued", start_at__lt=now - timedelta(minutes=minutes))
    missed.update(state="expired", error=f"Its start was missed by more than {minutes:g} minutes, so it was not begun; launch it again.")


def _plain(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _held(job: Claimed) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.job_id, token=job.token, state="running")


def _lease() -> timedelta:
    return timedelta(seconds=environment().lease_seconds)
