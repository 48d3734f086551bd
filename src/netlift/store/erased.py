"""What stands in place of a person who was erased: a keyed hash, so that counts stay true and nobody is named."""

from __future__ import annotations

from netlift.store import keys

MARK = "erased-"  # how the stand-in of an id begins
REASON = "erased"  # of the exclusion; what was the reason before follows after a colon


def is_pseudonym(customer_id: str) -> bool:
    """Whether this is the stand-in of somebody who was erased.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(customer_id, str):
        raise TypeError(f"an id is text, and this is {type(customer_id).__name__}")
    return customer_id.startswith(MARK) and len(customer_id) == len(MARK) + 64


def pseudonym(customer_id: str, *, key: bytes | None = None) -> str:
    """The stand-in of a customer's id, always the same in one store; of a stand-in: itself."""
    if is_pseudonym(customer_id):
        return customer_id
    return MARK + keys.keyed_hash("customer", customer_id, key=key)


def reason(before: str | None) -> str:
    """The reason of exclusion of an erased person."""
    return REASON if before is None else f"{REASON}: {before}"


def former_reason(now: str | None) -> str | None:
    """The reason that stood there before the person was erased."""
    if now is None or not (now == REASON or now.startswith(f"{REASON}: ")):
        return now
    return now.removeprefix(REASON).removeprefix(": ") or None
