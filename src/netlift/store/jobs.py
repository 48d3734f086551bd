"""Work that waits for a worker, held by a lease: when a worker dies, another takes over after the lease."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from netlift.settings import environment
from netlift.store import runs
from netlift.store.models import Job

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this process holds as long as its token fits."""

    job_id: int
    token: str
    kind: str
    run_id: str | None
    actor: str


def enqueue(kind: str, *, actor: str, run_id: str | None = None) -> int:
    """Leave work for a worker; call it in the transaction of the act that needs it."""
    return Job.objects.create(kind=kind, actor=actor, run=runs.get(run_id) if run_id else None).pk


def claim() -> Claimed | None:
    """The oldest job that waits, or whose worker is silent for longer than its lease; None where there is none."""
    now = timezone.now()
    with transaction.atomic():
        lapsed = Job.objects.filter(state="running", lease_until__lt=now)
        lapsed.filter(attempts__gte=MAX_ATTEMPTS).update(state="failed", error=f"Its worker died {MAX_ATTEMPTS} times.")
        waiting = Job.objects.select_for_update(skip_locked=True)  # PostgreSQL: two workers never look at the same job
        job = waiting.filter(Q(state="queued") | Q(state="running", lease_until__lt=now)).order_by("pk").first()
        if job is None:
            return None
        job.state, job.token, job.attempts = "running", uuid.uuid4().hex, job.attempts + 1
        job.heartbeat_at, job.lease_until = now, now + _lease()
        job.save()
    return Claimed(job.pk, job.token, job.kind, str(job.run_id) if job.run_id else None, job.actor)


def heartbeat(job: Claimed) -> bool:
    """Renew the lease; False = it was lost to another worker: stop at once, write nothing more."""
    now = timezone.now()
    return bool(_held(job).update(heartbeat_at=now, lease_until=now + _lease()))


def finish(job: Claimed, *, error: str = "") -> bool:
    """Close the job as done, or failed with a sentence; False = the lease was lost before."""
    return bool(_held(job).update(state="failed" if error else "done", error=error, lease_until=None))


def cancel(job_id: int) -> bool:
    """Take back a job that has not been started; False = too late."""
    return bool(Job.objects.filter(pk=job_id, state="queued").update(state="cancelled"))


def _held(job: Claimed) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.job_id, token=job.token, state="running")


def _lease() -> timedelta:
    return timedelta(seconds=environment().lease_seconds)
