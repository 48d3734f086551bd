"""How numbers are written for people: thousands separators, unit, interval in brackets, a true minus sign."""

from __future__ import annotations

import math

UNKNOWN = "not known"


def count(number: float) -> str:
    """A number of things: 12,345."""
    return _signs(f"{number:,.0f}")


def plain(number: float | None, unit: str = "") -> str:
    """A figure of any size with its unit, to three significant digits: 0.123 days, 12.3 days, 1,235 days."""
    if number is None or math.isnan(number):
        return UNKNOWN
    size = abs(number)
    digits = 0 if size >= 100 or number == int(number) else 1 if size >= 10 else 2 if size >= 1 else 3
    return _signs(f"{number:,.{digits}f}") + (f" {unit}" if unit else "")


def signed(number: float) -> str:
    """A difference without unit, one decimal, with its sign: +1.2."""
    return UNKNOWN if math.isnan(number) else _signs(f"{number:+.1f}")


def quantity(value: float | None, unit: str, currency: str) -> str:
    """A figure in its own unit: a share as a percentage, the currency as money, everything else plainly."""
    if unit == "share":
        return percent(value)
    if unit == currency:
        return money(value, currency)
    return plain(value, unit)


def money(amount: float | None, currency: str, *, signed: bool = False) -> str:
    """An amount with its currency: cents below 1,000, whole units above: 0.012 USD, 12.30 USD, 1,235 USD."""
    if amount is None or math.isnan(amount):
        return UNKNOWN
    return f"{_amount(amount, size=abs(amount), signed=signed)} {currency}"


SOURCES = (
    ("campaigns.contact_cost", "the campaign's own"),
    ("campaigns.revenue_per_response", "the campaign's own"),
    ("responses.revenue", "each answer's own"),
    ("[allocation] contact_cost of ", "that of "),
    ("[response] contact_cost", "the usual one"),
    ("[response] revenue", "the usual one"),
)


def percent(share: float | None, *, signed: bool = False) -> str:
    """A share as a percentage: 0.0123 is 1.2 %."""
    if share is None or math.isnan(share):
        return UNKNOWN
    return _signs(f"{100 * share:{'+' if signed else ''},.1f}") + " %"


def percent_interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """The interval of a share: [1.2 %, 3.4 %]; "no interval" where there is none."""
    if _missing(low, high):
        return "no interval"
    return f"[{percent(low, signed=signed)}, {percent(high, signed=signed)}]"


def money_interval(low: float | None, high: float | None) -> str:
    """The interval of an amount, whose currency stands beside it: [1.20, 3.40]; "no interval" where there is none."""
    if low is None or high is None or _missing(low, high):
        return "no interval"
    size = max(abs(low), abs(high))
    return f"[{_amount(low, size=size)}, {_amount(high, size=size)}]"


def words(code: str) -> str:
    """A code in plain words: no_consent is "no consent"."""
    return code.replace("_", " ")


NAMED = {"holdout_did": "DiD, held out", "ar1_gls": "regression, AR(1)"}  # estimators whose code does not read as words


def estimator(code: str) -> str:
    """An estimator's name in words: did_never_targeted is "DiD, never targeted"."""
    return NAMED.get(code) or words(f"DiD, {code.removeprefix('did_')}" if code.startswith("did_") else code)


def sentence(text: str) -> str:
    """A text that ends with a full stop, so that another sentence can follow."""
    return text if not text or text[-1] in ".!?" else f"{text}."


def _missing(low: float | None, high: float | None) -> bool:
    return low is None or high is None or math.isnan(low) or math.isnan(high)


def _amount(amount: float, *, size: float, signed: bool = False) -> str:
    """An amount with as many decimals as an amount of `size` needs."""
    digits = 0 if size >= 1000 else 2 if size >= 0.1 or size == 0 else 3
    return _signs(f"{amount:{'+' if signed else ''},.{digits}f}")


def _signs(text: str) -> str:
    """A minus sign instead of a hyphen, and no minus before zero."""
    if text[0] in "-+" and not any(d in text for d in "123456789"):
        text = text[1:]
    return text.replace("-", "\N{MINUS SIGN}")


def source(told: str) -> str:
    """Where an accounting took an amount from, in words for people who do not know the tables."""
    for name, words in SOURCES:
        told = told.replace(name, words)
    return told
