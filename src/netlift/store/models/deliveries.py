"""The delivery ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from netlift.store.models.constraints import one_of
from netlift.store.models.runs import Run

DELIVERY_STATES = (
    "planned",
    "excluded",
    "ready",
    "claimed",
    "committing",
    "accepted",
    "delivered",
    "bounced",
    "complained",
    "retry",
    "failed",
    "unknown",
    "cancelled",
)


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
    domain = models.CharField(max_length=64, default="")  # of the recipient: a large provider's name, else its keyed hash
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)  # of a retry, or the slot that the rates have booked for a ready row
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
            models.Index(fields=("run", "channel", "state", "not_before", "id"), name="claimable"),
            models.Index(fields=("run", "changed_at"), name="last_changed"),
            models.Index(fields=("customer_id",), name="rows_of_customer"),
            models.Index(fields=("lease_until",), condition=Q(lease_until__isnull=False), name="leases"),
            models.Index(fields=("message_id",), condition=~Q(message_id=""), name="by_message_id"),
        )

    def __str__(self) -> str:
        return f"delivery {self.pk} ({self.state})"
