"""Telephone numbers as they go to a provider: E.164."""

from __future__ import annotations

import phonenumbers

INVALID = "invalid telephone number"


def e164(number: str, country: str = "") -> str | None:
    """The number with its plus; None = there is no such number. `country` is that of numbers without a plus."""
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def region(number: str) -> str:
    """The country of a number in E.164; "" = of none, such as satellites'."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
