"""How fast messages may go: one bucket for each provider, recipient domain and sender."""

from __future__ import annotations

from django.db import models


class Bucket(models.Model):
    """A token bucket, kept as the moment at which its next message is due; a restart finds it as it was."""

    key = models.CharField(max_length=160, unique=True)
    next_at = models.DateTimeField()  # when the next message is due: the theoretical arrival time
    factor = models.FloatField(default=1.0)  # of the rate: halved when the receiver asks for less, slowly back to 1
    slowed_at = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=0)  # messages so far, where the key is a sender's day

    def __str__(self) -> str:
        return f"bucket {self.pk}"
