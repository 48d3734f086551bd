"""The tables of the store. What is done with them is in the functions of the modules beside this one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

RUN_STATES = (
    "preparing",
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "rejected",
    "sending",
    "stopped",
    "completed",
)
DELIVERY_STATES = (
    "planned",
    "excluded",
    "ready",
    "claimed",
    "committing",
    "accepted",
    "retry",
    "failed",
    "unknown",
    "cancelled",
)
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")


def one_of(field: str, states: tuple[str, ...]) -> models.CheckConstraint:
    """Only these states can be written, whoever writes."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": states}), name=f"%(class)s_{field}_known")


class Run(models.Model):
    """One way from the data to a campaign; its number is what people call the run and its plan."""

    name = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, default="preparing")
    version = models.PositiveIntegerField(default=1)  # of the plan; goes up whenever it is submitted again
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)  # when the state last changed
    sent_at = models.DateTimeField(null=True)  # when sending began
    folder = models.TextField(default="")  # where the output files are
    facts = models.JSONField(default=dict)  # what run.json says
    content = models.JSONField(default=dict)  # what the committee approves; see workflow/approval.py
    approval_hash = models.CharField(max_length=64, default="")
    findings = models.JSONField(default=dict)  # the ReviewResult

    class Meta:
        """Constraints."""

        constraints = (one_of("state", RUN_STATES),)

    def __str__(self) -> str:
        return f"run {self.pk} ({self.state})"


class Vote(models.Model):
    """What one member of the committee said about one plan. Void votes stay for the record."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    vote = models.CharField(max_length=20)  # approve, reject, request_changes
    version = models.PositiveIntegerField()
    approval_hash = models.CharField(max_length=64)
    text = models.TextField(default="")
    at = models.DateTimeField(default=timezone.now)
    void = models.BooleanField(default=False)

    class Meta:
        """Constraints."""

        constraints = (
            one_of("vote", ("approve", "reject", "request_changes")),
            models.UniqueConstraint(fields=("run", "voter"), condition=Q(void=False), name="one_vote_each"),
        )

    def __str__(self) -> str:
        return f"{self.vote} on run {self.run_id}"


class AuditEvent(models.Model):
    """One act, chained to the act before it. The database refuses to change or delete a row."""

    at = models.CharField(max_length=32)  # ISO 8601 UTC, kept as text because it is hashed
    actor = models.CharField(max_length=150)
    act = models.CharField(max_length=50)
    run = models.BigIntegerField(null=True)  # no foreign key: the trail outlives what it tells of
    details = models.TextField()  # canonical JSON
    previous_hash = models.CharField(max_length=64, unique=True)  # so that the chain cannot fork
    hash = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"{self.pk} {self.act}"


class Delivery(models.Model):
    """One message for one person, or the reason why there is none. The unique key is the guard against sending twice."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="deliveries")
    wave = models.PositiveIntegerField(default=1)
    customer_id = models.TextField()
    channel = models.CharField(max_length=30)  # "" for people excluded before a channel was chosen
    offer = models.TextField(default="")
    arm = models.TextField(default="")
    state = models.CharField(max_length=12)
    reason = models.TextField(default="")  # of an exclusion, or the receiver's answer
    message_id = models.CharField(max_length=255, default="")
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    token = models.CharField(max_length=32, default="")  # of the last claim; a late process's token no longer fits
    lease_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints and the indexes that claims use."""

        constraints = (
            one_of("state", DELIVERY_STATES),
            models.UniqueConstraint(fields=("run", "wave", "customer_id", "channel"), name="never_twice"),
        )
        indexes = (
            models.Index(fields=("run", "state", "not_before"), name="claimable"),
            models.Index(fields=("lease_until",), condition=Q(lease_until__isnull=False), name="leases"),
        )

    def __str__(self) -> str:
        return f"delivery {self.pk} ({self.state})"


class Contact(models.Model):
    """How one customer is reached: everything in one encrypted blob, with keyed hashes to look it up."""

    customer_id = models.TextField(unique=True)
    customer_hash = models.CharField(max_length=64, db_index=True)
    email_hash = models.CharField(max_length=64, db_index=True, default="")
    phone_hash = models.CharField(max_length=64, db_index=True, default="")
    blob = models.BinaryField()
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"contact {self.pk}"


class Suppression(models.Model):
    """Somebody who must not be contacted, known only by a keyed hash so that erasing the person leaves it in force."""

    hash = models.CharField(max_length=64)  # of the customer id or of an address
    channel = models.CharField(max_length=30, default="")  # "" = every channel
    reason = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints."""

        constraints = (models.UniqueConstraint(fields=("hash", "channel"), name="suppressed_once"),)

    def __str__(self) -> str:
        return f"suppression {self.pk}"


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
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints and the index that claims use."""

        constraints = (one_of("state", JOB_STATES),)
        indexes = (models.Index(fields=("state", "lease_until"), name="job_claimable"),)

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"
