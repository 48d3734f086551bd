"""What came back: returned mail, complaints, opt-outs, clicks."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from netlift.store.models.constraints import one_of

EVENT_KINDS = ("delivered", "delayed", "hard bounce", "soft bounce", "complaint", "opt-out", "click", "open", "other")


class Event(models.Model):
    """One thing that came back, told once however often it is heard. It names a person by keyed hash only, and outlives the run."""

    event_id = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12)
    run = models.BigIntegerField(null=True)  # no foreign key: the proof of an opt-out stays when the run goes
    channel = models.CharField(max_length=30)
    subject = models.CharField(max_length=64, db_index=True)  # keyed hash of the customer's id; of clicks and openings: of the delivery
    source = models.CharField(max_length=12)  # mailbox, webhook, one-click, page, link
    detail = models.CharField(max_length=60, default="")  # status code, kind of complaint, number of the link
    machine = models.CharField(max_length=30, default="")  # why a click or an opening counts as a machine's; "" = a person's
    evidence = models.JSONField(default=dict)  # what was received, without contact data
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Constraints and the index that counts use."""

        constraints = (one_of("kind", EVENT_KINDS),)
        indexes = (models.Index(fields=("run", "kind", "machine"), name="event_counts"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Link(models.Model):
    """An address that a tracked link of a run leads to."""

    run = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of the address, which may be too long for an index
    address = models.TextField()

    class Meta:
        """Constraints."""

        constraints = (models.UniqueConstraint(fields=("run", "digest"), name="link_once"),)

    def __str__(self) -> str:
        return f"link {self.pk} of run {self.run}"
