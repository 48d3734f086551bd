"""[campaign]: when it may be sent."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from netlift.settings.section import Section


class CampaignSettings(Section):
    """The window of sending, on the project's clock."""

    start: datetime | None = Field(default=None, description='a moment, e.g. "2026-10-01 09:00"')
    end: datetime | None = Field(default=None, description='a moment, e.g. "2026-10-08 20:00"')

    @model_validator(mode="after")
    def _in_order(self) -> CampaignSettings:
        for moment in (self.start, self.end):
            if moment is not None and moment.tzinfo is not None:
                raise ValueError(f"'{moment}' names a time zone; start and end are on the clock of project.time_zone")
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        return self
