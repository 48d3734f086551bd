"""Who agreed to what, which packs judge a run, and lists of numbers that must not be called."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from netlift.store.models.constraints import one_of
from netlift.store.models.runs import Run

CONSENT_STATUSES = ("given", "soft_opt_in", "withdrawn")


class Consent(models.Model):
    """One thing that was said about one channel and purpose: rows are added and never changed, the latest counts.

    The person is known only by a keyed hash of the customer id.
    """

    person = models.CharField(max_length=64)
    channel = models.CharField(max_length=30)
    purpose = models.CharField(max_length=100, default="marketing")
    status = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, default="express")  # express, purchase, inquiry
    given_at = models.DateTimeField(null=True)
    source = models.TextField(default="")
    wording = models.TextField(default="")  # the text agreed to, or its version
    proof = models.TextField(default="")  # where the evidence is kept
    confirmed_at = models.DateTimeField(null=True)  # double opt-in
    confirmed_from = models.CharField(max_length=64, default="")  # keyed hash of the network address
    expires_at = models.DateTimeField(null=True)
    facts = models.TextField(default="")  # names of `rules.SOFT` and `rules.WRITTEN`, sorted, parted by blanks
    row_hash = models.CharField(max_length=64, unique=True)  # keyed, of all of the above: the same row comes in once
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints and the index by which a person's rows are found."""

        constraints = (one_of("status", CONSENT_STATUSES),)
        indexes = (models.Index(fields=("person", "channel", "purpose"), name="consents_of"),)

    def __str__(self) -> str:
        return f"consent {self.pk} ({self.status})"


class Terms(models.Model):
    """By which rules the people of a run are judged whenever a message is about to leave."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="terms")
    packs = models.JSONField()  # rule pack -> its version when the run was prepared
    rules = models.JSONField()  # [rules] of netlift.toml
    home = models.CharField(max_length=8, default="")  # country of whoever's contact data name none
    cap_7d = models.PositiveIntegerField()
    cap_30d = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"terms of run {self.run_id}"


class CallList(models.Model):
    """A do-not-call list as it was last imported."""

    name = models.CharField(max_length=30, unique=True)
    dated = models.DateField()  # the day the list is of
    numbers = models.PositiveIntegerField()
    imported_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"list {self.name}"


class ListedNumber(models.Model):
    """One number of a do-not-call list, known by its keyed hash only."""

    list = models.ForeignKey(CallList, on_delete=models.CASCADE, related_name="+")
    hash = models.CharField(max_length=64)

    class Meta:
        """Constraints."""

        constraints = (models.UniqueConstraint(fields=("hash", "list"), name="listed_once"),)

    def __str__(self) -> str:
        return f"number {self.pk}"


class PastContact(models.Model):
    """A contact that the table `contacted` tells of and netlift did not make, of the last 30 days before it was read."""

    person = models.CharField(max_length=64)
    campaign = models.CharField(max_length=64)  # keyed hash
    at = models.DateTimeField()

    class Meta:
        """Constraints."""

        constraints = (models.UniqueConstraint(fields=("person", "campaign", "at"), name="contacted_once"),)

    def __str__(self) -> str:
        return f"past contact {self.pk}"
