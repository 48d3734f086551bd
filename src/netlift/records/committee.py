"""A plan before the committee: who may do what with it next is told by `netlift.review.committee`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal[
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "scheduled",
    "sending",
    "paused",
    "stopped",
    "completed",
    "rejected",
    "expired",
    "cancelled",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    name: str
    roles: frozenset[str]
    active: bool = True


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who sits in a member's seat while the member is away. It never passes on: a deputy has no deputy."""

    principal: str
    deputy: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Committee:
    """Everybody there is, by name, and who sits for whom."""

    people: Mapping[str, Person]
    deputies: tuple[Deputy, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a voter has looked at."""

    echoed: str  # the approval hash that was shown, or its first digits
    opened: frozenset[str]  # panes of this very version


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote to approve, cast in one's own seat or in that of a member one sits for."""

    voter: str
    seat: str  # the member whose seat it is
    version: int
    approval_hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Sending was interrupted."""

    at: datetime
    reason: str
    automatic: bool  # then a member must agree before it goes on
    agreed: str = ""  # the member who did


@dataclass(frozen=True, slots=True)
class Halt:
    """The stop flag: nothing of this campaign starts or goes on until two members have lifted it."""

    by: str
    at: datetime
    reason: str
    lifted: frozenset[str] = frozenset()  # members who lifted it so far


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides what may be done with one plan. Moments are aware UTC."""

    run_id: str
    state: State
    version: int
    approval_hash: str
    author: str
    quorum: int
    policy_version: str  # of the checks whose findings the committee sees
    review_period: timedelta  # a plan may wait for votes
    approval_period: timedelta  # an approval may wait for the start
    editors: frozenset[str] = frozenset()  # whoever else changed any part of it
    blocked: str = ""  # the first finding that blocks; "" = none does
    heightened: bool = False  # a finding asks for review: the privacy seat and written reasons are needed
    votes: tuple[Ballot, ...] = ()
    submitted_at: datetime | None = None
    approved_at: datetime | None = None
    window_start: datetime | None = None  # nothing is sent before …
    window_end: datetime | None = None  # … or after
    start_at: datetime | None = None  # when a scheduled plan begins
    pause: Pause | None = None
    halt: Halt | None = None
