"""The stop that holds for every campaign."""

from __future__ import annotations

from django.db import transaction

from netlift.store import people, stops
from netlift.store.people import VOTING_ROLES


def stop_everything(*, actor: str | None = None, reason: str = "") -> None:
    """Nothing at all is sent from now on; anyone may. The file STOP in the data directory does the same."""
    name = people.acting(actor)
    with transaction.atomic():
        stops.stop_everything(actor=name, reason=reason)


def lift_everything(*, actor: str | None = None) -> int:
    """Lift that stop; the answer is how many more members must do so.

    Raises:
        Refused: `actor` is no member or has lifted it already, or nothing is stopped.
    """
    name = people.acting(actor)
    with transaction.atomic():
        people.require(name, VOTING_ROLES, "lift the stop")
        return stops.lift_everything(actor=name)
