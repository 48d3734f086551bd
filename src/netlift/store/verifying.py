"""Checking the audit trail: its chain from the first event on, and every head that was noted of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from django.db import Error
from django.db.models import QuerySet

from netlift.store import heads, signing
from netlift.store.chain import BEGINNING, event_hash
from netlift.store.models import AuditEvent
from netlift.store.opening import store_folder
from netlift.store.signing import Head, SignedHead

COLUMNS = ("pk", "at", "actor", "act", "run", "details", "previous_hash", "hash")
CHUNK = 2000  # rows at a time
Row = tuple[int, str, str, str, int | None, str, str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was: from which event on (None: a head itself is wrong), and what."""

    event: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of the trail found: how far the chain is whole, how many heads were compared, every finding."""

    head: Head
    heads: int
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def first_bad(self) -> int | None:
        """The number of the first event that is missing or not as it was written."""
        return min((finding.event for finding in self.findings if finding.event is not None), default=None)

    @property
    def text(self) -> str:
        """The findings in words."""
        if self.whole:
            agree = f", and {self.heads:,} noted heads agree" if self.heads else ""
            return f"All {self.head.events:,} events are as they were written{agree}."
        return " ".join(finding.text for finding in self.findings)


def verify(*noted: Head) -> Check:
    """Recompute the whole chain and compare it with heads that were noted earlier, and with those inside later events.

    Memory does not grow with the trail: events are read in pieces.
    """
    return _check([_Claim("earlier", head, signature_fits=True) for head in noted])


def verify_all(given: Iterable[Path] = ()) -> Check:
    """The same with every head there is: in the files of heads (`heads.files`) and in those given.

    Raises:
        InputError: a given file cannot be read.
    """
    folder, claims, findings = store_folder(), [], []
    for one in chain(heads.noted(), *(heads.read(path) for path in given)):
        if one.head is None:
            findings.append(Finding(None, f"No head of the audit trail stands in {one.where}."))
        else:
            claims.append(_Claim(f"in {one.where}", one.head.head, signature_fits=signing.is_ours(one.head, folder)))
    found = _check(claims)
    return Check(found.head, found.heads, (*found.findings, *findings))


@dataclass(frozen=True, slots=True)
class _Claim:
    """That the trail once went so far."""

    where: str
    head: Head
    signature_fits: bool


def _check(claims: list[_Claim]) -> Check:
    findings = [
        Finding(None, f"The head noted {c.where} was not signed by the key of this data directory.") for c in claims if not c.signature_fits
    ]
    waiting: dict[int, list[_Claim]] = defaultdict(list)
    for claim in claims:
        if claim.signature_fits:
            waiting[claim.head.events].append(claim)
    compared, last = sum(map(len, waiting.values())), Head(0, BEGINNING)
    findings += _differences(waiting.pop(0, []), last)
    inside = _HeadsInside()
    for found in _chain():
        if isinstance(found, Finding):
            return Check(last, compared + inside.compared, (found, *inside.findings, *findings))
        last = Head(found[0], found[-1])
        inside.look(found)
        findings += _differences(waiting.pop(last.events, []), last)
    beyond = [claim for number in sorted(waiting) for claim in waiting[number]]
    findings += [
        Finding(last.events + 1, f"The trail ends after event {last.events}, but {c.head.events} events were noted {c.where}.")
        for c in beyond
    ]
    return Check(last, compared + inside.compared, (*inside.findings, *findings))


def _differences(claims: Iterable[_Claim], head: Head) -> list[Finding]:
    """Of the heads of so many events, those that are not this one. From where on the trail was rewritten, a head cannot tell."""
    return [
        Finding(1, f"The trail was rewritten: event {head.events} is not the one noted {claim.where}.")
        for claim in claims
        if claim.head != head
    ]


def _chain() -> Iterator[Row | Finding]:
    """Every event in order, up to the first that is not as it was written."""
    before, number = BEGINNING, 0
    for chunk in (CHUNK, 1):  # one by one after bytes that are no text: the chunk does not tell in which event they are
        try:
            for row in _rows(number, chunk):
                pk, hash_ = row[0], row[-1]
                if pk != number + 1 or row[-2] != before or hash_ != event_hash(*row[:7]):
                    yield Finding(number + 1, f"Event {number + 1} is missing or is not as it was written.")
                    return
                yield row
                before, number = hash_, number + 1
        except (Error, TypeError, ValueError):
            continue
        return
    yield Finding(number + 1, f"Event {number + 1} cannot be read: it is not as it was written.")


def _rows(after: int, chunk: int) -> Iterator[Row]:
    found: QuerySet[AuditEvent, Row] = AuditEvent.objects.filter(pk__gt=after).order_by("pk").values_list(*COLUMNS)
    return found.iterator(chunk_size=chunk)


class _HeadsInside:
    """Compares the signed heads inside events with the chain before them."""

    def __init__(self) -> None:
        self.compared = 0
        self.findings: list[Finding] = []
        self._folder = store_folder()

    def look(self, row: Row) -> None:
        """Compare the head in an event, where it has one."""
        number, details, previous_hash = row[0], row[5], row[6]
        if '"head":{' not in details:
            return
        signed = signing.read(json.loads(details).get("head"))
        if signed is None:
            return
        self.compared += 1
        if not signing.is_ours(signed, self._folder):
            self.findings.append(Finding(number, f"The head in event {number} was not signed by the key of this data directory."))
        elif not _fits(signed, number, previous_hash):
            self.findings.append(
                Finding(1, f"The trail was rewritten: event {signed.events} is not the one in the head in event {number}.")
            )


def _fits(signed: SignedHead, number: int, previous_hash: str) -> bool:
    if signed.events == number - 1:
        return signed.hash == previous_hash
    return signed.events < number and AuditEvent.objects.filter(pk=signed.events, hash=signed.hash).exists()
