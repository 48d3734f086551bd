"""Signed tokens in links and return addresses: nobody can make one, and none tells who is meant.

A token is its payload and a MAC of it: HMAC-SHA-256 (RFC 2104) under a key of its own for every purpose, cut to 16 bytes in links
and 12 in addresses. It holds numbers and keyed hashes, never contact data or an id, and does not expire. The newest of the vault's
keys signs and any of them verifies, so a renewed key breaks no link that was sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from netlift.store import keys

LINK_MAC, ADDRESS_MAC = 16, 12  # bytes
NUMBER = struct.Struct(">Q")
LONGEST = 200  # characters


@dataclass(frozen=True, slots=True)
class OptOut:
    """Whom an unsubscribe link takes off. It stands by itself: it works when the row, the run or the person is gone."""

    delivery_id: int
    customer_hash: str  # as the vault has it
    channel: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a tracked link or picture stands for; link 0 = the picture, or the hidden link that no person sees."""

    delivery_id: int
    link_id: int


def opt_out(meant: OptOut, *, by: Sequence[bytes] | None = None) -> str:
    """The token of an unsubscribe link.

    Args:
        meant: whom it takes off.
        by: `keys.vault_keys()`, for who makes many and does not want them read each time.
    """
    payload = NUMBER.pack(meant.delivery_id) + bytes.fromhex(meant.customer_hash) + meant.channel.encode()
    return _link("unsubscribe", payload, by)


def read_opt_out(token: str, *, by: Sequence[bytes] | None = None) -> OptOut | None:
    """Whom an unsubscribe link takes off; None where netlift did not make it."""
    payload = _read_link("unsubscribe", token, by)
    if payload is None:
        return None
    return OptOut(NUMBER.unpack(payload[:8])[0], payload[8:40].hex(), payload[40:].decode())


def tracked(purpose: str, meant: Tracked, *, by: Sequence[bytes] | None = None) -> str:
    """The token of a link ("click"), of the hidden link ("trap") or of the picture ("open")."""
    return _link(purpose, NUMBER.pack(meant.delivery_id) + NUMBER.pack(meant.link_id), by)


def read_tracked(purpose: str, token: str, *, by: Sequence[bytes] | None = None) -> Tracked | None:
    """What it stands for; None where netlift did not make it for this purpose."""
    payload = _read_link(purpose, token, by)
    return None if payload is None else Tracked(NUMBER.unpack(payload[:8])[0], NUMBER.unpack(payload[8:])[0])


def return_path(delivery_id: int, *, by: Sequence[bytes] | None = None) -> str:
    """The token of a return address (VERP): 32 letters and digits without capitals, which some servers change."""
    payload = NUMBER.pack(delivery_id)
    signed = payload + _mac(_signing(by), "return path", payload, ADDRESS_MAC)
    return base64.b32encode(signed).decode().lower()


def read_return_path(token: str, *, by: Sequence[bytes] | None = None) -> int | None:
    """The number of the delivery that went out with this return address; None where netlift did not make it."""
    try:
        signed = base64.b32decode(token.upper().encode("ascii"))
    except (ValueError, UnicodeEncodeError):
        return None
    if len(signed) != NUMBER.size + ADDRESS_MAC or not _is_signed("return path", signed, ADDRESS_MAC, by):
        return None
    return int(NUMBER.unpack(signed[:8])[0])


def answers(channel: str) -> str:
    """The token of the address at which a provider tells what people answer on a channel."""
    return _link("answers", channel.encode(), None)


def are_answers(channel: str, token: str) -> bool:
    """Whether netlift made it for this channel."""
    return _read_link("answers", token, None) == channel.encode()


def _link(purpose: str, payload: bytes, by: Sequence[bytes] | None) -> str:
    return _text(payload + _mac(_signing(by), purpose, payload, LINK_MAC))


def _read_link(purpose: str, token: str, by: Sequence[bytes] | None) -> bytes | None:
    if len(token) > LONGEST:
        return None
    try:
        signed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, UnicodeEncodeError):
        return None
    if _text(signed) != token:  # base64 has several spellings of the same bytes; one of them is ours
        return None
    return signed[:-LINK_MAC] if _is_signed(purpose, signed, LINK_MAC, by) else None


def _is_signed(purpose: str, signed: bytes, length: int, by: Sequence[bytes] | None) -> bool:
    """Whether any key made the MAC; every key is tried in constant time, whichever fits."""
    payload, mac = signed[:-length], signed[-length:]
    fits = [hmac.compare_digest(_mac(key, purpose, payload, length), mac) for key in (keys.vault_keys() if by is None else by)]
    return any(fits)


def _signing(by: Sequence[bytes] | None) -> bytes:
    return (keys.vault_keys() if by is None else by)[0]


def _mac(key: bytes, purpose: str, payload: bytes, length: int) -> bytes:
    return hmac.digest(_derived(key, purpose), payload, "sha256")[:length]


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, f"token of {purpose}".encode(), hashlib.sha256)


def _text(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
