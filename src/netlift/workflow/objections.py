"""Who objected to direct marketing, or was erased, is in no table that is learnt from: GDPR, Art. 21(2)-(3) and Art. 17."""

from __future__ import annotations

from collections.abc import Iterable

from netlift import sources
from netlift.engine import Engine
from netlift.errors import Busy
from netlift.records import Progress, Tables
from netlift.settings import Settings
from netlift.store import store_folder, vault


def load(settings: Settings, engine: Engine, progress: Progress) -> Tables:
    """The tables as sources load them, without the rows of whoever objected, known by id or by address."""
    tables = sources.load(settings, engine, progress, landing=store_folder() / "landing")
    if not vault.any_objection():
        return tables
    return sources.leave_out(engine, tables, vault.objecting(sources.people(engine, tables)))


def none_since(customer_ids: Iterable[str]) -> None:
    """Nobody of these has objected since the tables were loaded.

    Raises:
        Busy: somebody has, and is in what was made meanwhile.
    """
    late = vault.objecting({"customer_id": str(one)} for one in customer_ids)
    if late:
        raise Busy(f"{len(late):,} customers objected or were erased while the run was prepared; prepare it again.")
