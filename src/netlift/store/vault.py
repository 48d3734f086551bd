"""The vault: how customers are reached, encrypted, and who must not be contacted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from cryptography.fernet import Fernet, InvalidToken
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from netlift.errors import SettingsError
from netlift.store import audit, keys
from netlift.store.models import Contact, Suppression

Row = TypeVar("Row")

CHUNK = 500  # rows per statement, below SQLite's limit of variables


def put(rows: Iterable[Mapping[str, str | None]]) -> int:
    """Keep contact data; a customer who is there already is replaced. The answer is the number of rows.

    Args:
        rows: customer_id, email, phone and any further text fields; empty and missing ones are left out.
    """
    key, count = keys.vault_key(), 0
    with transaction.atomic():
        for chunk in _chunks(rows):
            contacts = [_sealed(key, row) for row in chunk]
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
    box = Fernet(keys.vault_key())
    found: dict[str, dict[str, str]] = {}
    for chunk in _chunks(customer_ids):
        for customer_id, blob in Contact.objects.filter(customer_id__in=chunk).values_list("customer_id", "blob"):
            found[customer_id] = _opened(box, bytes(blob))
    return found


def suppress(customer_id: str, *, reason: str, actor: str, channel: str = "") -> None:
    """Never contact this customer again, on one channel or (channel = "") on any; the addresses known now are included.

    The audit trail tells of it by the customer's keyed hash only.
    """
    customer = keys.keyed_hash("customer", customer_id)
    with transaction.atomic():
        contact = Contact.objects.filter(customer_hash=customer).first()
        hashes = [customer, *((contact.email_hash, contact.phone_hash) if contact else ())]
        for one in filter(None, hashes):
            Suppression.objects.get_or_create(hash=one, channel=channel, defaults={"reason": reason})
        audit.record("suppress", actor=actor, details={"customer": customer, "channel": channel, "reason": reason})


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


def _sealed(key: bytes, row: Mapping[str, str | None]) -> Contact:
    kept = {name: text.strip() for name, text in row.items() if name != "customer_id" and text and text.strip()}
    customer_id = row["customer_id"]
    if not customer_id:
        raise ValueError("a row for the vault has no customer_id")
    return Contact(
        customer_id=customer_id,
        customer_hash=keys.keyed_hash("customer", customer_id, key=key),
        email_hash=keys.keyed_hash("email", kept["email"].lower(), key=key) if "email" in kept else "",
        phone_hash=keys.keyed_hash("phone", re.sub(r"[^\d+]", "", kept["phone"]), key=key) if "phone" in kept else "",
        blob=Fernet(key).encrypt(json.dumps(kept, ensure_ascii=False).encode()),
        changed_at=timezone.now(),
    )


def _opened(box: Fernet, blob: bytes) -> dict[str, str]:
    try:
        opened: dict[str, str] = json.loads(box.decrypt(blob))
    except InvalidToken as error:
        raise SettingsError("The contact data were encrypted with another key; give the right one in NETLIFT_VAULT_KEY.") from error
    return opened


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
