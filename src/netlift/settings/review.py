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
