"""What the rules of channels and countries say of everybody when a campaign is prepared.

The verdict is asked once per distinct set of facts: a million customers have a few thousand. It is the same one that launching and
claiming ask for each person, so what is counted here is what will be sent, as far as the clock allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from netlift import rules
from netlift.engine import Engine
from netlift.records import Ints, Standing, Tables, Texts
from netlift.rules.own import own_rules
from netlift.settings import Settings
from netlift.store import consents, permission
from netlift.store.models import Run
from netlift.workflow import kept, outputs

PEOPLE = "standing_people"  # view: customer_id, place (0..n-1)
CONSENT = ("status", "kind", "given_at", "wording", "proof", "confirmed_at", "confirmed_from", "expires_at", "facts")
KINDS = {"given_at": "TIMESTAMP", "confirmed_at": "TIMESTAMP", "expires_at": "TIMESTAMP"}
RECENT = timedelta(days=30)
BATCH = 10_000  # rows of consents turned into Python at once


@dataclass(frozen=True, slots=True)
class _Groups:
    """n customers in groups of equal facts."""

    of: Ints  # (n,) the group of each
    facts: list[tuple[Any, ...]]  # of each group


def standing(settings: Settings, engine: Engine, tables: Tables, customer_ids: Texts, *, now: datetime) -> Standing:
    """Whom the rules leave out on each channel that is set up, and how often people are contacted by other runs.

    Asked at the moment the campaign begins, or now where that is past; who must wait for the hour is not left out.

    Raises:
        SettingsError: [rules] is milder than the packs.
    """
    n = len(customer_ids)
    engine.register(PEOPLE, pa.table({"customer_id": pa.array(customer_ids, pa.string()), "place": np.arange(n)}))
    try:
        contacts = _contacts(engine, tables, n, home=_home(settings, tables))
        held = {channel: _consents(engine, tables, channel, n) for channel in settings.channels}
    finally:
        engine.unregister(PEOPLE)
    week, month = _pressure(customer_ids, now)
    clock = _clock(settings, now)
    places = _places(contacts)
    last = _last(customer_ids)
    more = own_rules(settings.rules)
    barred = {
        channel: _barred(channel, columns, places, contacts["phone"], (customer_ids, last), clock, more)
        for channel, columns in held.items()
    }
    return Standing(barred, week, month)


@dataclass(frozen=True, slots=True)
class Said:
    """What later verdicts need of the tables: consents, and contacts of the last 30 days."""

    consents: pa.Table | None
    contacts: tuple[tuple[str, str, datetime], ...]  # customer, campaign, when
    home: str  # the country of everybody, where the table of contacts has no column for it; "" = each has his own, or it is not known


def said(settings: Settings, engine: Engine, tables: Tables, *, now: datetime) -> Said:
    """Take it out of the engine while that is open."""
    naive = now.astimezone(UTC).replace(tzinfo=None)
    rows: list[Any] = []
    if tables.has("contacted", "contacted_at"):
        recent = f"{tables.addressed('c')} AND contacted_at > ? AND contacted_at <= ?"
        rows = engine.rows(f"SELECT customer_id, campaign_id, contacted_at FROM contacted AS c WHERE {recent}", (naive - RECENT, naive))
    return Said(engine.arrow("SELECT * FROM consents") if tables.has("consents") else None, tuple(rows), _home(settings, tables))


def remember(run_id: str, settings: Settings, found: Said) -> None:
    """Keep it in the store, with the rules that the run is judged by; call it in the transaction that keeps the plan."""
    permission.keep(int(run_id), settings.review, settings.rules, home=found.home)
    if found.consents is not None:
        consents.fill(row for batch in found.consents.to_batches(BATCH) for row in batch.to_pylist())
    consents.fill_contacts(found.contacts)


def _clock(settings: Settings, now: datetime) -> rules.Clock:
    zone = ZoneInfo(settings.project.time_zone)
    start, end = (moment and moment.replace(tzinfo=zone).astimezone(UTC) for moment in (settings.campaign.start, settings.campaign.end))
    return rules.Clock(max(now, start or now), until=end, lists=consents.lists())


def _home(settings: Settings, tables: Tables) -> str:
    """project.country says where people are when the contact data leave countries out altogether; a blank among others is unknown."""
    return "" if tables.has("contacts", "country") else settings.project.country or ""


def _contacts(engine: Engine, tables: Tables, n: int, *, home: str) -> dict[str, Texts]:
    """What tells where people may be, (n,) each; "" = not known."""
    names = ("country", "region", "time_zone", "phone")
    found = {name: np.full(n, "", dtype=object) for name in names}
    found["country"][:] = home
    if tables.has("contacts"):
        columns = ", ".join(f"coalesce(c.{x}, '') AS {x}" if tables.has("contacts", x) else f"'' AS {x}" for x in names)
        rows = engine.arrow(f"SELECT p.place, {columns} FROM {PEOPLE} AS p JOIN contacts AS c ON c.customer_id = p.customer_id")
        at = rows["place"].to_numpy()
        for name in names if not home else names[1:]:
            found[name][at] = rows[name].to_numpy(zero_copy_only=False)
    return found


def _consents(engine: Engine, tables: Tables, channel: str, n: int) -> dict[str, Any]:
    """The latest row of each customer on a channel, an Arrow array (n,) a column; null where there is none."""
    if not tables.has("consents"):
        return {name: pa.nulls(n, pa.string()) for name in CONSENT}

    def column(name: str) -> str:
        return f"c.{name}" if tables.has("consents", name) else f"CAST(NULL AS {KINDS.get(name, 'STRING')})"

    # a day is enough to tell facts apart, and its beginning is the strictest reading of it
    columns = ", ".join(
        f"CAST({column(x)} AS DATE) AS {x}" if x in KINDS else f"trim({column(x)}) AS {x}" for x in CONSENT if x != "status"
    )
    sql = f"""
        SELECT place, status, {", ".join(x for x in CONSENT if x != "status")}
        FROM (SELECT p.place, x.*, row_number() OVER (
                  PARTITION BY p.place
                  ORDER BY CASE WHEN x.status <> 'withdrawn' OR x.moment IS NOT NULL THEN 1 ELSE 0 END, x.moment DESC NULLS LAST,
                           CASE WHEN x.status <> 'withdrawn' THEN 1 ELSE 0 END, x.source NULLS LAST) AS place_in_time
              FROM {PEOPLE} AS p JOIN
                   (SELECT c.customer_id, lower(trim(c.status)) AS status, {column("given_at")} AS moment,
                           {column("source")} AS source, {columns}
                    FROM consents AS c
                    WHERE lower(trim(c.channel)) = ? AND lower(trim(coalesce({column("purpose")}, 'marketing'))) = 'marketing'
                   ) AS x ON x.customer_id = p.customer_id) AS latest
        WHERE place_in_time = 1"""
    rows = engine.arrow(sql, (channel.lower(),))
    at = np.full(n, len(rows), dtype=np.int64)  # where a customer's row is; of who has none behind the end, which is null
    at[rows["place"].to_numpy()] = np.arange(len(rows))
    take = pa.array(at, mask=at == len(rows))
    return {name: rows[name].combine_chunks().take(take) for name in CONSENT}


def _pressure(customer_ids: Texts, now: datetime) -> tuple[Ints, Ints]:
    """Contacts by other runs, made and planned, in 7 and in 30 days, (n,) each; a plan that was approved counts as if it began now."""
    known = permission.planned(now)
    pairs = np.array([known.get(customer, (0, 0)) for customer in customer_ids], dtype=np.int64).reshape(-1, 2)
    for run in Run.objects.filter(state__in=("approved", "scheduled")).order_by("pk"):
        audience = outputs.read_audience(kept.audience_file(run))
        pairs += np.isin(customer_ids.astype(str), audience.customer_ids[audience.contacted()].astype(str))[:, None]
    return pairs[:, 0], pairs[:, 1]


def _last(customer_ids: Texts) -> Mapping[str, datetime]:
    """When netlift last reached somebody, of those whom it ever did."""
    known = permission.last_contacts()
    return {customer: known[customer] for customer in customer_ids if customer in known} if known else {}


def _grouped(*columns: Any) -> _Groups:  # noqa: ANN401 - arrays of any kind
    """The distinct combinations of columns (n,), NumPy's or Arrow's."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    arrays = [pa.array(column, from_pandas=True) if isinstance(column, np.ndarray) else column for column in columns]
    firsts: Ints = np.zeros(0, dtype=np.int64)
    for array in arrays:
        codes = array.dictionary_encode()
        numbers = codes.indices.fill_null(len(codes.dictionary)).to_numpy().astype(np.int64)
        combined = key * (len(codes.dictionary) + 1) + numbers
        _, firsts, key = np.unique(combined, return_index=True, return_inverse=True)
    taken = [array.take(pa.array(firsts)).to_pylist() for array in arrays]
    return _Groups(key, list(zip(*taken, strict=True)))


def _places(contacts: Mapping[str, Texts]) -> tuple[Ints, list[rules.Place]]:
    """A number for each customer, (n,), and the places by number."""
    numbers = np.array([rules.prefix(p, c) if p else "" for p, c in zip(contacts["phone"], contacts["country"], strict=True)], dtype=object)
    groups = _grouped(contacts["country"], contacts["region"], contacts["time_zone"], numbers)
    index: dict[rules.Place, int] = {}
    of_group = np.array([index.setdefault(rules.place(*facts), len(index)) for facts in groups.facts], dtype=np.int64)
    return of_group[groups.of], list(index)


def _barred(
    channel: str,
    held: Mapping[str, Any],
    places: tuple[Ints, Sequence[rules.Place]],
    phones: Texts,
    known: tuple[Texts, Mapping[str, datetime]],
    clock: rules.Clock,
    more: Sequence[rules.Rule],
) -> Texts:
    """Why each customer is left out on a channel, (n,); None = is not."""
    customers, last = known
    numbers, by_number = places
    lists = consents.listed(dict(zip(customers, phones, strict=True))) if channel in permission.CALLED and clock.lists else {}
    listed = np.array([" ".join(sorted(lists.get(c, ()))) for c in customers] if lists else [""] * len(customers), dtype=object)
    lately = np.array([last[c].date() if c in last else None for c in customers] if last else [None] * len(customers), dtype=object)
    groups = _grouped(numbers, *(held[name] for name in CONSENT), listed, lately)
    said: list[str | None] = []
    for facts in groups.facts:
        place, consent = by_number[facts[0]], _consent(dict(zip(CONSENT, facts[1 : 1 + len(CONSENT)], strict=True)))
        person = rules.Person(
            packs=place.packs,
            zones=place.zones,
            holidays=place.holidays,
            consent=consent,
            on_lists=frozenset(facts[-2].split()),
            last_contact=_moment(facts[-1]),
        )
        verdict = rules.named(rules.judge(person, channel, clock, more=more), channel)
        said.append(verdict.words if verdict.kind == "excluded" else None)
    return np.array(said, dtype=object)[groups.of]


def _consent(row: Mapping[str, Any]) -> rules.Consent:
    if row["status"] is None:
        return rules.Consent()
    return rules.Consent(
        status=row["status"],
        kind=(row["kind"] or "express").lower(),
        given_at=_moment(row["given_at"]),
        wording=row["wording"] or "",
        proof=row["proof"] or "",
        confirmed_at=_moment(row["confirmed_at"]),
        confirmed_from=row["confirmed_from"] or "",
        expires_at=_moment(row["expires_at"]),
        facts=frozenset((row["facts"] or "").lower().replace(",", " ").replace(";", " ").split()),
    )


def _moment(day: Any) -> datetime | None:  # noqa: ANN401 - a date, or None
    return datetime.combine(day, time(), UTC) if day is not None else None
