"""Who sits for whom, and the stop that holds for everything."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Deputyship(models.Model):
    """Somebody sits in a member's seat for a time."""

    principal = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="deputyship_ends"),
            models.CheckConstraint(condition=~Q(principal=F("deputy")), name="deputy_is_another"),
        )

    def __str__(self) -> str:
        return f"deputyship {self.pk}"


class EmergencyStop(models.Model):
    """Nothing at all is sent until two members have lifted it."""

    by = models.CharField(max_length=150)
    reason = models.TextField(default="")
    at = models.DateTimeField(default=timezone.now)
    lifted = models.JSONField(default=list)  # names of the members who lifted it
    lifted_at = models.DateTimeField(null=True)  # by the second of them

    def __str__(self) -> str:
        return f"emergency stop {self.pk}"
