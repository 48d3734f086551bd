"""What comes back about messages: reading the mailbox of returned mail, and what each report does to row and person.

| told | row | person |
|---|---|---|
| delivered | delivered | |
| delayed | stays | |
| failed, 5.1.x | bounced | the address is suppressed on the channel, where the report names the one in the vault |
| failed, else | bounced | |
| complaint | complained | suppressed on every channel |
| opt-out | stays | suppressed on the channel |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

from django.db import transaction

from netlift import campaigns
from netlift.campaigns import bounces
from netlift.errors import SettingsError
from netlift.records import Returned
from netlift.settings import Settings, given
from netlift.store import audit, feedback, keys, ledger, open_store, people, vault
from netlift.store.models import Delivery

Outcome = Literal["applied", "known", "automatic", "unknown"]
Source = Literal["mailbox", "webhook"]
Item = TypeVar("Item")

BATCH = 50  # mails per transaction
STATES: dict[str, Literal["delivered", "bounced", "complained"]] = {
    "delivered": "delivered",
    "hard bounce": "bounced",
    "soft bounce": "bounced",
    "complaint": "complained",
}
OF_SENDER = ("5.1.7", "5.1.8")  # RFC 3463: these two of 5.1.x blame the sender's address
ADDRESS = "email"  # the contact field that returned mail is about


def read_inbox(config: Settings | Path | str, *, actor: str | None = None) -> dict[str, Any]:
    """Read the mailbox of [inbox]: what reports say is written down, then they are taken out; all else stays in it.

    Killed at any moment it loses nothing: a report that was written down and is read again changes nothing.

    Args:
        config: netlift.toml.
        actor: an operator; None = the user of the command line.

    Returns:
        mails, applied, known (written down before), automatic and unknown (left in the mailbox), kinds (events by kind).

    Raises:
        SettingsError: there is no [inbox], or the sign-in is refused.
        Refused: no operator.
        InputError: the mailbox cannot be reached.
    """
    settings = given(config)
    open_store()
    name = people.acting(actor)
    people.require(name, "operator", "read the mailbox of returned mail")
    if settings.inbox is None:
        raise SettingsError("netlift.toml has no [inbox]; add it to say where returned mail comes to.")
    outcomes, kinds = Counter[str](), Counter[str]()
    with closing(campaigns.open_mailbox(settings.inbox, settings.folder)) as mailbox:
        for letters in _batches(mailbox.letters()):
            mails = [(letter.key, bounces.read(letter.raw)) for letter in letters]
            with transaction.atomic():
                found = [(key, take(mail, source="mailbox", kinds=kinds)) for key, mail in mails]
                told = Counter(outcome for _, outcome in found)
                if told["applied"]:
                    audit.record("returned mail", actor=name, details={"applied": told["applied"], "source": "mailbox"})
            mailbox.remove([key for key, outcome in found if outcome in {"applied", "known"}])
            outcomes += told
    return {"mails": outcomes.total(), **{k: outcomes[k] for k in ("applied", "known", "automatic", "unknown")}, "kinds": dict(kinds)}


def take(mail: bounces.Mail, *, source: Source, kinds: Counter[str]) -> Outcome:
    """Apply what a mail says, in the caller's transaction; `kinds` counts the events."""
    if mail.kind == "automatic":
        return "automatic"
    row = next((found for one in mail.returned if (found := feedback.row_of(one))), None)
    if row is None:
        return "unknown"
    told = _about(row, mail.returned)
    if not apply(row, told, source=source, parts=(mail.identity,)):
        return "known"
    kinds[told.kind] += 1
    return "applied"


def apply(row: Delivery, told: Returned, *, source: Source, parts: Sequence[str]) -> bool:
    """Do to row and person what was told of a message; False where it was heard before. Call it in a transaction."""
    person = feedback.customer_subject(row.customer_id)
    heard = feedback.Heard(
        parts=(*parts, str(row.pk), told.status),
        kind=told.kind,
        run=row.run_id,
        channel=row.channel,
        subject=person,
        source=source,
        detail=told.status,
        evidence={"report": keys.keyed_hash("report", *parts)},
    )
    if not feedback.note(heard):
        return False
    if told.kind in STATES:
        feedback.settle(row.pk, STATES[told.kind], f"{told.kind} {told.status}".strip())
    if told.kind == "complaint":
        _take_off(row.customer_id, person, reason=f"complaint ({told.status or 'no type'}), run {row.run_id}", channel="")
    elif told.kind == "opt-out":
        _take_off(row.customer_id, person, reason=f"opt-out told by the provider, run {row.run_id}", channel=row.channel)
    elif told.kind == "hard bounce" and told.status.startswith("5.1.") and told.status not in OF_SENDER:
        _give_up_address(row, told)
    return True


def _take_off(customer_id: str, person: str, *, reason: str, channel: str) -> None:
    vault.suppress_hash(person, reason=reason, actor=people.RESERVED, channel=channel)
    ledger.cancel_of({customer_id, *vault.same_address(customer_id)}, reason="suppressed after the approval", channel=channel)


def _give_up_address(row: Delivery, told: Returned) -> None:
    """No more mail to an address that does not exist: the one in the vault, and only if it is the one that came back."""
    address = _address(row)
    if not address or address not in told.recipients:
        return
    reason = f"the address does not exist ({told.status}), run {row.run_id}"
    vault.suppress_address(email=address, reason=reason, actor=people.RESERVED, channel=row.channel)
    ledger.cancel_of(vault.of_address(address, None), reason="suppressed after the approval", channel=row.channel)


def _about(row: Delivery, returned: Sequence[Returned]) -> Returned:
    """Of a report on several recipients, as of a list, what it says of this one; only noted where it does not tell."""
    if len(returned) == 1:
        return returned[0]
    address = _address(row)
    mine = [one for one in returned if address and address in one.recipients]
    if len(mine) == 1 or len({(one.kind, one.status) for one in returned}) == 1:
        return (mine or returned)[0]
    return Returned("other", "", (), returned[0].tokens, returned[0].message_id)


def _address(row: Delivery) -> str:
    return vault.fields([row.customer_id]).get(row.customer_id, {}).get(ADDRESS, "").lower()


def _batches(letters: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(letters)
    while batch := list(islice(iterator, BATCH)):
        yield batch
