"""[tables.….registered]: why each column is held, its source, how sensitive it is, and until when (GDPR, Art. 5(1)(b) and (e))."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from netlift.settings.section import Section


class RegisteredColumn(Section):
    """One column."""

    purpose: str = Field(pattern=r"\w", description="what the column is used for, in words,")
    purpose_until: date | None = Field(default=None, description="last day on which it may be used for that; default: no end")
    source: str | None = Field(default=None, description="where the column comes from; default: the table's source")
    sensitivity: Literal["none", "A", "B", "C"] | None = Field(default=None, description="default: by the words in the name")
    retention: date | None = Field(default=None, description="last day on which it may be held; default: no end")

    @property
    def until(self) -> date | None:
        """The last day on which the column may be read."""
        return min(filter(None, (self.purpose_until, self.retention)), default=None)
