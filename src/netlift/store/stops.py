"""Stops that are in force."""

from __future__ import annotations

from netlift.store.opening import store_folder

STOP_FILE = "STOP"  # in the data directory: as long as it is there nothing is sent, whatever the database says


def in_force(run_id: int) -> str:  # noqa: ARG001
    """Why nothing may be sent for a run now; "" = nothing stops it."""
    return f"the file {STOP_FILE} is in the data directory" if (store_folder() / STOP_FILE).exists() else ""
