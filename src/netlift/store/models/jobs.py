"""Work that waits for a worker."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from netlift.store.models.constraints import one_of
from netlift.store.models.runs import Run

JOB_STATES = ("queued", "running", "done", "failed", "cancelled", "expired")


class Job(models.Model):
    """Work that waits for a worker."""

    kind = models.CharField(max_length=30)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=150)  # on whose order
    state = models.CharField(max_length=12, default="queued")
    token = models.CharField(max_length=32, default="")
    lease_until = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(default="")
    step = models.CharField(max_length=60, default="")  # where a worker that takes over goes on
    progress = models.FloatField(default=0.0)  # share that is done
    log = models.JSONField(default=list)  # the last lines: time and text, no personal data
    start_at = models.DateTimeField(null=True)  # not before; missed by too much, it is never done
    cancel = models.BooleanField(default=False)  # its worker is asked to end
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints and the index that claims use."""

        constraints = (one_of("state", JOB_STATES),)
        indexes = (models.Index(fields=("state", "lease_until"), name="job_claimable"),)

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"
