"""From the approved audience to the rows of the ledger."""

from __future__ import annotations

import functools
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import parseaddr

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from netlift import campaigns
from netlift.errors import Refused
from netlift.records import Audience, Message
from netlift.settings import AnyChannel, channel_settings
from netlift.store import keys, ledger, permission, rates, vault
from netlift.store.models import Run
from netlift.store.set_hash import SetHash
from netlift.workflow import kept, outputs
from netlift.workflow.approval import hash_part

WAVE = 1
BATCH = 2000  # people whose contact data are in memory at the same time


@dataclass(slots=True)
class Filled:
    """What became of the audience, known after the last row: people by reason ("" = get a message), and the approved who get none."""

    why: Counter[str] = field(default_factory=Counter)
    lost: dict[str, str] = field(default_factory=dict)

    def nobody(self, run: Run) -> str:
        """Why nobody can be written to; "" = somebody can."""
        if self.why[""]:
            return ""
        most = (self.why - Counter({"": 0})).most_common(1)
        told = f"the most frequent reason is '{most[0][0]}' ({most[0][1]:,} people)" if most else "its audience is empty"
        return f"Nobody of run {run.pk} can be written to: {told}."


def rows(run: Run, filled: Filled) -> Iterator[ledger.Row]:
    """Everybody of the approved audience, with the reason of those who get no message; written some thousand at a time.

    Whoever an earlier version of the plan reached already keeps the row of then.

    Raises:
        Refused: the audience is not the one that was approved.
    """
    messages, reached_by = messages_of(run), channels(run)
    for message in messages.values():
        campaigns.check(message, reached_by.get(message.channel))
    with closing(_Writer(run, messages)) as writer:
        reached = ledger.reached(run.pk)
        for part in _approved(run):
            for wanted, row in zip(part.contacted(), writer.rows(part), strict=True):
                filled.why[row.reason] += 1
                if wanted and row.reason:
                    filled.lost[row.customer_id] = row.reason
                if row.customer_id not in reached:
                    yield row


def messages_of(run: Run) -> dict[tuple[str, str], Message]:
    """The approved messages by offer and channel."""
    return {(m["offer"], m["channel"]): Message(**m) for m in run.content["messages"]}


def channels(run: Run) -> dict[str, AnyChannel]:
    """The approved settings of each channel that the plan uses.

    Raises:
        Refused: one has none.
    """
    missing = sorted(set(run.content["channels_used"]) - set(run.content["channels"]))
    if missing:
        raise Refused(f"Run {run.pk} uses the channel '{missing[0]}', which has no [channels.{missing[0]}] in netlift.toml.")
    return {name: channel_settings(run.content["channels"][name]) for name in run.content["channels_used"]}


def _approved(run: Run) -> Iterator[Audience]:
    """The approved audience, part by part.

    Raises:
        Refused: it cannot be read, or (told after the last part) it is not the one that was approved.
    """
    path, found = kept.audience_file(run), SetHash()
    parts = outputs.audience_parts(path, BATCH)
    while True:
        try:
            part = next(parts, None)
            if part is None:
                break
            hash_part(part, found)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"The audience of run {run.pk} cannot be read from '{path}'; prepare it again.") from error
        yield part
    if found.hexdigest() != run.content["audience"]["sha256"]:
        raise Refused(f"The audience of run {run.pk} in '{path}' is not the one that was approved; prepare it again.")


class _Writer:
    """Makes the rows of an audience, part by part; of those before it keeps the hashes of their addresses, in a file that goes with it."""

    def __init__(self, run: Run, messages: Mapping[tuple[str, str], Message]) -> None:
        self._run_id, self._messages = run.pk, messages
        self._channels = {name: campaigns.open_channel(settings) for name, settings in channels(run).items()}
        self._key = keys.vault_key()
        self._seen = sqlite3.connect("")  # a database of SQLite's own in a temporary file: a million addresses take no memory
        self._seen.execute("CREATE TABLE seen (mark BLOB PRIMARY KEY) WITHOUT ROWID")
        self._domains = functools.lru_cache(maxsize=50_000)(functools.partial(rates.domain_of, key=self._key))

    def close(self) -> None:
        """Forget the addresses."""
        self._seen.close()

    def rows(self, audience: Audience) -> Iterator[ledger.Row]:
        """The rows of this part of the audience."""
        contacted = audience.contacted()
        wanted = list(audience.customer_ids[contacted])
        contacts = vault.fields(wanted)
        suppressed = {name: _suppressed(name, wanted) for name in self._channels}
        ruled_out = self._ruled_out(audience, contacted, contacts)
        for i in range(len(contacted)):
            customer, name = audience.customer_ids[i], audience.channel[i] or ""
            fields = contacts.get(customer, {})
            channel = self._channels.get(name) if contacted[i] else None
            address = fields.get(channel.address_field, "") if channel else ""
            reason = self._reason(audience, i, address, fields, suppressed) or ruled_out.get(customer, "")
            reason = reason or self._shared(name, address, contacted=contacted[i])
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
        return _obstacle(self._channels[name], address, self._messages.get((audience.offer[i], name)), fields)

    def _ruled_out(self, audience: Audience, contacted: NDArray[np.bool_], contacts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Whom the rules of channels and countries leave out as of now, and why. Who must wait is not among them."""
        found: dict[str, str] = {}
        for name in self._channels:
            ids = list(audience.customer_ids[contacted & (audience.channel == name)])
            for start in range(0, len(ids), vault.CHUNK):
                judged = permission.verdicts(self._run_id, name, ids[start : start + vault.CHUNK], contacts, now=timezone.now())
                found |= {customer: one.words for customer, one in judged.items() if one.kind == "excluded"}
        return found

    def _shared(self, name: str, address: str, *, contacted: bool) -> str:
        """Whether somebody before has the address already."""
        if not contacted:
            return ""
        mark = hashlib.blake2b(f"{name}\x1f{address.lower()}".encode(), digest_size=12, key=self._key[:32]).digest()
        is_new = self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (mark,)).rowcount
        return "" if is_new else "same address as another customer"

    def _message_id(self, audience: Audience, i: int) -> str:
        """Always the same for one person, wave and channel, so that it can be looked for in the receiver's records."""
        channel = audience.channel[i]
        domain = parseaddr(self._messages[audience.offer[i], channel].sender)[1].rpartition("@")[2] or channel  # texts have none
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
    return campaigns.obstacle(message, fields) or channel.problem(address) or ""
