"""[rules] of netlift.toml as rules: added to the packs', so that they can only be stricter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from netlift.errors import InputError, SettingsError
from netlift.rules.hours import Windows, windows
from netlift.rules.packs import DEFAULT, Rule, packs
from netlift.settings import RulesSettings

OWN = "OWN"
VOTE = "netlift.toml can only be stricter; milder rules need the vote of the committee"


def own_rules(settings: RulesSettings) -> tuple[Rule, ...]:
    """The rules that the administrator added; none where nothing is stricter than the packs.

    Raises:
        SettingsError: one is milder than the packs' default.
    """
    found = []
    if not settings.soft_opt_in:
        found.append(_rule("CONSENT", ("email", "sms"), {"soft_opt_in": False}))
    if settings.double_opt_in:
        found.append(_rule("DOI", ("email",), {"since": date(1970, 1, 1)}))
    if settings.consent_months is not None or settings.inquiry_months is not None:
        usual = _default("CONSENT_AGE").parameters
        months = {"months": settings.consent_months, "inquiry_months": settings.inquiry_months}
        for name, value in months.items():
            if value is not None and value > usual[name]:
                raise SettingsError(
                    f"rules.{name.replace('months', 'consent_months', name == 'months')} = {value} is milder than {usual[name]}; {VOTE}."
                )
        given = {name: value if value is not None else usual[name] for name, value in months.items()}
        found.append(_rule("CONSENT_AGE", tuple(_default("CONSENT_AGE").channels), given))
    if settings.per_30_days is not None:
        most = 30 * _default("CONTACT_CAP").parameters["per_day"]
        if settings.per_30_days > most:
            raise SettingsError(f"rules.per_30_days = {settings.per_30_days} is milder than one a day; {VOTE}.")
        found.append(_rule("CONTACT_CAP", ("sms", "phone"), {"per_day": most // 30, "per_30_days": settings.per_30_days}))
    if settings.hours is not None:
        found.append(_hours(settings.hours.model_dump()))
    return tuple(found)


def _hours(given: Mapping[str, Any]) -> Rule:
    try:
        hours = windows(given, "rules.hours")
    except InputError as error:
        raise SettingsError(f"netlift.toml: {error}") from error
    usual = _default("QUIET_HOURS").hours
    for name in given:
        if usual is not None and not _inside(getattr(hours, name), getattr(usual, name)):
            raise SettingsError(f"rules.hours.{name} = {list(given[name])} reaches out of the default window; {VOTE}.")
    return _rule("QUIET_HOURS", ("sms", "phone"), given, hours)


def _inside(inner: tuple[tuple[int, int], ...], outer: tuple[tuple[int, int], ...]) -> bool:
    return all(any(first <= a and b <= last for first, last in outer) for a, b in inner)


def _default(rule_id: str) -> Rule:
    return next(rule for rule in packs()[DEFAULT].rules if rule.id == rule_id)


def _rule(rule_id: str, channels: tuple[str, ...], parameters: Mapping[str, Any], hours: Windows | None = None) -> Rule:
    return Rule(rule_id, frozenset(channels), "netlift.toml, [rules]", "P", parameters, OWN, hours)
