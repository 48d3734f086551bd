"""What limits the contacts of a wave."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from netlift.settings.section import Section

Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AllocationSettings(Section):
    """Means of a wave. Without this section everybody is contacted whom the advice names and who may be."""

    budget: Money | None = Field(default=None, description="money for contacts; default: no limit")
    capacity: dict[str, Annotated[int, Field(ge=0)]] = Field(default={}, description="most contacts by channel; not named: no limit")
    contact_cost: dict[str, Money] = Field(default={}, description="money per contact by channel; default: that of [response]")
    minimum_profit: Money = Field(default=0, description="expected profit that a contact must exceed, after its cost")
    judged_by: Literal["mean", "lower bound"] = Field(
        default="mean", description="which figure must pay for a contact: the expected profit, or the low end of its 95 % interval"
    )
