"""What an organisation on the platform holds: databases, contact lists, templates, mailings, jobs. All of it in memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Contact:
    """One contact of a database; `values` are its columns, EMAIL among them."""

    contact_id: str
    values: dict[str, str]
    opted_out: bool = False


@dataclass
class Database:
    """A flexible database: no column is unique, an import names the ones by which it matches."""

    list_id: str
    name: str
    columns: tuple[str, ...]
    contacts: dict[str, Contact] = field(default_factory=dict)  # by contact id


@dataclass
class ContactList:
    """Some contacts of a database."""

    list_id: str
    name: str
    database: Database
    visibility: str
    members: dict[str, Contact] = field(default_factory=dict)


@dataclass
class Mailing:
    """A mailing that was ordered."""

    mailing_id: str
    report_id: str
    name: str
    template: str
    list_id: str
    visibility: str
    scheduled: datetime  # aware
    suppression: tuple[str, ...]
    sender: str
    sent: datetime | None = None
    events: list[tuple[Contact, str, datetime, str]] = field(default_factory=list)  # contact, word, moment, detail


@dataclass
class Job:
    """Work that is done some time after it was asked for."""

    job_id: str
    what: str
    asked: dict[str, Any]
    begun: float  # the server's clock
    status: str = "WAITING"
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class Organisation:
    """All of it. `delivered` lists (mailing, address) of everything that went out: twice in it is mailed twice."""

    latin: bool = False  # the encoding of files whose encoding is not named
    databases: dict[str, Database] = field(default_factory=dict)
    lists: dict[str, ContactList] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    suppression: dict[str, frozenset[str]] = field(default_factory=dict)  # suppression list: addresses in small letters
    mailings: dict[str, Mailing] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    delivered: list[tuple[str, str]] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(569_624_660_942))  # contact ids exceed 32 bits

    def number(self) -> str:
        """A new id."""
        return str(next(self.numbers))

    def members(self, list_id: str) -> dict[str, Contact] | None:
        """The contacts of a database or contact list; None = no such list."""
        if list_id in self.databases:
            return self.databases[list_id].contacts
        return self.lists[list_id].members if list_id in self.lists else None
