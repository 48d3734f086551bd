"""Whether a campaign goes wrong: shares over the last messages, and the limits above which it is paused."""

from __future__ import annotations

from collections import Counter

from netlift.store import statements

LAST = 200  # messages that are looked at; fewer say nothing yet
TRIED = ("accepted", "delivered", "bounced", "complained", "failed", "retry")
LIMITS = {"errors": 0.10, "bounces": 0.05, "complaints": 0.001, "unsubscribes": 0.02}  # shares of the last messages


def alarm(run_id: int, channel: str) -> str:
    """Why a run must pause, in words; "" = all is well, or too few messages to tell."""
    last = statements.tried(run_id, channel, TRIED, LAST)
    if len(last) < LAST:
        return ""
    states = Counter(state for state, _ in last)
    reached = [customer for state, customer in last if state not in {"failed", "retry", "complained"}]
    found = {
        "errors": states["failed"],
        "bounces": states["bounced"],
        "complaints": states["complained"],
        "unsubscribes": len(statements.suppressed(channel, reached)),  # nobody of them was suppressed when written to
    }
    for name, limit in LIMITS.items():
        if found[name] > limit * LAST:
            return f"{found[name]} {name} among the last {LAST} messages, above the limit of {100 * limit:g} %"
    return ""
