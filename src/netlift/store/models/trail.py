"""The audit trail."""

from __future__ import annotations

from django.db import models


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
