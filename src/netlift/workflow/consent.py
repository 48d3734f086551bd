"""Consents: what is on file of a customer and what the rules say of it now, taking one back, and do-not-call lists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from netlift import rules
from netlift.errors import InputError, NotFound
from netlift.store import audit, consents, ledger, open_store, people, permission, vault
from netlift.workflow.privacy import ANYBODY, DESK

LIST_ROLES = (*DESK, "operator", "author")  # who imports do-not-call lists


def show(customer_id: str, *, at: datetime | None = None, actor: str | None = None) -> dict[str, Any]:
    """What a customer agreed to, and what the rules of channels and countries say of each channel at an instant.

    Args:
        customer_id: who.
        at: the instant; None = now.
        actor: who asks; None = the user of the command line.

    Raises:
        NotFound: nothing is held of this customer.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, (*ANYBODY,), "look up consents")
    known, said = vault.fields([customer_id]), consents.history(customer_id)
    if not known and not said:
        raise NotFound("Nothing is held of a customer with this id; ids are compared letter by letter.")
    place = permission.where(known.get(customer_id, {}), home=permission.home())
    found = {channel: _verdict(customer_id, channel, known, at or datetime.now(UTC)) for channel in rules.CHANNELS}
    with transaction.atomic():
        audit.record("show consents", actor=name, details={"customer": consents.person(customer_id)})
    return {
        "jurisdictions": [_pack(one) for one in sorted(place.packs)],
        "time_zones": list(place.zones),
        "channels": found,
        "history": said,
        "suppressed": vault.suppressions(customer_id),
    }


def withdraw(customer_id: str, channel: str, *, source: str, actor: str | None = None) -> int:
    """Take a consent back for a customer who asked for it, at once; how many waiting messages were cancelled.

    Raises:
        InputError: the channel is not known, or it is not said how the customer asked.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, ANYBODY, "take consents back")
    if channel not in rules.CHANNELS:
        raise InputError(f"'{channel}' is no channel; the channels are {', '.join(rules.CHANNELS)}.")
    if not source.strip():
        raise InputError("To take a consent back needs how the customer asked for it, such as 'reply STOP'; write --source.")
    with transaction.atomic():
        consents.withdraw(customer_id, channel, source=source, actor=name)
        return sum(
            ledger.cancel_of([customer_id], reason="consent withdrawn after the approval", channel=one)
            for one in (("sms", "phone") if channel in {"sms", "phone"} else (channel,))
        )


def import_list(path: Path, name: str, *, dated: date, actor: str | None = None) -> int:
    """Put a file of numbers, one a line, in place of the do-not-call list of that name; how many numbers.

    Raises:
        InputError: the file cannot be read, holds what is no number, or is dated in the future.
    """
    open_store()
    who = people.acting(actor)
    people.require(who, LIST_ROLES, "import do-not-call lists")
    asked = sorted({one for pack in rules.packs().values() for rule in pack.rules for one in rule.parameters.get("lists", ())})
    if name not in asked:
        raise InputError(f"No rule asks for a do-not-call list '{name}'; the rules ask for {', '.join(asked)}.")
    return consents.import_list(name, _numbers(path), dated=dated, actor=who)


def _numbers(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                if row and row[0].strip() and not row[0].strip().isalpha():  # a header is a word
                    yield row[0]
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror}); name a file with one number a line.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is no UTF-8 text (byte {error.start}); save it as UTF-8, one number a line.") from error


def _verdict(customer_id: str, channel: str, known: dict[str, dict[str, str]], at: datetime) -> dict[str, Any]:
    person = permission.persons(channel, [customer_id], known, now=at, home=permission.home())[customer_id]
    silent = customer_id in vault.suppressed(channel, [customer_id])
    person = person if not silent else rules.Person(person.packs, person.zones, opted_out=True)
    verdict = rules.judge(person, channel, rules.Clock(at, lists=consents.lists()))
    return {"verdict": verdict.kind, "rule": verdict.rule, "reason": verdict.detail or verdict.reason, "at": verdict.at}


def _pack(name: str) -> dict[str, Any]:
    pack = rules.packs()[name]
    return {"id": pack.id, "name": pack.name, "version": pack.version, "signed": pack.signed}
