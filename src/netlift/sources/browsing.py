"""Browsing events once they are in the engine: machines left out, events without a session put into visits.

The rules, which the findings repeat with their counts:
- A machine by its name: a word of the user agent ends in bot, crawler, spider, …, or names a program that is no browser.
- A machine by its pace: more than MANY events of one visit within a minute; the whole visit is left out.
- A visit ends where a customer is silent for longer than `session_gap` minutes.
"""

from __future__ import annotations

from dataclasses import replace

from netlift.engine import Engine
from netlift.errors import SourceError
from netlift.records import TableInput
from netlift.settings import TableSettings
from netlift.sources.values import literal

MANY = 120  # events of one visit within a minute: two a second, all the minute long
# CUBOT is a maker of telephones. Libraries inside apps (okhttp, CFNetwork) are people and are not listed.
MACHINES = (
    "(^|[^a-z])(([a-z]*[^u])?bot|[a-z]*crawler|[a-z]*spider|slurp|headlesschrome|phantomjs|python-requests|python-urllib|aiohttp|curl|wget|"
    "go-http-client|libwww-perl|scrapy|facebookexternalhit|mediapartners-google|chrome-lighthouse|pingdom)([^a-z]|$)"
)


def cleaned(engine: Engine, table: TableSettings, read: TableInput) -> TableInput:
    """Leave machines out of the engine's table `events` and give every event a session_id; what was done is in the findings.

    Raises:
        SourceError: all events are of machines.
    """
    findings: list[str] = []
    named = fast = 0
    if read.parts:  # visits reach over parts: they are made anew from all of them
        engine.materialise("events", leave_out="bucket")
    if table.bots == "drop" and "user_agent" in read.columns:
        named = _delete(engine, f"regexp_matches(lower(user_agent), {literal(MACHINES)})")
    findings += _visits(engine, table.session_gap, given="session_id" in read.columns)
    if table.bots == "drop":
        fast = _delete(engine, f"(customer_id, session_id) IN ({_FAST})")
        how = f"{named:,} by their user agent" if "user_agent" in read.columns else "there is no column user_agent to know them by"
        findings.insert(
            0,
            f"events: {named + fast:,} of {read.rows_ok:,} rows are left out as machines: {how}; {fast:,} are of visits with more than "
            f"{MANY} events within a minute.",
        )
    left = read.rows_ok - named - fast
    if left == 0:
        raise SourceError(f'tables.events: all {read.rows_ok:,} events are of machines; look at the file, or write bots = "keep".')
    return replace(
        read,
        rows_ok=left,
        rows_left_out=read.rows_left_out + named + fast,
        columns={**read.columns, "session_id": "text"},
        findings=(*read.findings, *findings),
        parts=(),
    )


_FAST = (
    "SELECT customer_id, session_id FROM (SELECT customer_id, session_id, seconds_between("
    f"lag(timestamp, {MANY}) OVER (PARTITION BY customer_id, session_id ORDER BY timestamp NULLS LAST), timestamp) AS seconds FROM events) "
    "AS e WHERE seconds <= 60e0"
)


def _delete(engine: Engine, condition: str) -> int:
    """The number of rows left out."""
    rows = int(engine.rows(f"SELECT count(*) FROM events WHERE {condition}")[0][0])
    if rows:
        engine.execute(f"DELETE FROM events WHERE {condition}")
    return rows


def _visits(engine: Engine, gap: float, *, given: bool) -> list[str]:
    """Number the visits of events without a session_id."""
    if not given:
        engine.execute("ALTER TABLE events ADD COLUMN session_id VARCHAR")
    rows, missing = engine.rows("SELECT count(*), count(*) FILTER (WHERE session_id IS NULL) FROM events")[0]
    if not missing:
        return []
    order = "PARTITION BY customer_id, session_id IS NULL ORDER BY timestamp NULLS LAST"
    silence = f"seconds_between(lag(timestamp) OVER ({order}), timestamp) AS silence"
    begins = f"CASE WHEN silence IS NULL OR silence > {gap * 60!r} THEN 1 ELSE 0 END"
    # events of one moment have no silence between them: whichever comes first, they are of one visit
    number = f"sum({begins}) OVER ({order})"
    engine.execute(
        f"CREATE OR REPLACE TABLE events AS SELECT * EXCLUDE (silence) REPLACE (coalesce(session_id, customer_id || ' visit ' || "
        f"CAST(CAST({number} AS BIGINT) AS VARCHAR)) AS session_id) FROM (SELECT *, {silence} FROM events)"
    )
    made = "session_id LIKE customer_id || ' visit %'" if given else "TRUE"
    visits = engine.rows(f"SELECT count(DISTINCT session_id) FROM events WHERE {made}")[0][0]
    return [
        f"events: {missing:,} of {rows:,} rows have no session_id; a visit ends after {gap:g} minutes without an event: {visits:,} visits."
    ]
