"""From the approved audience to the rows of the ledger."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from pathlib import Path

from netlift import campaigns
from netlift.errors import Refused
from netlift.records import Audience, Message
from netlift.settings import ChannelSettings
from netlift.store import keys, ledger, rates, vault
from netlift.store.models import Run
from netlift.workflow import outputs
from netlift.workflow.approval import hash_part

WAVE = 1
BATCH = 2000  # people whose contact data are in memory at the same time


def rows(run: Run) -> Iterator[ledger.Row]:
    """Everybody of the approved audience, with the reason of those who get no message; written some thousand at a time.

    Raises:
        Refused: the audience is not the one that was approved, or nobody of it can be written to (told after the last row).
    """
    messages, why = messages_of(run), Counter[str]()
    for message in messages.values():
        campaigns.check(message)
    writer = _Writer(run, messages)
    for part in _approved(run):
        for row in writer.rows(part):
            why[row.reason] += 1
            yield row
    if not why[""]:
        most = why.most_common(1)
        told = f"the most frequent reason is '{most[0][0]}' ({most[0][1]:,} people)" if most and most[0][1] else "its audience is empty"
        raise Refused(f"Nobody of run {run.pk} can be written to: {told}.")


def messages_of(run: Run) -> dict[tuple[str, str], Message]:
    """The approved messages by offer and channel."""
    return {(m["offer"], m["channel"]): Message(**m) for m in run.content["messages"]}


def channels(run: Run) -> dict[str, ChannelSettings]:
    """The approved settings of each channel that the plan uses.

    Raises:
        Refused: one has none.
    """
    missing = sorted(set(run.content["channels_used"]) - set(run.content["channels"]))
    if missing:
        raise Refused(f"Run {run.pk} uses the channel '{missing[0]}', which has no [channels.{missing[0]}] in netlift.toml.")
    return {name: ChannelSettings.model_validate(run.content["channels"][name]) for name in run.content["channels_used"]}


def _approved(run: Run) -> Iterator[Audience]:
    """The approved audience, part by part.

    Raises:
        Refused: it cannot be read, or (told after the last part) it is not the one that was approved.
    """
    path, sha = Path(run.folder) / "audience.parquet", hashlib.sha256()
    parts = outputs.audience_by_id(path, BATCH)
    while True:
        try:
            part = next(parts, None)
            if part is None:
                break
            hash_part(part, sha)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"The audience of run {run.pk} cannot be read from '{path}'; prepare it again.") from error
        yield part
    if sha.hexdigest() != run.content["audience"]["sha256"]:
        raise Refused(f"The audience of run {run.pk} in '{path}' is not the one that was approved; prepare it again.")


class _Writer:
    """Makes the rows of an audience, batch by batch; it remembers of those before only the hashes of their addresses."""

    def __init__(self, run: Run, messages: Mapping[tuple[str, str], Message]) -> None:
        self._run_id, self._messages = run.pk, messages
        self._channels = {name: campaigns.open_channel(settings) for name, settings in channels(run).items()}
        self._key = keys.vault_key()
        self._seen: set[bytes] = set()
        self._domains = functools.lru_cache(maxsize=50_000)(functools.partial(rates.domain_of, key=self._key))

    def rows(self, audience: Audience) -> Iterator[ledger.Row]:
        """The rows of this part of the audience."""
        contacted = audience.contacted()
        wanted = list(audience.customer_ids[contacted])
        contacts = vault.fields(wanted)
        suppressed = {name: _suppressed(name, wanted) for name in self._channels}
        for i in range(len(contacted)):
            customer, name = audience.customer_ids[i], audience.channel[i] or ""
            fields = contacts.get(customer, {})
            channel = self._channels.get(name) if contacted[i] else None
            address = fields.get(channel.address_field, "") if channel else ""
            reason = self._reason(audience, i, address, fields, suppressed)
            yield ledger.Row(
                customer_id=customer,
                channel=name,
                offer=audience.offer[i] or "",
                arm=audience.arm[i] or "",
                reason=reason,
                message_id="" if reason else self._message_id(audience, i),
                domain="" if reason else self._domains("@" + address.rpartition("@")[2] if "@" in address else ""),
            )

    def _reason(self, audience: Audience, i: int, address: str, fields: Mapping[str, str], suppressed: Mapping[str, frozenset[str]]) -> str:
        """Why a person gets no message; "" = gets one."""
        if audience.excluded_reason[i] is not None or audience.arm[i] == "holdout":
            return audience.excluded_reason[i] or "holdout"
        name = audience.channel[i]
        if name not in self._channels:  # the audience is not the approved one, as its hash will tell
            return "no such channel"
        if audience.customer_ids[i] in suppressed[name]:
            return "suppressed"
        if reason := _obstacle(self._channels[name], address, self._messages.get((audience.offer[i], name)), fields):
            return reason
        mark = hashlib.blake2b(f"{name}\x1f{address.lower()}".encode(), digest_size=12, key=self._key[:32]).digest()
        if mark in self._seen:
            return "same address as another customer"
        self._seen.add(mark)
        return ""

    def _message_id(self, audience: Audience, i: int) -> str:
        """Always the same for one person, wave and channel, so that it can be looked for in the receiver's records."""
        channel = audience.channel[i]
        domain = parseaddr(self._messages[audience.offer[i], channel].sender)[1].rpartition("@")[2]
        return (
            f"<{keys.keyed_hash('message', str(self._run_id), str(WAVE), audience.customer_ids[i], channel, key=self._key)[:32]}@{domain}>"
        )


def _suppressed(channel: str, customer_ids: list[str]) -> frozenset[str]:
    chunks = (customer_ids[i : i + vault.CHUNK] for i in range(0, len(customer_ids), vault.CHUNK))
    return frozenset().union(*(vault.suppressed(channel, chunk) for chunk in chunks))


def _obstacle(channel: campaigns.Channel, address: str, message: Message | None, fields: Mapping[str, str]) -> str:
    if message is None:
        return "no message for this offer and channel"
    if not address:
        return "no address"
    try:
        campaigns.write(message, fields)
    except campaigns.CannotWrite as error:
        return str(error)
    return channel.problem(address) or ""
