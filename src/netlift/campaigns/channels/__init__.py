"""The ways to reach people. To add one: a file with such a class, and a line in `CHANNELS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from netlift import plugins
from netlift.campaigns.channels.smtp import Smtp
from netlift.errors import MissingExtra
from netlift.records import Delivery, Receipt
from netlift.settings import AnyChannel

OPTED_OUT = "this person told the provider to stop"  # the reason of a receipt: whoever it is about is suppressed


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


@runtime_checkable
class BatchChannel(Channel, Protocol):
    """A channel that hands over whole batches, which takes minutes.

    While it works, it calls `committing(())` as a sign of life. `committing` with people is called just before what cannot be
    taken back; where one number is missing, nobody of the batch is sent to.
    """

    batch_size: int  # most messages of one claim

    def recovered(self, tokens: frozenset[str]) -> Iterator[tuple[str, Sequence[Receipt]]]:
        """What became of claims, named by token, whose process ended while they were committed, as far as it can be told."""


def _acoustic(settings: Any) -> Channel:  # noqa: ANN401 - the section of its kind
    try:
        from netlift.campaigns.channels.acoustic import Acoustic  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtra("acoustic", "The channel acoustic (packages asyncssh and httpx)") from error
    return Acoustic(settings)


def _texts(settings: Any) -> Channel:  # noqa: ANN401 - the section of its kind
    try:
        from netlift.campaigns.channels import texts  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtra("sms", "A channel of text messages (package httpx)") from error
    return texts.twilio(settings) if settings.kind == "twilio" else texts.kannel(settings)


CHANNELS: dict[str, Callable[[Any], Channel]] = {"acoustic": _acoustic, "kannel": _texts, "smtp": Smtp, "twilio": _texts}


def open_channel(settings: AnyChannel) -> Channel:
    """The channel of this kind, not yet connected."""
    return plugins.table("channels", CHANNELS)[settings.kind](settings)
