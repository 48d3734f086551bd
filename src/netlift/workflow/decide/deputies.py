"""Naming a deputy."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from netlift.errors import InputError, Refused
from netlift.store import audit, people
from netlift.store.models import Deputyship
from netlift.store.people import VOTING_ROLES

LONGEST = timedelta(days=92)


def name_deputy(deputy: str, *, until: datetime, actor: str | None = None) -> None:
    """Let somebody sit in one's own seat on the committee until a moment (aware). A deputy cannot pass the seat on.

    Raises:
        InputError: the moment is past or more than three months away, or it is oneself.
        NotFound: nobody has that name.
        Refused: `actor` has no seat, or the deputy was deactivated.
    """
    name, now = people.acting(actor), timezone.now()
    if not now < until <= now + LONGEST:
        raise InputError(f"A deputy sits until a day within the next {LONGEST.days} days, and not until {until:%Y-%m-%d}.")
    if deputy == name:
        raise InputError(f"{name} cannot be the deputy of {name}; name somebody else.")
    with transaction.atomic():
        people.require(name, VOTING_ROLES, "name a deputy")
        person = people.user(deputy)
        if not person.is_active:
            raise Refused(f"The user '{deputy}' was deactivated.")
        Deputyship.objects.filter(principal__username=name, until__gt=now).update(until=now)  # one at a time
        Deputyship.objects.create(principal=people.user(name), deputy=person, since=now, until=until)
        audit.record("deputy", actor=name, details={"deputy": deputy, "until": until.isoformat(timespec="seconds")})
