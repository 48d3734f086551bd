"""What an address has to look like before anything is handed over."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address


def email_problem(address: str) -> str | None:
    """Why no mail can be sent to this address; None = it looks right."""
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, HeaderParseError):
        return "invalid address"
    return None if parsed.domain and address.isascii() and not re.search(r"[\s<>]", address) else "invalid address"
