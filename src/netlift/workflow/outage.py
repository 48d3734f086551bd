"""Going on after the database was away: restarted, unreachable, or the connection cut."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, connections

from netlift.records import Progress
from netlift.store import outages

PATIENCE = 600.0  # seconds for which the database may be away
PAUSE = 1.0  # seconds between two looks

Given = TypeVar("Given")


def through_outages(work: Callable[[], Given], progress: Progress) -> Given:
    """Do work that may be done again from its beginning, and do so whenever the database comes back.

    Sending is such work: what the database kept is its whole state. A message whose fate was not written down stays held by
    its claim, becomes unknown after the lease, and is never sent again by itself.

    Raises:
        OperationalError, InterfaceError: the database stayed away for `PATIENCE` seconds, or it is another error.
    """
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            if not outages.is_lost(error):
                raise
            progress(0.0, str(outages.told(error)))
            _wait()


def _wait() -> None:
    until = time.monotonic() + PATIENCE
    while True:
        connections.close_all()
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE)
        else:
            return
