"""The vault: how customers are reached, encrypted, and who must not be contacted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from cryptography.fernet import InvalidToken, MultiFernet
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from netlift.errors import SettingsError
from netlift.store import audit, erased, keys
from netlift.store.models import Contact, Suppression

Row = TypeVar("Row")
Person = Mapping[str, str | None]  # customer_id, and email and phone where they are known

CHUNK = 500  # rows per statement, below SQLite's limit of variables


def put(rows: Iterable[Mapping[str, str | None]]) -> int:
    """Keep contact data; a customer who is there already is replaced. The answer is the number of rows.

    Args:
        rows: customer_id, email, phone and any further text fields; empty and missing ones are left out.
    """
    key, box, count = keys.vault_key(), keys.box(), 0
    with transaction.atomic():
        for chunk in _chunks(rows):
            contacts = [_sealed(key, box, row) for row in chunk]
            Contact.objects.bulk_create(
                contacts,
                update_conflicts=True,
                unique_fields=["customer_id"],
                update_fields=["customer_hash", "email_hash", "phone_hash", "blob", "changed_at"],
            )
            count += len(contacts)
    return count


def fields(customer_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The contact data of these customers, by customer id; who is not in the vault is not in the answer.

    Raises:
        SettingsError: the vault was written with another key.
    """
    box = keys.box()
    found: dict[str, dict[str, str]] = {}
    for chunk in _chunks(customer_ids):
        for customer_id, blob in Contact.objects.filter(customer_id__in=chunk).values_list("customer_id", "blob"):
            found[customer_id] = _opened(box, bytes(blob))
    return found


def suppress(customer_id: str, *, reason: str, actor: str, channel: str = "") -> None:
    """Never contact this customer again, on one channel or (channel = "") on any; the addresses known now are included.

    On any channel it is an objection to direct marketing, which ends profiling as well (`objecting`). The audit trail tells of
    it by the customer's keyed hash only.
    """
    suppress_hash(keys.keyed_hash("customer", customer_id), reason=reason, actor=actor, channel=channel)


def suppress_hash(customer: str, *, reason: str, actor: str, channel: str = "") -> None:
    """The same for the customer with this keyed hash, who may be in the vault or not."""
    with transaction.atomic():
        contact = Contact.objects.filter(customer_hash=customer).first()
        hashes = [customer, *((contact.email_hash, contact.phone_hash) if contact else ())]
        _suppress(hashes, reason=reason, channel=channel)
        audit.record("suppress", actor=actor, details={"customer": customer, "channel": channel, "reason": reason})


def suppress_address(*, email: str | None = None, phone: str | None = None, reason: str, actor: str, channel: str = "") -> None:
    """The same for whoever has an address or a number, in the vault or not: only keyed hashes of them are kept."""
    hashes = [one for one in (email_hash(email), phone_hash(phone)) if one]
    with transaction.atomic():
        _suppress(hashes, reason=reason, channel=channel)
        audit.record("suppress", actor=actor, details={"addresses": hashes, "channel": channel, "reason": reason})


def objectors(people: Iterable[Person], *, reason: str | None = None) -> list[Person]:
    """Those of these people who must be left out of profiling: they, or whoever has their address, objected on every channel.

    Args:
        people: rows with customer_id and, where known, email and phone, from anywhere: they need not be in the vault.
        reason: those alone who are suppressed for this reason.
    """
    every = Suppression.objects.filter(channel="")
    in_force = frozenset((every if reason is None else every.filter(reason=reason)).values_list("hash", flat=True))
    if not in_force:
        return []
    key = keys.vault_key()
    return [row for row in people if not in_force.isdisjoint(_hashes(row, key))]


def objecting(people: Iterable[Person]) -> frozenset[str]:
    """Their ids."""
    return frozenset(str(row["customer_id"]) for row in objectors(people))


def any_objection() -> bool:
    """Whether anybody objected on every channel."""
    return Suppression.objects.filter(channel="").exists()


def reencrypt() -> int:
    """Encrypt all contact data with the newest key; the answer is the number of people. Call it in the transaction of the act."""
    box, count = keys.box(), 0
    for chunk in _chunks(Contact.objects.order_by("pk").iterator(CHUNK)):
        for contact in chunk:
            _opened(box, bytes(contact.blob))  # with a sentence where none of the keys fits
            contact.blob = box.rotate(bytes(contact.blob))
        count += Contact.objects.bulk_update(chunk, ["blob"])
    return count


def forget(customer_id: str) -> bool:
    """Delete a customer's contact data; whether there were any. Call it in the transaction of the act."""
    return bool(Contact.objects.filter(customer_id=customer_id).delete()[0])


def same_address(customer_id: str) -> list[str]:
    """Ids of the customers in the vault who have the e-mail address or the number of this one, itself left out."""
    contact = Contact.objects.filter(customer_id=customer_id).first()
    if contact is None:
        return []
    same = Q(email_hash=contact.email_hash or None) | Q(phone_hash=contact.phone_hash or None)
    return list(Contact.objects.filter(same).exclude(pk=contact.pk).order_by("pk").values_list("customer_id", flat=True))


def of_hash(customer: str) -> str | None:
    """The id of the customer in the vault with this keyed hash; None where nobody has it."""
    return Contact.objects.filter(customer_hash=customer).values_list("customer_id", flat=True).first()


def is_suppressed(customer: str, channel: str) -> bool:
    """Whether whoever has this keyed hash, and the addresses known now, are suppressed on a channel ("" = on all)."""
    contact = Contact.objects.filter(customer_hash=customer).first()
    hashes = {customer, *filter(None, (contact.email_hash, contact.phone_hash) if contact else ())}
    found = Suppression.objects.filter(hash__in=hashes, channel__in={"", channel}).values_list("hash", flat=True)
    return hashes == set(found)


def is_listed(address_hash: str, channel: str) -> bool:
    """Whether this hash of an address or number is suppressed on a channel, or on all."""
    return Suppression.objects.filter(hash=address_hash, channel__in={"", channel}).exists()


def of_address(email: str | None, phone: str | None) -> list[str]:
    """Ids of the customers in the vault who have this e-mail address or number."""
    same = Q(email_hash=email_hash(email) or None) | Q(phone_hash=phone_hash(phone) or None)
    return list(Contact.objects.filter(same).order_by("pk").values_list("customer_id", flat=True))


def suppressions(customer_id: str) -> list[dict[str, str]]:
    """What is suppressed of a customer, or of whoever has the same address: channel ("" = all), reason, when."""
    contact = Contact.objects.filter(customer_id=customer_id).first()
    hashes = [keys.keyed_hash("customer", customer_id), *((contact.email_hash, contact.phone_hash) if contact else ())]
    found = Suppression.objects.filter(hash__in=[one for one in hashes if one]).order_by("at", "pk")
    return [
        {"channel": channel, "reason": reason, "at": at.isoformat(timespec="seconds")}
        for channel, reason, at in dict.fromkeys(found.values_list("channel", "reason", "at"))
    ]


def email_hash(email: str | None, *, key: bytes | None = None) -> str:
    """The keyed hash of an e-mail address, whatever its case; "" of none."""
    plain = (email or "").strip().lower()
    return keys.keyed_hash("email", plain, key=key) if plain else ""


def phone_hash(phone: str | None, *, key: bytes | None = None) -> str:
    """The keyed hash of a telephone number, however it is spaced; "" of none."""
    plain = re.sub(r"[^\d+]", "", phone or "")
    return keys.keyed_hash("phone", plain, key=key) if plain else ""


def _hashes(row: Mapping[str, str | None], key: bytes) -> list[str]:
    customer = keys.keyed_hash("customer", str(row["customer_id"]), key=key)
    return [customer, *filter(None, (email_hash(row.get("email"), key=key), phone_hash(row.get("phone"), key=key)))]


def _suppress(hashes: Iterable[str], *, reason: str, channel: str) -> None:
    for one in filter(None, hashes):
        Suppression.objects.get_or_create(hash=one, channel=channel, defaults={"reason": reason})
        if reason == erased.REASON:  # whatever the reason was before, what comes in again must go again
            Suppression.objects.filter(hash=one, channel=channel).update(reason=reason)


def suppressed(channel: str | None = None, customer_ids: Sequence[str] | None = None) -> frozenset[str]:
    """Ids of the customers in the vault who must not be contacted.

    Args:
        channel: suppressed on this channel or on all; None = on any channel at all.
        customer_ids: ask for these only.
    """
    in_force = Suppression.objects.all() if channel is None else Suppression.objects.filter(channel__in=("", channel))
    hashes = in_force.values("hash")
    contacts = Contact.objects.filter(Q(customer_hash__in=hashes) | Q(email_hash__in=hashes) | Q(phone_hash__in=hashes))
    if customer_ids is not None:
        contacts = contacts.filter(customer_id__in=customer_ids)
    return frozenset(contacts.values_list("customer_id", flat=True))


def salt() -> str:
    """The store's secret salt for drawing arms: always the same in one store, unknown outside of it."""
    return keys.keyed_hash("experiment", "salt")


def _sealed(key: bytes, box: MultiFernet, row: Mapping[str, str | None]) -> Contact:
    kept = {name: text.strip() for name, text in row.items() if name != "customer_id" and text and text.strip()}
    customer_id = row["customer_id"]
    if not customer_id:
        raise ValueError("a row for the vault has no customer_id")
    return Contact(
        customer_id=customer_id,
        customer_hash=keys.keyed_hash("customer", customer_id, key=key),
        email_hash=email_hash(kept.get("email"), key=key),
        phone_hash=phone_hash(kept.get("phone"), key=key),
        blob=box.encrypt(json.dumps(kept, ensure_ascii=False).encode()),
        changed_at=timezone.now(),
    )


def _opened(box: MultiFernet, blob: bytes) -> dict[str, str]:
    try:
        opened: dict[str, str] = json.loads(box.decrypt(blob))
    except InvalidToken as error:
        raise SettingsError("The contact data were encrypted with another key; give the right one in NETLIFT_VAULT_KEY.") from error
    return opened


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
