"""Runs, their plans, and the votes on them."""

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
    "rejected",
    "sending",
    "paused",
    "stopped",
    "completed",
)


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
