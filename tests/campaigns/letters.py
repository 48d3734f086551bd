"""Deliveries, and a ledger in memory, for the tests of sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from netlift.records import Delivery, Message, Receipt
from netlift.settings import ChannelSettings

MESSAGE = Message("Wine", "email", "Shop <news@shop.example>", "A letter for {{ name }}", "Hello {{ name }}\n.dot\n")


def settings(port: int, **more: Any) -> ChannelSettings:
    """A channel on this machine."""
    return ChannelSettings(
        **{"sender": "Shop <news@shop.example>", "port": port, "tls": False, "reply_timeout": 2, "connections": 1, **more}
    )


def delivery(number: int, **changes: Any) -> Delivery:
    """The message with this number."""
    given: dict[str, Any] = {
        "delivery_id": number,
        "token": "t",
        "customer_id": f"c{number}",
        "address": f"c{number}@example.com",
        "fields": {"name": f"Name {number}"},
        "message": MESSAGE,
        "message_id": f"<m{number}@shop.example>",
        "attempts": 0,
    }
    return Delivery(**{**given, **changes})


def every(deliveries: Sequence[Delivery]) -> frozenset[int]:
    """All of them may go."""
    return frozenset(d.delivery_id for d in deliveries)


@dataclass
class Memory:
    """A ledger that remembers what happened, in order."""

    waiting: list[Delivery]
    due: list[datetime | None] = field(default_factory=lambda: [None])
    log: list[str] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    forbidden: set[int] = field(default_factory=set)

    def claim(self, size: int) -> Sequence[Delivery]:
        """The next ones."""
        batch, self.waiting = self.waiting[:size], self.waiting[size:]
        self.log.append(f"claim {len(batch)}")
        return batch

    def committing(self, deliveries: Sequence[Delivery], finished: Sequence[Receipt]) -> frozenset[int]:
        """As told in `forbidden`."""
        self.record(deliveries[0].token, finished)
        self.log.extend(f"committing {d.delivery_id}" for d in deliveries)
        return frozenset(d.delivery_id for d in deliveries) - self.forbidden

    def record(self, token: str, receipts: Sequence[Receipt]) -> None:
        """Remember the states."""
        assert token == "t"
        for receipt in receipts:
            self.log.append(f"{receipt.state} {receipt.delivery_id}")
            self.states[receipt.delivery_id] = receipt.state

    def release(self, token: str) -> None:
        """Remember that it was given back."""
        assert token == "t"
        self.log.append("release")

    def renew(self, token: str) -> None:
        """Remember the sign of life."""
        assert token == "t"
        self.log.append("renew")

    def held(self) -> frozenset[str]:
        """The claim, where something of it is unknown."""
        return frozenset({"t"} if "unknown" in self.states.values() else ())

    def next_due(self) -> datetime | None:
        """The times in `due`, one after the other."""
        return self.due.pop(0)

    def open_rows(self) -> int:
        """How many wait."""
        return len(self.waiting)


def soon(seconds: float) -> datetime:
    """A moment from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
