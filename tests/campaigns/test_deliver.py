from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import pytest

from netlift.campaigns import deliver
from netlift.errors import InputError
from netlift.records import Delivery, Receipt
from tests.campaigns.letters import Memory, delivery, soon

State = Literal["accepted", "retry", "failed", "unknown"]


class Willing:
    """A channel that takes everything; what is in `answers` gets another answer."""

    address_field = "email"

    def __init__(self, answers: dict[int, State] | None = None, breaks_at: int | None = None) -> None:
        self.answers, self.breaks_at = answers or {}, breaks_at
        self.sent: list[int] = []

    def problem(self, address: str) -> str | None:
        return None if address else "no address"

    def open(self) -> None:
        """Nothing to do."""

    def send(self, batch: Sequence[Delivery], committing: Callable[[Sequence[Delivery]], frozenset[int]]) -> Iterator[Receipt]:
        for one in batch:
            if one.delivery_id == self.breaks_at:
                raise InputError("No mail server answers.")
            if not committing([one]):
                return
            self.sent.append(one.delivery_id)
            yield Receipt(one.delivery_id, self.answers.get(one.delivery_id, "accepted"), "")

    def close(self) -> None:
        """Nothing to do."""


def test_everything_is_sent_in_claims() -> None:
    """Two claims of 256 and one of 2, each message written down with the next one's beginning."""
    ledger, channel = Memory([delivery(i) for i in range(514)]), Willing()
    assert deliver(ledger, channel) is None
    assert channel.sent == list(range(514))
    assert set(ledger.states.values()) == {"accepted"}
    assert [step for step in ledger.log if step.startswith("claim")] == ["claim 256", "claim 256", "claim 2", "claim 0"]
    assert ledger.log[1:5] == ["committing 0", "accepted 0", "committing 1", "accepted 1"]
    assert ledger.log[512:514] == ["accepted 255", "release"]


def test_what_may_not_be_committed_is_not_sent() -> None:
    """A lost claim or a stop between claim and body keeps the message and the rest of the claim back."""
    ledger, channel = Memory([delivery(i) for i in range(258)], forbidden={1}), Willing()
    deliver(ledger, channel)
    assert channel.sent == [0, 256, 257]
    assert ledger.log[:5] == ["claim 256", "committing 0", "accepted 0", "committing 1", "release"]


def test_broken_channel_gives_the_rest_back() -> None:
    """When the server goes away, what was sent is written down, the rest is given back, and the error goes up."""
    ledger, channel = Memory([delivery(i) for i in range(6)]), Willing(breaks_at=3)
    with pytest.raises(InputError, match="No mail server"):
        deliver(ledger, channel)
    assert ledger.states == dict.fromkeys((0, 1, 2), "accepted")
    assert ledger.log[-2:] == ["accepted 2", "release"]


def test_waits_for_what_is_due_soon_and_not_for_what_is_due_late() -> None:
    """It comes back for a second attempt that is due soon; a later one is left to the worker."""
    late = soon(3600)
    ledger = Memory([], due=[soon(0.1), soon(0.05), late])
    assert deliver(ledger, Willing(), patience=5) == late
    assert ledger.log == ["claim 0"] * 3


def test_progress_counts_messages_that_came_to_their_end() -> None:
    """A message that waits for another attempt is not done."""
    told: list[tuple[float, str]] = []
    ledger, channel = Memory([delivery(i) for i in range(258)]), Willing({0: "retry"})
    deliver(ledger, channel, progress=lambda share, doing: told.append((share, doing)))
    assert told == [(255 / 258, "255 of 258 messages"), (257 / 258, "257 of 258 messages")]
