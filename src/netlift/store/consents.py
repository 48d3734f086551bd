"""The ledger of consents: rows are added and never changed; the latest of a person, channel and purpose counts.

People are known by the keyed hash of their customer id, so that whoever erases a person takes the rows away (`forget`) and leaves only
the hash in the suppression list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from netlift import rules
from netlift.errors import InputError
from netlift.store import audit, keys, statements, vault
from netlift.store.models import CallList, Consent, ListedNumber, PastContact

CHUNK = 500
MARKETING = "marketing"
KINDS = ("express", "purchase", "inquiry")
FACTS = (*rules.SOFT, *rules.WRITTEN)
STOP = "withdrawn"  # also the reason of the suppression that goes with it

Item = TypeVar("Item")
Row = Mapping[str, Any]


def person(customer_id: str, *, key: bytes | None = None) -> str:
    """The keyed hash by which a customer is known here."""
    return keys.keyed_hash("customer", customer_id, key=key)


def fill(rows: Iterable[Row]) -> int:
    """Add the rows of the canonical table `consents` that are not there yet; how many came in new.

    Args:
        rows: columns of the table; instants are naive UTC, as the engine has them, or aware.

    Raises:
        InputError: a kind or fact is not known.
    """
    key, before = keys.vault_key(), Consent.objects.count()
    for chunk in _chunks(rows):
        Consent.objects.bulk_create([_made(row, key) for row in chunk], ignore_conflicts=True)
    return Consent.objects.count() - before


def latest(customer_ids: Sequence[str], channel: str, purpose: str = MARKETING) -> dict[str, rules.Consent]:
    """What counts now of each of these customers, by customer id; who is not in the answer never said anything."""
    key = keys.vault_key()
    return latest_of({person(customer, key=key): customer for customer in customer_ids}, channel, purpose)


def latest_of(by_hash: Mapping[str, str], channel: str, purpose: str = MARKETING) -> dict[str, rules.Consent]:
    """The same, for customer ids by `person`."""
    found: dict[str, rules.Consent] = {}
    for one, held in statements.consents(list(by_hash), channel, purpose):
        if one not in found or _order(held) > _order(found[one]):
            found[one] = held
    return {by_hash[one]: held for one, held in found.items()}


def history(customer_id: str) -> list[dict[str, Any]]:
    """Everything that was said of a customer, oldest first: for who shows or exports it."""
    names = (
        "channel",
        "purpose",
        "status",
        "kind",
        "given_at",
        "source",
        "wording",
        "proof",
        "confirmed_at",
        "expires_at",
        "facts",
        "kept_at",
    )
    return [{**row} for row in Consent.objects.filter(person=person(customer_id)).order_by("kept_at", "pk").values(*names)]


def withdraw(customer_id: str, channel: str, *, source: str, actor: str, purpose: str = MARKETING) -> None:
    """Somebody takes a consent back, by a link, a reply or a letter: in force before the next message is claimed or handed over.

    By text message it ends calls too and the other way round (47 CFR 64.1200(a)(10)).

    Args:
        customer_id: who.
        channel: where.
        source: by what, in words without contact data, such as "reply STOP".
        actor: who writes it down.
        purpose: of the consent.
    """
    channels, now = ("sms", "phone") if channel in {"sms", "phone"} else (channel,), timezone.now()
    with transaction.atomic():
        for one in channels:
            fill([{"customer_id": customer_id, "channel": one, "purpose": purpose, "status": STOP, "given_at": now, "source": source}])
            if purpose == MARKETING:
                vault.suppress(customer_id, reason=STOP, actor=actor, channel=one)
        audit.record("withdraw consent", actor=actor, details={"customer": person(customer_id), "channel": channel, "source": source})


def forget(customer_id: str) -> int:
    """Delete what was said of a customer; how many rows. Call it in the transaction that erases, which leaves the suppression."""
    PastContact.objects.filter(person=person(customer_id)).delete()
    return Consent.objects.filter(person=person(customer_id)).delete()[0]


# --- do-not-call lists ----------------------------------------------------------------------------------------------


def import_list(name: str, numbers: Iterable[str], *, dated: date, actor: str) -> int:
    """Put a do-not-call list in place of the one of that name; how many numbers. Only keyed hashes are kept.

    Raises:
        InputError: the list is of the future, or holds what is no number.
    """
    if dated > timezone.now().date():
        raise InputError(f"The list is dated {dated}, which is still to come; give the day on which it was drawn.")
    key = keys.vault_key()
    with transaction.atomic():
        CallList.objects.filter(name=name).delete()
        kept = CallList.objects.create(name=name, dated=dated, numbers=0)
        for chunk in _chunks(numbers):
            hashes = {vault.phone_hash(_number(text), key=key) for text in chunk}
            ListedNumber.objects.bulk_create([ListedNumber(list=kept, hash=one) for one in hashes], ignore_conflicts=True)
        kept.numbers = ListedNumber.objects.filter(list=kept).count()
        kept.save()
        audit.record("import do-not-call list", actor=actor, details={"list": name, "dated": str(dated), "numbers": kept.numbers})
    return kept.numbers


def lists() -> dict[str, date]:
    """The day of every do-not-call list."""
    return dict(CallList.objects.values_list("name", "dated"))


def listed(phones: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Which lists have the number of each of these customers; `phones` by customer id."""
    key = keys.vault_key()
    by_hash: dict[str, list[str]] = {}
    for customer, phone in phones.items():
        if one := vault.phone_hash(phone, key=key):
            by_hash.setdefault(one, []).append(customer)
    found: dict[str, set[str]] = {}
    for chunk in _chunks(by_hash):
        for one, name in ListedNumber.objects.filter(hash__in=chunk).values_list("hash", "list__name"):
            for customer in by_hash[one]:
                found.setdefault(customer, set()).add(name)
    return {customer: frozenset(names) for customer, names in found.items()}


# --- contacts that netlift did not make -------------------------------------------------------------------------------


def fill_contacts(rows: Iterable[tuple[str, str, datetime]]) -> None:
    """Remember contacts that the table `contacted` tells of: customer id, campaign id, when."""
    key = keys.vault_key()
    for chunk in _chunks(rows):
        made = [
            PastContact(person=person(c, key=key), campaign=keys.keyed_hash("campaign", k, key=key), at=at.replace(tzinfo=at.tzinfo or UTC))
            for c, k, at in chunk
        ]
        PastContact.objects.bulk_create(made, ignore_conflicts=True)


def _made(row: Row, key: bytes) -> Consent:
    words = sorted(set(re.split(r"[\s,;]+", (row.get("facts") or "").lower())) - {""})
    kind = (row.get("kind") or "express").strip().lower()
    strange = [one for one in words if one not in FACTS]
    if strange or kind not in KINDS:
        what, known = (f"the fact '{strange[0]}'", FACTS) if strange else (f"the kind '{kind}'", KINDS)
        raise InputError(f"The table consents has {what}, which is not known; there are {', '.join(known)}.")
    address = (row.get("confirmed_from") or "").strip()
    values = {
        "person": person(str(row["customer_id"]), key=key),
        "channel": str(row["channel"]).strip().lower(),
        "purpose": (row.get("purpose") or MARKETING).strip().lower()[:100],
        "status": str(row["status"]).strip().lower(),
        "kind": kind,
        "given_at": _aware(row.get("given_at")),
        "source": (row.get("source") or "").strip(),
        "wording": (row.get("wording") or "").strip(),
        "proof": (row.get("proof") or "").strip(),
        "confirmed_at": _aware(row.get("confirmed_at")),
        "confirmed_from": keys.keyed_hash("confirmed", address, key=key) if address else "",
        "expires_at": _aware(row.get("expires_at")),
        "facts": " ".join(words),
    }
    return Consent(**values, row_hash=keys.keyed_hash("consent", *map(str, values.values()), key=key))


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _order(row: rules.Consent) -> tuple[bool, datetime, bool]:
    """The latest row counts; where time does not tell, a refusal before a consent: an undated one before everything."""
    refusal = row.status == STOP
    return (row.given_at is None and refusal, row.given_at or datetime.min.replace(tzinfo=UTC), refusal)


def _number(text: str) -> str:
    plain = re.sub(r"[^\d+]", "", text)
    if not 5 <= len(plain) <= 17:
        raise InputError(
            f"A line of {len(text.strip())} characters holds no telephone number; the list needs one number a line, like +12125550100."
        )
    return plain


def _chunks(rows: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
