"""Figures in templates, written as everywhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template

from netlift.records import RESTS_ON
from netlift.reports import charts, figures, summary

register = template.Library()

register.filter("count", figures.count)
register.filter("plain", figures.plain)
register.filter("words", figures.words)
register.filter("colour", charts.colour)
register.filter("first_sentence", summary.first_sentence)


@register.filter
def percent(share: float | None) -> str:
    """A share as a percentage."""
    return figures.percent(share)


@register.filter
def signed_percent(share: float | None) -> str:
    """A change in percent, with its sign."""
    return figures.percent(share, signed=True)


@register.filter
def money(amount: float | str | None, currency: str) -> str:
    """An amount with its currency."""
    return figures.money(None if amount is None else float(amount), currency)


@register.filter
def signed_money(amount: float | None, currency: str) -> str:
    """A gain or loss with its currency and sign."""
    return figures.money(amount, currency, signed=True)


@register.filter
def rests_on(sufficiency: str | None) -> str:
    """What a figure rests on, in words; nothing for figures of runs that did not tell."""
    return RESTS_ON.get(sufficiency or "", "")


@register.filter
def action(code: str, offers: list[str]) -> str:
    """What a recommendation says to do."""
    return summary.action(code, offers)


@register.filter
def moment(iso: str) -> str:
    """A time of the store, in UTC."""
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


@register.simple_tag
def percent_interval(low: float | None, high: float | None) -> str:
    """The interval of a change in percent."""
    return figures.percent_interval(low, high, signed=True)


@register.simple_tag
def share_interval(low: float | None, high: float | None) -> str:
    """The interval of a share in percent."""
    return figures.percent_interval(low, high, signed=False)


@register.simple_tag
def money_interval(low: float | None, high: float | None) -> str:
    """The interval of an amount, whose currency stands beside it."""
    return figures.money_interval(low, high)
