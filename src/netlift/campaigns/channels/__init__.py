"""The ways to reach people. To add one: a file with such a class, and a line in `CHANNELS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from netlift import plugins
from netlift.campaigns.channels.smtp import Smtp
from netlift.records import Delivery, Receipt
from netlift.settings import ChannelSettings


class Channel(Protocol):
    """A connection to whoever carries the messages."""

    address_field: str  # the contact field that holds the address, e.g. "email"

    def problem(self, address: str) -> str | None:
        """Why nothing can be sent to this address; None = it looks right."""

    def open(self) -> None:
        """Connect and sign in. Sending does so by itself where needed.

        Raises:
            NetliftError: nobody answers, or the sign-in is refused.
        """

    def send(self, batch: Sequence[Delivery], committing: Callable[[Sequence[Delivery]], frozenset[int]]) -> Iterator[Receipt]:
        """Hand over messages one by one.

        `committing` is called when the receiver is ready for some bodies, before their first byte is sent, and answers with
        the numbers of those that may go. Where one is missing its claim was lost or the run stopped: it and the rest of the
        batch are not sent and get no receipt.
        """

    def close(self) -> None:
        """End the connection."""


CHANNELS: dict[str, Callable[[ChannelSettings], Channel]] = {"smtp": Smtp}


def open_channel(settings: ChannelSettings) -> Channel:
    """The channel of this kind, not yet connected."""
    return plugins.table("channels", CHANNELS)[settings.kind](settings)
