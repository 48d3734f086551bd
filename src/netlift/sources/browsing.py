"""Browsing events once they are in the engine: machines left out, events without a session put into visits.

The rules, which the findings repeat with their counts:
- A machine by its name: a word of the user agent ends in bot, crawler, spider, …, or names a program that is no browser.
- A machine by its pace: more than MANY events of one visit within a minute; the whole visit is left out.
- A visit ends where a customer is silent for longer than `session_gap` minutes.

Visits reach over files, so they are made from the events of all parts, some buckets of customers after the other, and kept beside the
parts until a part is added or goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from netlift.engine import Engine
from netlift.errors import SourceError
from netlift.records import Part, TableInput
from netlift.settings import TableSettings
from netlift.sources import area
from netlift.sources.area import Area, Facts
from netlift.sources.parts import BUCKETS, GROUP
from netlift.sources.relation import Place
from netlift.sources.values import literal

VERSION = 1  # of the visits: raised when the same events would become other visits
ROWS = 5_000_000  # events whose visits are made in one pass
WORKED = "events_pass"  # the table of one pass
MANY = 120  # events of one visit within a minute: two a second, all the minute long
# CUBOT is a maker of telephones. Libraries inside apps (okhttp, CFNetwork) are people and are not listed.
MACHINES = (
    "(^|[^a-z])(([a-z]*[^u])?bot|[a-z]*crawler|[a-z]*spider|slurp|headlesschrome|phantomjs|python-requests|python-urllib|aiohttp|curl|wget|"
    "go-http-client|libwww-perl|scrapy|facebookexternalhit|mediapartners-google|chrome-lighthouse|pingdom)([^a-z]|$)"
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was done to some events."""

    rows: int  # left
    named: int  # events left out as a machine's, by its name
    fast: int  # by its pace
    missing: int  # events that had no session_id
    visits: int  # made of those
    first: str | None = None  # of local_timestamp, ISO 8601
    last: str | None = None

    def together(self, other: Cleaned) -> Cleaned:
        """Both."""
        numbers = ("rows", "named", "fast", "missing", "visits")
        return Cleaned(*(getattr(self, name) + getattr(other, name) for name in numbers))


def cleaned(engine: Engine, place: Place, table: TableSettings, read: TableInput) -> TableInput:
    """Leave machines out of the engine's table `events` and give every event a session_id; what was done is in the findings.

    Where the events are in parts, what is made of them is kept in `place` and stands in the returned parts.

    Raises:
        SourceError: all events are of machines.
    """
    parts: tuple[Part, ...] = ()
    if read.parts:
        done, parts = _in_passes(engine, place, table, read)
    else:
        done = _clean(engine, "events", table, read)
    if done.rows == 0:
        raise SourceError(f'tables.events: all {read.rows_ok:,} events are of machines; look at the file, or write bots = "keep".')
    return replace(
        read,
        rows_ok=done.rows,
        rows_left_out=read.rows_left_out + done.named + done.fast,
        columns={**read.columns, "session_id": "text"},
        findings=(*read.findings, *_findings(done, table, read)),
        parts=parts,
    )


def _findings(done: Cleaned, table: TableSettings, read: TableInput) -> list[str]:
    found = []
    if table.bots == "drop":
        how = f"{done.named:,} by their user agent" if "user_agent" in read.columns else "there is no column user_agent to know them by"
        found.append(
            f"events: {done.named + done.fast:,} of {read.rows_ok:,} rows are left out as machines: {how}; "
            f"{done.fast:,} are of visits with more than {MANY} events within a minute."
        )
    if done.missing:
        rows = read.rows_ok - done.named
        found.append(
            f"events: {done.missing:,} of {rows:,} rows have no session_id; a visit ends after {table.session_gap:g} minutes without an "
            f"event: {done.visits:,} visits."
        )
    return found


# --- in passes ---------------------------------------------------------------------------------------------------


def _in_passes(engine: Engine, place: Place, table: TableSettings, read: TableInput) -> tuple[Cleaned, tuple[Part, ...]]:
    """Attach the kept files of the events as they are now; what is not kept is made."""
    recipe = [VERSION, table.bots, table.session_gap, sorted(read.columns), [part.name for part in read.parts]]
    key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:16]
    with area.opened(place, "visits", source=f"visits of {read.parts[0].path.parent.name}") as kept:
        if kept.get(f"{key}/done") is None:
            _make(engine, kept, key, table=table, read=read)
        told = [Cleaned(**one) for one in json.loads(kept.path(_entry(kept, f"{key}/done")).read_text(encoding="utf-8"))]
        kept.keep([f"{key}/done", *(f"{key}/{i}" for i in range(len(told)))])
        engine.hold(area.reading(kept.folder))
        parts = tuple(_part(kept, f"{key}/{i}", one) for i, one in enumerate(told) if one.rows)
    engine.drop("events")
    if parts:
        engine.attach("events", [part.path for part in parts])
    total = told[0]
    for one in told[1:]:
        total = total.together(one)
    return total, parts


def _make(engine: Engine, kept: Area, key: str, *, table: TableSettings, read: TableInput) -> None:
    passes = min(BUCKETS, -(-read.rows_ok // ROWS))
    told = []
    for i in range(passes):
        low, high = BUCKETS * i // passes, BUCKETS * (i + 1) // passes - 1
        engine.execute(f"CREATE OR REPLACE TABLE {WORKED} AS SELECT * FROM events WHERE bucket BETWEEN {low} AND {high}")
        done = _clean(engine, WORKED, table, read)
        first, last = engine.rows(f"SELECT min(local_timestamp), max(local_timestamp) FROM {WORKED}")[0]
        told.append(replace(done, first=_iso(first), last=_iso(last)))
        kept.add(f"{key}/{i}", lambda path: _write(engine, path), suffix=".parquet")
    engine.drop(WORKED)
    kept.add(f"{key}/done", lambda path: _write_told(told, path), suffix=".json")


def _write(engine: Engine, path: Path) -> Facts:
    engine.write_parquet(f"SELECT * FROM {WORKED} ORDER BY bucket", path, group=GROUP)
    return Facts()


def _write_told(told: Sequence[Cleaned], path: Path) -> Facts:
    path.write_text(json.dumps([asdict(one) for one in told]), encoding="utf-8")
    return Facts()


def _part(kept: Area, key: str, done: Cleaned) -> Part:
    entry = _entry(kept, key)
    first, last = (datetime.fromisoformat(text) if text else None for text in (done.first, done.last))
    return Part(hashlib.sha256(f"{key} {entry.sha256}".encode()).hexdigest(), kept.path(entry), done.rows, first, last)


def _entry(kept: Area, key: str) -> area.Landed:
    entry = kept.get(key)
    if entry is None:
        raise SourceError(f"The kept visits '{key}' are missing in '{kept.folder}'; delete that folder to make them again.")
    return entry


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


# --- machines and visits -----------------------------------------------------------------------------------------


def _clean(engine: Engine, name: str, table: TableSettings, read: TableInput) -> Cleaned:
    """Do it to the events in the engine's table of this name."""
    named = fast = 0
    if table.bots == "drop" and "user_agent" in read.columns:
        named = _delete(engine, name, f"regexp_matches(lower(user_agent), {literal(MACHINES)})")
    missing, visits = _visits(engine, name, table.session_gap, given="session_id" in read.columns)
    if table.bots == "drop":
        fast = _delete(engine, name, f"(customer_id, session_id) IN ({_FAST.format(events=name)})")
    return Cleaned(int(engine.rows(f"SELECT count(*) FROM {name}")[0][0]), named, fast, missing, visits)


_FAST = (
    "SELECT customer_id, session_id FROM (SELECT customer_id, session_id, seconds_between("
    f"lag(timestamp, {MANY}) OVER (PARTITION BY customer_id, session_id ORDER BY timestamp NULLS LAST), timestamp) "
    "AS seconds FROM {events}) AS e WHERE seconds <= 60e0"
)


def _delete(engine: Engine, name: str, condition: str) -> int:
    """The number of rows left out."""
    rows = int(engine.rows(f"SELECT count(*) FROM {name} WHERE {condition}")[0][0])
    if rows:
        engine.execute(f"DELETE FROM {name} WHERE {condition}")
    return rows


def _visits(engine: Engine, name: str, gap: float, *, given: bool) -> tuple[int, int]:
    """Number the visits of events without a session_id; how many such events and visits there are."""
    if not given:
        engine.execute(f"ALTER TABLE {name} ADD COLUMN session_id VARCHAR")
    missing = int(engine.rows(f"SELECT count(*) FILTER (WHERE session_id IS NULL) FROM {name}")[0][0])
    if not missing:
        return 0, 0
    order = "PARTITION BY customer_id, session_id IS NULL ORDER BY timestamp NULLS LAST"
    silence = f"seconds_between(lag(timestamp) OVER ({order}), timestamp) AS silence"
    begins = f"CASE WHEN silence IS NULL OR silence > {gap * 60!r} THEN 1 ELSE 0 END"
    # events of one moment have no silence between them: whichever comes first, they are of one visit
    number = f"sum({begins}) OVER ({order})"
    numbered = (
        f"SELECT * EXCLUDE (silence) REPLACE (coalesce(session_id, customer_id || ' visit ' || "
        f"CAST(CAST({number} AS BIGINT) AS VARCHAR)) AS session_id) FROM (SELECT *, {silence} FROM {name})"
    )
    engine.execute(f"CREATE TABLE __numbered AS {numbered}; DROP TABLE {name}; ALTER TABLE __numbered RENAME TO {name}")
    made = "session_id LIKE customer_id || ' visit %'" if given else "TRUE"
    return missing, int(engine.rows(f"SELECT count(DISTINCT session_id) FROM {name} WHERE {made}")[0][0])
