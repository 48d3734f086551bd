"""[rules]: what an administrator makes stricter than the rule packs; nothing here can make them milder."""

from __future__ import annotations

from pydantic import Field

from netlift.settings.section import Section


class HoursSettings(Section):
    """When people may be called or texted, on their own clock; lists of texts such as "10:00-20:00"."""

    weekdays: tuple[str, ...]
    saturday: tuple[str, ...] = ()
    sunday: tuple[str, ...] = ()
    holidays: tuple[str, ...] = ()


class RulesSettings(Section):
    """Stricter than the packs' defaults; what is left out stays as the packs say."""

    soft_opt_in: bool = Field(default=True, description="false: a sale is no consent to e-mail or texts")
    double_opt_in: bool = Field(default=False, description="true: every address was confirmed, old sign-ups too")
    consent_months: int | None = Field(default=None, ge=1, description="a consent ends after so many months without contact")
    inquiry_months: int | None = Field(default=None, ge=1, description="one that came from an inquiry ends after so many months")
    per_30_days: int | None = Field(default=None, ge=1, description="most calls, and most texts, per person in 30 days")
    hours: HoursSettings | None = Field(default=None, description="inside the default of Monday to Saturday from 10:00 to 20:00")
