"""Whole batches through the channel: what the platform has afterwards is what the receipts say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from netlift.campaigns.channels.acoustic import Acoustic
from netlift.campaigns.testing import acoustic as stand_in
from netlift.records import Delivery, Receipt
from tests.campaigns.acoustic.organisations import people, settings
from tests.campaigns.letters import every


def handed_over(server: stand_in.Acoustic, batch: Sequence[Delivery], committing: Any = every, **more: Any) -> list[Receipt]:
    """The receipts of one batch."""
    with closing(Acoustic(settings(server, **more))) as channel:
        return list(channel.send(batch, committing))


def mailed(server: stand_in.Acoustic) -> Counter[str]:
    """Who got how many, when the time of the mailings has come."""
    server.advance(3600)
    return Counter(address for _, address in server.organisation.delivered)


def test_everybody_once(server: stand_in.Acoustic) -> None:
    """Twenty people are accepted and mailed once; columns arrive as they are, and nothing is left on either side's disk."""
    batch = people(20)
    told = handed_over(server, batch)
    (mailing,) = server.organisation.mailings.values()
    assert told == [Receipt(i, "accepted", f"mailing {mailing.mailing_id} ordered") for i in range(20)]
    assert mailed(server) == {f"c{i}@example.com": 1 for i in range(20)}
    (contact, *_) = server.organisation.databases[stand_in.DATABASE].contacts.values()
    assert contact.values == {"EMAIL": "c0@example.com", "CUSTOMER_ID": "c0", "FIRST_NAME": 'Zoë "0", Söhne', "OFFER": "Wine & <meat>"}
    assert (mailing.sender, mailing.visibility) == ("news@shop.example", "1")
    assert mailing.scheduled - datetime.now(UTC) > timedelta(minutes=14)
    assert list((server._root / "upload").iterdir()) == []
