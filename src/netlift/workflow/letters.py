"""preview: a plan's messages as people would get them. send_test: a marked copy to an address of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.db import transaction

from netlift import campaigns
from netlift.errors import InputError, NotFound, Refused
from netlift.records import Message
from netlift.settings import AnyChannel, ChannelSettings, TextSettings
from netlift.store import audit, keys, open_store, people, runs, vault
from netlift.store.models import Run
from netlift.workflow import filling, kept, outputs, run_files
from netlift.workflow.seeds import every

CHUNK = 2000  # people whose contact data are in memory at the same time
MAY_LOOK = ("author", "reviewer", "operator")


def examine(run_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """What keeps a plan's messages from being sent, and who lacks what.

    Returns:
        messages [{offer, channel, fields, problems, remarks}], lacking: number of approved people by reason, and of each channel of
        texts {people by number of parts, cost (None where a price is not known)}.
    """
    run = _opened(run_id, actor)
    channels = filling.channels(run)
    told = [_examined(message, channels[message.channel]) for message in filling.messages_of(run).values()]
    ready = not any(one["problems"] for one in told)
    lengths = {name: _lengths(run, name, one) for name, one in channels.items() if isinstance(one, TextSettings)} if ready else {}
    return {"run_id": run_id, "messages": told, "lacking": dict(_lacking(run)) if ready else {}, "texts": lengths}


def preview(run_id: str, customer_id: str, *, out: Path | None = None, actor: str | None = None) -> dict[str, Any]:
    """The message that one person of the plan would get.

    Args:
        run_id: the run.
        customer_id: somebody of its audience.
        out: a file for it: .eml (the mail), .html, or .txt.
        actor: who looks; it is kept in the audit trail, with the customer's keyed hash.

    Returns:
        offer, channel, address (masked), subject, text, html, excluded (why this person gets nothing, or None), out.

    Raises:
        NotFound: the plan does not have the customer.
        InputError: the message cannot be written for this person, or the file not be made.
    """
    run = _opened(run_id, actor)
    row = run_files.of_list(kept.audience_file(run), customer_id)
    if row is None:
        raise NotFound(f"Run {run_id} has no such customer; give an id of its audience.")
    message = filling.messages_of(run).get((row["offer"], row["channel"]))
    if message is None:
        raise InputError(f"This customer of run {run_id} gets no message: {row['excluded_reason'] or row['arm']}.")
    with transaction.atomic():
        audit.record("preview", actor=people.acting(actor), run_id=run.pk, details={"customer": keys.keyed_hash("customer", customer_id)})
    settings = filling.channels(run)[message.channel]
    fields = vault.fields([customer_id]).get(customer_id, {})
    address = fields.get(campaigns.open_channel(settings).address_field, "")
    if not address:
        raise InputError(f"This customer of run {run_id} has no address for {message.channel}, and so gets no message.")
    try:
        seen = campaigns.preview(message, settings, address=address, fields=fields)
    except campaigns.CannotWrite as error:
        raise InputError(f"The message of run {run_id} cannot be written for this customer: {error}.") from error
    if out is not None:
        _write(out, seen)
    return {
        "offer": message.offer,
        "channel": message.channel,
        "address": masked(address),
        "subject": seen.subject,
        "text": seen.text,
        "html": seen.html,
        "excluded": row["excluded_reason"],
        "out": out,
    }


def send_test(run_id: str, to: str, *, actor: str | None = None) -> dict[str, Any]:
    """Send a copy of every message of a plan by e-mail to an address of one's own, whatever state the plan is in.

    The subject is marked, and fields show their names: no customer's data are in it.

    Raises:
        Refused: the address is neither in the sender's domain nor in test_recipients of the channel.
        InputError: the plan has no message by e-mail, a message has mistakes, or the mail server does not answer.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, ("author", "operator"), "send test messages")
    run = runs.get(run_id)
    by_mail = {n: s for n, s in filling.channels(run).items() if isinstance(s, ChannelSettings)}
    messages = [message for message in filling.messages_of(run).values() if message.channel in by_mail]
    if not messages:
        raise InputError(f"Run {run_id} has no message by e-mail, so there is nothing to test.")
    for message in messages:
        settings = by_mail[message.channel]
        campaigns.check(message, settings)
        if not _is_own(to, message, settings):
            raise Refused(
                f"{masked(to)} is neither in the domain of '{message.sender}' nor in test_recipients of [channels.{message.channel}]; "
                "test messages go nowhere else."
            )
    states: Counter[str] = Counter()
    for channel_name, settings in by_mail.items():
        copies = [campaigns.trial_copy(message, to) for message in messages if message.channel == channel_name]
        with closing(campaigns.open_channel(settings)) as channel:
            states.update(f"{r.state}: {r.reason}" if r.state != "accepted" else r.state for r in channel.send(copies, every))
    with transaction.atomic():
        details = {"to": vault.email_hash(to), "messages": len(messages), "accepted": states["accepted"]}
        audit.record("test send", actor=name, run_id=run.pk, details=details)
    return {"run_id": run_id, "to": masked(to), "messages": len(messages), "states": dict(states)}


def masked(address: str) -> str:
    """An address as it may be shown: the first letter and the domain."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}"


def _opened(run_id: str, actor: str | None) -> Run:
    open_store()
    people.require(people.acting(actor), MAY_LOOK, "look at messages")
    return runs.get(run_id)


def _examined(message: Message, settings: AnyChannel) -> dict[str, Any]:
    return {
        "offer": message.offer,
        "channel": message.channel,
        "fields": list(campaigns.names(message)),
        "problems": list(campaigns.lint(message, settings)),
        "remarks": list(campaigns.remarks(message, settings)),
    }


def _lacking(run: Run) -> Counter[str]:
    """Number of people who are to be written to and for whom the message cannot be written, by reason."""
    messages, found = filling.messages_of(run), Counter[str]()
    for customers in _chunks(run):
        contacts = vault.fields([customer for customer, _, _ in customers])
        found.update(campaigns.obstacle(messages[offer, channel], contacts.get(customer, {})) for customer, offer, channel in customers)
    del found[""]
    return found


def _lengths(run: Run, channel: str, settings: TextSettings) -> dict[str, Any]:
    """How many people's texts have how many parts, and what they cost together."""
    messages, people_by_parts, cost = filling.messages_of(run), Counter[int](), Decimal(0)
    for customers in _chunks(run):
        contacts = vault.fields([customer for customer, _, name in customers if name == channel])
        for customer, offer, name in customers:
            fields = contacts.get(customer, {})
            number = campaigns.e164(fields.get("phone", ""), settings.country)
            if name != channel or number is None or campaigns.obstacle(messages[offer, name], fields):
                continue
            parts = campaigns.parts_of(campaigns.write(messages[offer, name], fields).text).parts
            people_by_parts[parts] += 1
            cost += parts * Decimal(str(settings.price_to(campaigns.region(number)) or "NaN"))
    return {"parts": dict(sorted(people_by_parts.items())), "cost": None if cost.is_nan() else float(cost)}


def _chunks(run: Run) -> Iterator[list[tuple[str, str, str]]]:
    audience = outputs.read_audience(kept.audience_file(run))
    wanted = audience.contacted().nonzero()[0]
    for first in range(0, len(wanted), CHUNK):
        yield [(audience.customer_ids[i], audience.offer[i], audience.channel[i]) for i in wanted[first : first + CHUNK]]


def _is_own(address: str, message: Message, settings: ChannelSettings) -> bool:
    domain = address.rpartition("@")[2].lower()
    own = parseaddr(message.sender)[1].rpartition("@")[2].lower()
    allowed = {one.lower() for one in settings.test_recipients} | {f"@{own}"}
    return not campaigns.open_channel(settings).problem(address) and not allowed.isdisjoint((address.lower(), f"@{domain}"))


def _write(out: Path, seen: campaigns.Preview) -> None:
    content = {".eml": seen.raw, ".html": seen.html.encode(), ".txt": seen.text.encode()}.get(out.suffix)
    if not content:
        raise InputError(f"'{out}' cannot be written: the file ends with .eml, .html or .txt, and the message must have that part.")
    try:
        out.touch(mode=0o600)
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"'{out}' cannot be written: {error.strerror}; name another file.") from error
