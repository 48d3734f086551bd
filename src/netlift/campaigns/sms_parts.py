"""How many parts a text message has, and in which alphabet it goes.

Sources: 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1 (the alphabet of 7 bits and its extension), TS 23.040, section 9.2.3.24.1 (parts).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # each takes two places: an escape and the character
ALONE = {"GSM-7": 160, "UCS-2": 70}  # places in a message of one part
JOINED = {"GSM-7": 153, "UCS-2": 67}  # places in each part of a longer one, whose header takes the rest


@dataclass(frozen=True, slots=True)
class Parts:
    """The length of one text message."""

    alphabet: Literal["GSM-7", "UCS-2"]
    places: int  # characters as the alphabet counts them
    parts: int  # each is paid for
    because: str  # the first character that is not in GSM-7; "" = all are


def parts_of(text: str) -> Parts:
    """The parts that a text needs; an empty one is sent as one part.

    A character of two places is never cut: where one place is left in a part, it begins the next.
    """
    because = next((character for character in text if character not in BASIC and character not in EXTENSION), "")
    alphabet: Literal["GSM-7", "UCS-2"] = "UCS-2" if because else "GSM-7"
    sizes = [1 + (ord(c) > 0xFFFF) for c in text] if because else [1 + (c in EXTENSION) for c in text]
    places = sum(sizes)
    return Parts(alphabet, places, 1 if places <= ALONE[alphabet] else _joined(sizes, JOINED[alphabet]), because)


def _joined(sizes: Iterable[int], room: int) -> int:
    parts, used = 1, 0
    for size in sizes:
        if used + size > room:
            parts, used = parts + 1, 0
        used += size
    return parts
