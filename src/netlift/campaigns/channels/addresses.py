"""What an address has to look like before anything is handed over, and how it goes over the wire."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address

import idna

ORDINARY = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
MAX_LOCAL, MAX_ADDRESS = 64, 254  # bytes, RFC 5321 section 4.5.3.1
MAX_LABEL = 63  # RFC 1035 section 2.3.4
INVALID = "invalid address"


def email_problem(address: str) -> str | None:
    """Why no mail can be sent to this address; None = it looks right."""
    if ORDINARY.fullmatch(address):
        return _length(address)
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, HeaderParseError):
        return INVALID
    ascii_only = address.isascii() and not re.search(r"[\x00-\x20\x7f<>]", address)
    fits = parsed.domain and all(len(label) <= MAX_LABEL for label in parsed.domain.split("."))
    return _length(address) if ascii_only and fits else INVALID


def on_the_wire(address: str) -> tuple[str, str | None]:
    """The address with its domain in ASCII (IDNA 2008), and why it cannot be written to; None = it looks right.

    A local part beyond ASCII stays: only servers with SMTPUTF8 (RFC 6531) take it.
    """
    if ORDINARY.fullmatch(address):
        return address, _length(address)
    local, at, domain = address.rpartition("@")
    if at and not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return address, INVALID
    if local.isascii():
        return f"{local}@{domain}", email_problem(f"{local}@{domain}")
    if not local.isprintable() or re.search(r"[\s<>@,;:()\"\\\[\]\ud800-\udfff]", local) or local.startswith(".") or ".." in f"{local}.":
        return address, INVALID
    whole = f"{local}@{domain}"
    return whole, email_problem(f"x@{domain}") or _length(whole)


def _length(address: str) -> str | None:
    local = address.rpartition("@")[0].encode()
    return "address too long" if len(local) > MAX_LOCAL or len(address.encode()) > MAX_ADDRESS else None
