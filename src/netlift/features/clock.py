"""As of when: features know only what happened strictly before this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.records import Tables
from netlift.settings import Settings


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment in both clocks (naive), and the first sale before it (UTC; None without transactions)."""

    local: datetime
    utc: datetime
    first: datetime | None

    def literals(self) -> dict[str, str]:
        """SQL timestamp literals, by the names used in the catalogue."""
        return {"{as_of}": _literal(self.local), "{as_of_utc}": _literal(self.utc), "{first}": _literal(self.first or self.utc)}


def _literal(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"


def clock(settings: Settings, engine: Session, tables: Tables) -> Clock:
    """Local midnight of `features.as_of`; by default just after the last transaction (else the last event, else now).

    Raises:
        NotEnoughData: no transaction lies before `features.as_of`.
    """
    zone = ZoneInfo(settings.project.time_zone)
    first = last = None
    if tables.has("transactions"):
        first, last = _period(engine, tables)
    elif tables.has("events"):
        last = engine.rows("SELECT max(local_timestamp) FROM events")[0][0]
    if settings.features.as_of is not None:
        local = datetime.combine(settings.features.as_of, time())
    elif last is not None:
        local = last + timedelta(microseconds=1)
    else:
        local = datetime.now(tz=zone).replace(tzinfo=None)
    utc = local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    if first is not None and first >= utc:
        raise NotEnoughData(
            f"features.as_of is {settings.features.as_of}, and the first transaction is of {first:%Y-%m-%d}; choose a later date."
        )
    return Clock(local, utc, first)


def _period(engine: Session, tables: Tables) -> tuple[datetime | None, datetime | None]:
    """First moment (UTC) and last local time of the transactions; parts know their own, so that few lines need be looked at."""
    parts = [(p.first, p.last) for p in tables.parts("transactions") if p.first is not None and p.last is not None]
    if not parts:
        first, last = engine.rows("SELECT min(timestamp), max(local_timestamp) FROM transactions")[0]
        return first, last
    # zones differ from UTC by less than a day, so the first in UTC is among the local times of the first two days
    early = _literal(min(first for first, _ in parts) + timedelta(days=2))
    return engine.rows(f"SELECT min(timestamp) FROM transactions WHERE local_timestamp <= {early}")[0][0], max(last for _, last in parts)
