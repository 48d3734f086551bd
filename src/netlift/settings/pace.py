"""How fast a channel may send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from netlift.settings.section import Section


class Pace(Section):
    """What every kind of channel has: how fast, and what becomes of messages that may have arrived."""

    unknown: Literal["hold", "resend"] = "hold"
    per_second: float | None = Field(default=None, gt=0, description="messages")
    per_second_per_domain: float | None = Field(default=None, gt=0, description="messages to one recipient domain")
    warm_up: list[Annotated[int, Field(ge=1)]] = Field(default=[], description="messages on the sender's first, second, … day")
