"""Runs, their plans, and what the committee did with them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from netlift.store.models.constraints import one_of

RUN_STATES = (
    "preparing",
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "scheduled",
    "sending",
    "paused",
    "stopped",
    "completed",
    "rejected",
    "expired",
    "cancelled",
)


class Run(models.Model):
    """One way from the data to a campaign; its number is what people call the run and its plan."""

    name = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, default="preparing")
    version = models.PositiveIntegerField(default=1)  # of the plan; goes up with every edit
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)  # when the state last changed
    sent_at = models.DateTimeField(null=True)  # when sending began
    folder = models.TextField(default="")  # where the output files are
    facts = models.JSONField(default=dict)  # what run.json says
    content = models.JSONField(default=dict)  # what the committee approves; see workflow/approval.py
    approval_hash = models.CharField(max_length=64, default="")
    findings = models.JSONField(default=dict)  # the ReviewResult
    editors = models.JSONField(default=list)  # names of whoever else changed a part of it, in any version
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    start_at = models.DateTimeField(null=True)  # when it begins by itself
    pause = models.JSONField(null=True)  # see records.Pause
    halt = models.JSONField(null=True)  # the stop flag; see records.Halt

    class Meta:
        """Constraints."""

        constraints = (one_of("state", RUN_STATES),)

    def __str__(self) -> str:
        return f"run {self.pk} ({self.state})"


class Vote(models.Model):
    """What one member of the committee said about one plan. Void votes stay for the record."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")  # the voter's own, or whom he sits for
    vote = models.CharField(max_length=20)  # approve, reject, request_changes
    version = models.PositiveIntegerField()
    approval_hash = models.CharField(max_length=64)
    text = models.TextField(default="")
    opened = models.JSONField(default=list)  # the panes of this version that the voter had looked at
    authenticated = models.CharField(max_length=20, default="")  # how it was made sure that it was he
    at = models.DateTimeField(default=timezone.now)
    void = models.BooleanField(default=False)

    class Meta:
        """Constraints."""

        constraints = (
            one_of("vote", ("approve", "reject", "request_changes")),
            models.UniqueConstraint(fields=("run", "voter"), condition=Q(void=False), name="one_vote_each"),
            models.UniqueConstraint(fields=("run", "seat"), condition=Q(void=False), name="one_vote_a_seat"),
        )

    def __str__(self) -> str:
        return f"{self.vote} on run {self.run_id}"


class Look(models.Model):
    """Somebody opened a pane of one version of a plan; who has not seen everything cannot approve."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    pane = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints."""

        constraints = (models.UniqueConstraint(fields=("run", "version", "person", "pane"), name="looked_once"),)

    def __str__(self) -> str:
        return f"{self.pane} of run {self.run_id}, version {self.version}"
