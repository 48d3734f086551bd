"""What the rules judge: a person with a consent, and a message. Moments are aware UTC; what is not known is None and counts against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

# the four facts of a soft opt-in, all or nothing (Directive 2002/58/EC, Art. 13(2)); the order in which a missing one is named
SOFT = {
    "in_sale": "the address was not got in a sale",
    "own_similar": "the offer is not for own similar goods",
    "no_objection": "that nobody objected is not on file",
    "notice": "notice was not given at collection and in each message",
}
# what a prior express written consent holds (47 CFR 64.1200(f)(9))
WRITTEN = {
    "signed": "it was not signed, ticked or affirmed",
    "seller": "it does not name the seller",
    "not_condition": "it does not say that it is no condition of a purchase",
}


@dataclass(frozen=True, slots=True)
class Consent:
    """What is on file of one person, channel and purpose: the latest row."""

    status: str = "none"  # given, soft_opt_in, withdrawn, none
    kind: str = "express"  # how it came: express, purchase (or contract), inquiry
    given_at: datetime | None = None
    wording: str = ""  # the text agreed to, or its version
    source: str = ""
    proof: str = ""  # where the evidence is kept
    confirmed_at: datetime | None = None  # double opt-in
    confirmed_from: str = ""  # keyed hash of the network address that confirmed
    expires_at: datetime | None = None  # its own end, where one was told
    facts: frozenset[str] = frozenset()  # of SOFT and WRITTEN


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the rules see him on one channel; no contact data."""

    packs: frozenset[str]  # candidate jurisdictions
    zones: tuple[str, ...] = ()  # every time zone he may be in; () = not known
    holidays: frozenset[tuple[str, str]] = frozenset()  # country and subdivision ("" = the whole country) of his public holidays
    consent: Consent = Consent()
    opted_out: bool = False
    revoked: bool = False
    on_lists: frozenset[str] = frozenset()  # do-not-call lists that have the number
    last_contact: datetime | None = None  # on any channel: keeps a consent from growing old
    contacts: tuple[datetime, ...] = ()  # of the last 30 days on this channel about this subject, oldest first
    refused_at: datetime | None = None  # he said no to a call
    contacts_7d: int = 0  # over all channels and campaigns, planned ones too, without this message
    contacts_30d: int = 0


@dataclass(frozen=True, slots=True)
class Caps:
    """The hard caps of contact pressure, this message included."""

    in_7d: int = 5
    in_30d: int = 12


@dataclass(frozen=True, slots=True)
class Clock:
    """When the rules are asked, what they may rely on, and how long the campaign may still send."""

    now: datetime
    until: datetime | None = None  # the end of the campaign's window
    lists: Mapping[str, date] = field(default_factory=dict)  # do-not-call list -> its date
    caps: Caps = Caps()


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What is known of a message before it is approved; the defaults say that nothing is."""

    subject: str = ""
    postal_address: bool = False  # in every variant and text part
    one_click: bool = False  # List-Unsubscribe with one https URI, and List-Unsubscribe-Post, both signed
    aligned: bool = False  # SPF, DKIM and DMARC fit the From domain
    complaints: float = 0.0  # share of the accepted messages
    sender_registered: bool = False  # brand and campaign, or header and template
    segments: int = 1  # of a text message
    segments_priced: int = 1
    personal_price: bool = False
    written_by_ai: bool = False
    marked: frozenset[str] = frozenset()  # what is disclosed in visible words: advertising, personal_price, ai
    sensitive: bool = False  # the lineage of the audience holds anything of class A, or minors
