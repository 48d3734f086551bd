"""The loop that sends: claim a few messages, hand them over, write down what became of each. The ledger is the truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from netlift.campaigns.channels import BatchChannel, Channel
from netlift.records import Delivery, Progress, Receipt, silent

BATCH = 256  # messages per claim: what a killed process held waits for its lease
PATIENCE = 75.0  # seconds to wait for something to become due; longer than a lease and than the first two back-offs
STEP = 0.5  # seconds between two looks at the ledger while waiting


class Ledger(Protocol):
    """What sending needs of a ledger."""

    def claim(self, size: int) -> Sequence[Delivery]:
        """Up to `size` due messages, held for this process under one token; none when sending was stopped."""

    def committing(self, deliveries: Sequence[Delivery], finished: Sequence[Receipt]) -> frozenset[int]:
        """Write down that these bodies go on the wire now, and the receipts so far; the answer is the numbers of those that may."""

    def record(self, token: str, receipts: Sequence[Receipt]) -> None:
        """Write down what became of messages of a claim."""

    def release(self, token: str) -> None:
        """Give back what was claimed and not tried."""

    def renew(self, token: str) -> None:
        """Hold what was claimed and is not committed yet for longer."""

    def held(self) -> frozenset[str]:
        """The tokens of claims of which messages are being handed over, or are unknown."""

    def next_due(self) -> datetime | None:
        """When something can be claimed again (aware UTC); None = nothing is open."""

    def open_rows(self) -> int:
        """Number of messages that still wait for their end."""


def deliver(ledger: Ledger, channel: Channel, *, patience: float = PATIENCE, progress: Progress = silent) -> datetime | None:
    """Send everything that is due, and what becomes due within `patience` seconds.

    Any number of processes may do this at the same time; each may be killed at any moment.

    Returns:
        When something is due again later than that; None = nothing is open any more, or sending was stopped.
    """
    size = BATCH
    if isinstance(channel, BatchChannel):
        size = channel.batch_size
        for token, receipts in channel.recovered(ledger.held()):
            ledger.record(token, receipts)
    total, done = ledger.open_rows(), 0
    while True:
        batch = ledger.claim(size)
        if batch:
            done += _hand_over(ledger, channel, batch)
            progress(min(1.0, done / total) if total else 1.0, f"{done:,} of {total:,} messages")
            continue
        due = ledger.next_due()
        wait = (due - datetime.now(UTC)).total_seconds() if due else 0.0
        if due is None or wait > patience:
            return due
        progress(min(1.0, done / total) if total else 1.0, f"waiting {max(0.0, wait):.0f} s for messages to become due")
        time.sleep(min(max(wait, 0.05), STEP))


def _hand_over(ledger: Ledger, channel: Channel, batch: Sequence[Delivery]) -> int:
    """Send one claim; the answer is how many messages came to their end."""
    finished: list[Receipt] = []
    token, ended = batch[0].token, 0

    def committing(deliveries: Sequence[Delivery]) -> frozenset[int]:
        closing = tuple(finished)
        finished.clear()
        if deliveries:
            return ledger.committing(deliveries, closing)  # one commit closes the last messages and opens these
        ledger.record(token, closing)
        ledger.renew(token)
        return frozenset()

    try:
        for receipt in channel.send(batch, committing):
            finished.append(receipt)
            ended += receipt.state != "retry"
    finally:
        ledger.record(token, finished)
        ledger.release(token)
    return ended
