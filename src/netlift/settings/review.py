"""[review]: what the committee needs."""

from __future__ import annotations

from pydantic import Field

from netlift.settings.section import Section


class ReviewSettings(Section):
    """What the committee needs, and contact caps."""

    quorum: int = Field(default=2, ge=2, description="votes needed; at least two people beside the author")
    max_contacts_7d: int = Field(default=5, ge=1)
    max_contacts_30d: int = Field(default=12, ge=1)
    min_audience: int = Field(default=100, ge=50)
    review_days: int = Field(default=7, ge=1, le=90, description="a plan waits for votes no longer")
    approval_days: int = Field(default=14, ge=1, le=90, description="an approval holds no longer before the start")
    max_drift: float = Field(default=0.05, ge=0, le=0.05, description="share of the approved people who may drop out before the start")
