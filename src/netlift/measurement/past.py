"""What was done and when: the days of the sales data and the campaigns of the past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from netlift.engine import Session
from netlift.errors import InputError, NotEnoughData
from netlift.records import Tables

ANY = "any"  # the scope of all campaigns together
NEEDED_BEFORE = 28  # days of sales before a campaign's start, for a before-and-after comparison
EARLIER_DAYS = range(7, 29)  # how many earlier days must be known, and how many are looked at, to call the last day partial
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Campaign:
    """A past campaign. Days are counted from the first day of the sales data (0) and may lie outside it."""

    campaign_id: str
    kind: str | None  # its type, None where it has none
    first: int
    last: int  # inclusive


@dataclass(frozen=True, slots=True)
class Past:
    """The local days with sales, from `start` to `end` inclusive, and the campaigns in order of their start."""

    start: date
    end: date
    campaigns: tuple[Campaign, ...]

    @property
    def days(self) -> int:
        """Number of days of the period."""
        return (self.end - self.start).days + 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """The campaign types, sorted."""
        return tuple(sorted({c.kind for c in self.campaigns if c.kind is not None}))

    def scope(self, name: str) -> tuple[Campaign, ...]:
        """The campaigns of a scope that touch the period: all, those of a type, or the one with this id."""
        named = (c for c in self.campaigns if name == ANY or name in (c.kind, c.campaign_id))
        return tuple(c for c in named if c.last >= 0 and c.first < self.days)

    def comparable(self, campaign: Campaign) -> bool:
        """Whether there are enough days before the start, and the end is within the data."""
        return campaign.first >= NEEDED_BEFORE and campaign.last < self.days


def read(engine: Session, tables: Tables) -> Past:
    """The period and the campaigns, checked.

    Raises:
        InputError: a table is not given, a campaign lacks a date, ends before it starts or shares its id or type's name.
        NotEnoughData: there are no sales.
    """
    for table, holds in (("transactions", "the sales"), ("campaigns", "when each campaign ran"), ("contacted", "who was addressed")):
        if not tables.has(table):
            raise InputError(f"The table {table}, which says {holds}, is not given; add [tables.{table}] to netlift.toml.")
    start, end = _period(engine)
    kind = "type" if tables.has("campaigns", "type") else "CAST(NULL AS STRING)"
    rows = engine.rows(
        f"SELECT campaign_id, {kind}, start_date, end_date FROM campaigns ORDER BY start_date NULLS LAST, campaign_id NULLS LAST"
    )
    if not rows:
        raise InputError("The table campaigns has 0 rows; there is no campaign to measure.")
    past = Past(start, end, tuple(_campaign(row, start) for row in rows))
    _names_are_distinct(past)
    if not past.scope(ANY):
        raise NotEnoughData(f"None of the {len(rows)} campaigns has a day between {start} and {end}, the days with sales.")
    return past


def _campaign(row: tuple[Any, ...], start: date) -> Campaign:
    campaign_id, kind, first, last = row
    if first is None or last is None:
        raise InputError(f"Campaign '{campaign_id}' has no {'start' if first is None else 'end'} date; both are needed.")
    if last < first:
        raise InputError(f"Campaign '{campaign_id}' ends on {last.date()}, before its start on {first.date()}; correct the dates.")
    return Campaign(campaign_id, kind, (first.date() - start).days, (last.date() - start).days)


def _names_are_distinct(past: Past) -> None:
    names = [ANY, *past.kinds, *(c.campaign_id for c in past.campaigns)]
    twice = _twice(names)
    if twice is not None:
        raise InputError(f"'{twice}' names two things among the campaigns' ids, their types and '{ANY}' (all); give each its own name.")


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]


def _period(engine: Session) -> tuple[date, date]:
    """First and last local day with sales; a last day that the data hold only in part does not count.

    It is taken for partial when its last sale comes more than an hour earlier in the day than the last sale of each of
    the 28 days with sales before it (at least 7 are needed to tell).
    """
    newest = engine.rows(
        "SELECT day, max(seconds) FROM (SELECT CAST(local_timestamp AS DATE) AS day,"
        " seconds_between(CAST(CAST(local_timestamp AS DATE) AS TIMESTAMP), local_timestamp) AS seconds FROM transactions)"
        " GROUP BY day ORDER BY day DESC NULLS LAST LIMIT 29"
    )
    if not newest:
        raise NotEnoughData("The table transactions has 0 rows; without sales there is nothing to measure.")
    start: date = engine.rows("SELECT min(CAST(local_timestamp AS DATE)) FROM transactions")[0][0]
    (last, closing), earlier = newest[0], newest[1:]
    partial = len(earlier) >= EARLIER_DAYS.start and all(closing < other - HOUR for _, other in earlier)
    return start, last - timedelta(days=1) if partial else last
