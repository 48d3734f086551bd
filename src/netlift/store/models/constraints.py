"""Constraints that several tables share."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


def one_of(field: str, states: tuple[str, ...]) -> models.CheckConstraint:
    """Only these states can be written, whoever writes."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": states}), name=f"%(class)s_{field}_known")
