"""Who objected to direct marketing, or was erased, is in no table that is learnt from: GDPR, Art. 21(2)-(3) and Art. 17."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from netlift import sources
from netlift.engine import Engine
from netlift.errors import Busy
from netlift.records import Progress, Tables
from netlift.settings import Settings
from netlift.sources import Person
from netlift.store import erased, store_folder, vault


@dataclass(frozen=True, slots=True)
class Loaded:
    """The tables without who objected, and who was erased and was in the sources again."""

    tables: Tables
    came_again: tuple[Person, ...] = ()


def load(settings: Settings, engine: Engine, progress: Progress, *, erased_only: bool = False) -> Loaded:
    """The tables as sources load them, without the rows of whoever objected or was erased, known by id or by address.

    With `erased_only` who objected stays: an effect is measured on everybody as assigned, and profiles nobody.
    """
    tables = sources.load(settings, engine, progress, landing=store_folder() / "landing")
    if not vault.any_objection():
        return Loaded(tables)
    silent = vault.objectors(sources.people(engine, tables))
    gone = vault.objectors(silent, reason=erased.REASON)
    again = tuple(Person(str(row["customer_id"]), tuple(filter(None, (row.get("email"), row.get("phone"))))) for row in gone)
    left_out = frozenset(str(row["customer_id"]) for row in (gone if erased_only else silent))
    return Loaded(sources.leave_out(engine, tables, left_out), again)


def forget_again(loaded: Loaded, settings: Settings) -> None:
    """Take who was erased and came in again out of the landed data; call it when the engine is closed.

    Where another process reads them, the next that loads does it: until then they are landed and in no table.
    """
    names = {table: {told.columns.get("customer_id", "customer_id")} for table, told in settings.tables.items()}
    for person in loaded.came_again:
        with suppress(Busy):
            sources.forget(store_folder() / "landing", person, names)


def none_since(customer_ids: Iterable[str]) -> None:
    """Nobody of these has objected since the tables were loaded.

    Raises:
        Busy: somebody has, and is in what was made meanwhile.
    """
    late = vault.objecting({"customer_id": str(one)} for one in customer_ids)
    if late:
        raise Busy(f"{len(late):,} customers objected or were erased while the run was prepared; prepare it again.")
