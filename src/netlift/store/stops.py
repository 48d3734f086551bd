"""The emergency stop: of one campaign (the run's stop flag), of everything, or by a file for whoever can reach nothing else.

All three are read before every claim and again before every message body.
"""

from __future__ import annotations

from django.utils import timezone

from netlift.errors import Refused
from netlift.store import audit
from netlift.store.models import EmergencyStop, Run
from netlift.store.opening import store_folder

FILE = "STOP"  # in the data directory; while it exists nothing is sent
LIFTS = 2


def in_force(run_id: int) -> str:
    """Why nothing of a run may be sent now; "" = no stop is in force."""
    if why := everywhere():
        return why
    halt = Run.objects.filter(pk=run_id).values_list("halt", flat=True).first()
    return f"stopped by {halt['by']}" if halt else ""


def by_file() -> bool:
    """Whether the file that stops everything is there."""
    return (store_folder() / FILE).exists()


def everywhere() -> str:
    """Why nothing at all may be sent now; "" = no such stop is in force."""
    if by_file():
        return f"the file {FILE} stands in the data directory"
    stop = EmergencyStop.objects.filter(lifted_at=None).order_by("pk").first()
    return f"everything was stopped by {stop.by}" if stop else ""


def stop_everything(*, actor: str, reason: str) -> None:
    """Nothing at all is sent from now on; call it in a transaction."""
    EmergencyStop.objects.create(by=actor, reason=reason)
    audit.record("stop everything", actor=actor, details={"reason": reason})


def lift_everything(*, actor: str) -> int:
    """One of two members lifts the stop; the answer is how many more must. Call it in a transaction.

    Raises:
        Refused: nothing is stopped, or this member has lifted it already.
    """
    stop = EmergencyStop.objects.select_for_update().filter(lifted_at=None).order_by("pk").first()
    if stop is None:
        raise Refused("Nothing is stopped everywhere; there is nothing to lift.")
    if actor in stop.lifted:
        raise Refused(f"{actor} has lifted the stop already; a second member must do so too.")
    stop.lifted = [*stop.lifted, actor]
    left = LIFTS - len(stop.lifted)
    if left <= 0:
        stop.lifted_at = timezone.now()
    stop.save()
    audit.record("lift everything", actor=actor, details={"more": max(0, left)})
    return max(0, left)
