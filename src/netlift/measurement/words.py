"""How figures are written in sentences."""

from __future__ import annotations

import re


def percent(share: float, decimals: int = 1) -> str:
    """A share as a percentage without its sign: 0.414 -> 41.4 %."""
    return f"{abs(share) * 100:.{decimals}f} %"


def signed(share: float) -> str:
    """A share as a percentage with its sign: −5.7 %."""
    text = percent(share)
    return text if text == "0.0 %" else f"{'−' if share < 0 else '+'}{text}"


def interval(low: float, high: float) -> str:
    """An interval of shares: [−7.9 %, −3.4 %]."""
    return f"[{signed(low)}, {signed(high)}]"


def natural(name: str) -> list[tuple[int, str]]:
    """Sorting key by which campaign 2 comes before campaign 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def overlapping(share: float) -> tuple[str, ...]:
    """That on a share of the campaign days another campaign ran too; nothing where none did."""
    return (f"On {percent(share, 0)} of the campaign days another campaign ran as well: its effect is in the figure.",) if share > 0 else ()
