"""How people are reached, and who must not be."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


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
