"""The health of the tables in figures: freshness, volume, missing values, drift, coverage and clocks.

Of a table in parts with more than `LARGEST` rows only some buckets of customers are looked at, so that new data do not cost a look at all
old ones; counts are scaled up then, and the text says "about". Nothing here changes a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from netlift.engine import Engine, quoted
from netlift.records import Floats, HealthFigure, TableInput
from netlift.sources.canonical import CANONICAL
from netlift.sources.parts import BUCKETS

MOMENTS = {
    "transactions": "local_timestamp",
    "events": "local_timestamp",
    "survey": "answered_at",
    "consents": "given_at",
    "contacted": "contacted_at",
    "responses": "responded_at",
}
LARGEST = 500_000  # rows of a table that are looked at
SAMPLE = 100_000  # rows that drift is judged on
STALE = 14  # days behind the newest table, from which a table may have been forgotten
DAYS = 28  # with rows, fewer than which say nothing about volume
OUTLYING = 5.0  # robust standard deviations (Iglewicz and Hoaglin 1993 use 3.5) from which a week is unusual
FEWEST_WEEKS = 8
DRIFTED = 0.25  # population stability index from which practice speaks of a large shift
GROUPS = 10  # of values
MUCH = 0.05  # share of missing values worth a look
UNSEEN = r"[\s\x{00A0}\x{00AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2069}\x{FEFF}]+"  # blanks and what has no width


def vital_signs(engine: Engine, inputs: Sequence[TableInput], *, base: str, time_zone: str) -> tuple[HealthFigure, ...]:
    """The figures of every table that is in the engine under its name; `base` is the table of all customers, days are of `time_zone`."""
    seen = [_seen(engine, i) for i in inputs]
    days = {one.read.table: _days(engine, one, time_zone) for one in seen}
    newest = max((d.last for d in days.values() if d is not None), default=None)
    found: list[HealthFigure] = []
    for one in seen:
        of = days[one.read.table]
        if of is not None and newest is not None:
            found += [*_freshness(one.read, of, newest), *_volume(one, of), *_clock(engine, one)]
            found += _drift(engine, one, of)
        found += [*_missing(engine, one), *_coverage(engine, one, base)]
        if one.read.table == base and not one.buckets:  # twins are not in the same bucket
            found += _twins(engine, one)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A table and what is looked at of it."""

    read: TableInput
    rows: str  # the engine's name of the rows
    share: float  # of the table's customers that they are of
    buckets: int  # 0 = all

    @property
    def about(self) -> str:
        """Before numbers that are scaled up."""
        return "" if self.share == 1 else "about "


def looked_at(read: TableInput) -> int:
    """The first buckets of customers that are looked at; 0 = all rows are."""
    return 0 if not read.parts or read.rows_ok <= LARGEST else max(1, BUCKETS * LARGEST // read.rows_ok)


def _seen(engine: Engine, read: TableInput) -> _Seen:
    buckets = looked_at(read)
    if not buckets:
        return _Seen(read, read.table, 1.0, 0)
    name = f"vital_{read.table}"
    engine.keep(name, f"SELECT * EXCLUDE (bucket) FROM {read.table} WHERE bucket < {buckets}")
    return _Seen(read, name, buckets / BUCKETS, buckets)


@dataclass(frozen=True, slots=True)
class _Days:
    """Rows by calendar day."""

    day: tuple[date, ...]
    rows: Floats  # (days with rows,)

    @property
    def last(self) -> date:
        return self.day[-1]


def _days(engine: Engine, seen: _Seen, time_zone: str) -> _Days | None:
    moment = MOMENTS.get(seen.read.table)
    if moment is None or moment not in seen.read.columns:
        return None
    local = moment if moment == "local_timestamp" else f"local_time({moment}, '{time_zone}')"
    rows = engine.rows(f"SELECT CAST({local} AS DATE) AS d, count(*) FROM {seen.rows} WHERE {moment} IS NOT NULL GROUP BY d ORDER BY d")
    return _Days(tuple(r[0] for r in rows), np.array([r[1] / seen.share for r in rows])) if rows else None


def _freshness(read: TableInput, of: _Days, newest: date) -> list[HealthFigure]:
    behind = (newest - of.last).days
    gaps = np.diff([d.toordinal() for d in of.day])
    usual = float(np.quantile(gaps, 0.95)) if len(gaps) else 0.0
    stale = behind > max(STALE, 3 * usual)
    text = f"{read.table}: the newest row is of {of.last}, {behind} days before the newest of all tables."
    return [HealthFigure(read.table, "freshness", "", float(behind), "days", text + (" Is a file missing?" if stale else ""), stale)]


def _volume(seen: _Seen, of: _Days) -> list[HealthFigure]:
    """Rows per week, whole weeks only, and days in a row without any."""
    read = seen.read
    if len(of.day) < DAYS:
        return []
    first, length = of.day[0], (of.last - of.day[0]).days + 1
    by_day = np.zeros(length)
    by_day[[(d - first).days for d in of.day]] = of.rows
    weeks = by_day[: length // 7 * 7].reshape(-1, 7).sum(axis=1)
    found = [_weeks(seen, weeks, first)] if len(weeks) >= FEWEST_WEEKS else []
    empty, start = _longest_run(by_day == 0)
    usual = float(np.mean(by_day == 0))
    # days without rows are usual in a small table: a run is odd where chance would hardly make one in the time seen
    odd = empty >= 3 and length * usual**empty * (1 - usual) < 0.01
    if empty:
        text = f"{read.table}: {empty} days in a row without a row, from {first + timedelta(days=start)}."
        found.append(HealthFigure(read.table, "volume", "", float(empty), "days without rows", text, odd))
    return found


def _weeks(seen: _Seen, weeks: Floats, first: date) -> HealthFigure:
    read = seen.read
    middle = float(np.median(weeks))
    spread = 1.4826 * float(np.median(np.abs(weeks - middle)))
    far = np.flatnonzero(np.abs(weeks - middle) > max(OUTLYING * spread, 0.2 * middle))
    text = f"{read.table}: {seen.about}{middle:,.0f} rows in the middle week"
    if len(far):
        worst = int(far[np.argmax(np.abs(weeks[far] - middle))])
        text += f"; {len(far)} weeks are unusual, most that from {first + timedelta(weeks=worst)} with {weeks[worst]:,.0f}"
    return HealthFigure(read.table, "volume", "", middle, "rows a week", text + ".", bool(len(far)))


def _longest_run(empty: np.ndarray) -> tuple[int, int]:
    """Length and start of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, empty.astype(int), 0]))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(ends[longest] - starts[longest]), int(starts[longest])


def _clock(engine: Engine, seen: _Seen) -> list[HealthFigure]:
    """Rows of the future, and times of day that were lost."""
    read = seen.read
    moment = MOMENTS[read.table]
    now = datetime.now(tz=UTC).replace(tzinfo=None) + timedelta(hours=14)  # no clock on earth is further ahead
    later, midnight, known = engine.rows(
        f"SELECT count(*) FILTER (WHERE {moment} > ?), count(*) FILTER (WHERE {moment} = date_trunc('day', {moment})), count({moment})"
        f" FROM {seen.rows}",
        [now],
    )[0]
    share = midnight / known
    text = f"{read.table}: {100 * share:.1f} % of the rows are of midnight exactly"
    lost = 0.02 < share < 1  # a table of whole days is all midnight; some of it means that times were lost
    found = [HealthFigure(read.table, "clock", moment, share, "share", text + (": were times cut off?" if lost else "."), lost)]
    if later:
        later = round(later / seen.share)
        text = f"{read.table}: {seen.about}{later:,} rows lie in the future; look at the clock or the date format of the source."
        found.append(HealthFigure(read.table, "clock", moment, float(later), "rows in the future", text, True))
    return found


def _missing(engine: Engine, seen: _Seen) -> list[HealthFigure]:
    read = seen.read
    names = [n for n in read.columns if (read.table, n) != ("transactions", "coupon") and n != "local_timestamp"]
    present = engine.rows(f"SELECT count(*), {', '.join(f'count({quoted(n)})' for n in names)} FROM {seen.rows}")[0]
    rows = present[0]
    found = []
    for name, count in zip(names, present[1:], strict=True):
        share = 1 - count / rows
        text = f"{read.table}: {name} is missing in {100 * share:.1f} % of the rows."
        found.append(HealthFigure(read.table, "missing", name, share, "share", text, share > MUCH))
    return found


def _coverage(engine: Engine, seen: _Seen, base: str) -> list[HealthFigure]:
    read = seen.read
    if "customer_id" not in CANONICAL[read.table].columns or read.table == base:
        return []
    rows = f"SELECT customer_id, count(*) AS n FROM {seen.rows} GROUP BY customer_id"
    some = f"(SELECT customer_id FROM {base} WHERE bucket_of(customer_id, {BUCKETS}) < {seen.buckets})" if seen.buckets else base
    everybody, known, middle, few = engine.rows(
        f"SELECT (SELECT count(DISTINCT customer_id) FROM {some}), count(*), median(n), count(*) FILTER (WHERE n < 3)"
        f" FROM ({rows}) AS r SEMI JOIN {some} AS b ON r.customer_id = b.customer_id"
    )[0]
    if not everybody:
        return []
    share = known / everybody
    known, everybody, few = (round(n / seen.share) for n in (known, everybody, few))
    text = f"{read.table}: {seen.about}{known:,} of {everybody:,} customers ({100 * share:.1f} %) have rows"
    if known:
        text += f", {middle:,.0f} in the middle; {seen.about}{few:,} have fewer than three"
    return [HealthFigure(read.table, "coverage", "customer_id", share, "share", text + ".", False)]


def _twins(engine: Engine, seen: _Seen) -> list[HealthFigure]:
    """Ids that most likely mean one customer and are several: only capitals, blanks, or the way an accent is written differ."""
    bare = f"lower(nfc_normalize(regexp_replace(customer_id, '{UNSEEN}', '', 'g')))"
    twins = engine.rows(f"SELECT count(*) - count(DISTINCT {bare}) FROM (SELECT DISTINCT customer_id FROM {seen.rows})")[0][0]
    have = "1 customer_id differs" if twins == 1 else f"{twins:,} values of customer_id differ"
    text = f"{seen.read.table}: {have} from another one only in capitals, blanks, unseen signs or the way accents are written"
    return [
        HealthFigure(
            seen.read.table, "ids", "customer_id", float(twins), "ids", text + ("; each is a customer." if twins else "."), twins > 0
        )
    ]


# --- drift -------------------------------------------------------------------------------------------------------


def _drift(engine: Engine, seen: _Seen, of: _Days) -> list[HealthFigure]:
    """Population stability index of each column: the last quarter of the time against what was before."""
    read = seen.read
    cut = of.day[0] + (of.last - of.day[0]) * 3 / 4
    moment = MOMENTS[read.table]
    total = float(of.rows.sum())
    late = float(of.rows[[d >= cut for d in of.day]].sum())
    if min(late, total - late) < 500 or len(of.day) < DAYS:
        return []
    numbers = [n for n, kind in read.columns.items() if kind == "number"]
    words = [n for n, kind in read.columns.items() if kind == "text" and CANONICAL[read.table].columns.get(n) == "text"]
    if not numbers + words:
        return []
    share = min(1.0, SAMPLE / (total * seen.share))
    columns = ", ".join(map(quoted, numbers + words))
    recent = f"CAST({moment} AS DATE) >= DATE '{cut}' AS __recent"
    some = f"{seen.rows} WHERE unit_hash(customer_id) < {share!r} AND {moment} IS NOT NULL"
    engine.keep("vital_sample", f"SELECT {columns}, {recent} FROM {some}")
    found = []
    for name in numbers:
        rows = f"SELECT {quoted(name)} AS v, __recent AS r FROM vital_sample WHERE {quoted(name)} IS NOT NULL"
        found += _of_numbers(engine, read.table, name, rows)
    for name in words:
        found += _of_words(engine, read.table, name, f"SELECT {quoted(name)} AS v, __recent AS r FROM vital_sample")
    return found


def _of_numbers(engine: Engine, table: str, name: str, rows: str) -> list[HealthFigure]:
    edges = engine.rows(f"SELECT quantile_cont(v, {[i / GROUPS for i in range(1, GROUPS)]}) FROM ({rows}) WHERE NOT r")[0][0]
    if edges is None:
        return []
    bounds = sorted(set(edges))
    cases = " + ".join(f"CASE WHEN v > {bound!r} THEN 1 ELSE 0 END" for bound in bounds)
    counts = engine.rows(f"SELECT {cases} AS g, count(*) FILTER (WHERE NOT r), count(*) FILTER (WHERE r) FROM ({rows}) GROUP BY g")
    return [_figure(table, name, counts)]


def _of_words(engine: Engine, table: str, name: str, rows: str) -> list[HealthFigure]:
    counts = engine.rows(
        f"SELECT v AS g, count(*) FILTER (WHERE NOT r), count(*) FILTER (WHERE r) FROM ({rows}) GROUP BY g LIMIT {5 * GROUPS + 1}"
    )
    return [_figure(table, name, counts)] if 1 < len(counts) <= 5 * GROUPS else []


def _figure(table: str, name: str, counts: Sequence[tuple[object, int, int]]) -> HealthFigure:
    index = stability(np.array([c[1] for c in counts], dtype=float), np.array([c[2] for c in counts], dtype=float))
    drifted = index > DRIFTED
    told = "differs much from" if drifted else "is like"
    text = f"{table}: {name} in the last quarter of the time {told} before (population stability index {index:.2f})."
    return HealthFigure(table, "drift", name, index, "population stability index", text, drifted)


def stability(before: Floats, after: Floats) -> float:
    """Population stability index of counts by group, (g,) each: sum of (q - p) ln(q / p), half a row added to empty groups."""
    p = np.maximum(before, 0.5) / np.maximum(before, 0.5).sum()
    q = np.maximum(after, 0.5) / np.maximum(after, 0.5).sum()
    return float(((q - p) * np.log(q / p)).sum())
