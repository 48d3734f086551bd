"""Who can be reached on a channel: consent with its proof, an address of one's own, and past contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlift.engine import Engine, quoted
from netlift.offers.worth import PEOPLE
from netlift.records import Ints, Tables, Texts
from netlift.settings import AnyChannel

Mask = NDArray[np.bool_]

EMAIL = ("email", "e-mail address", "is_email")
PHONE = ("phone", "telephone number", "is_phone")
ADDRESSES = {
    "smtp": EMAIL,
    "acoustic": EMAIL,
    "twilio": PHONE,
    "kannel": PHONE,
}  # kind of channel: column of contacts, its name, the test of its form
NONE, WRONG = -1, -2  # in place of an address's number: there is none, or only what cannot be one


@dataclass(frozen=True, slots=True)
class Reach:
    """One channel: (n,) why not (None = can be reached) and the proof of consent (None = no consent)."""

    reason: Texts
    consent: Texts


@dataclass(frozen=True, slots=True)
class Asker:
    """What every question about n customers needs; the customers are in the view PEOPLE."""

    engine: Engine
    tables: Tables
    n: int
    time_zone: str


def absent(texts: Texts) -> Mask:
    """Where a text is None, (n,)."""
    return np.asarray(texts == None, dtype=bool)  # noqa: E711 - element by element


def reach(ask: Asker, channel: str, settings: AnyChannel | None, *, suppressed: Mask, barred: Texts | None = None) -> Reach:
    """Who can be reached on a channel; without a table of consents or addresses nobody can. `barred`: whom rules leave out, and why."""
    nothing: Texts = np.full(ask.n, None, dtype=object)
    if settings is None:
        return Reach(np.full(ask.n, "no channel set up", dtype=object), nothing)
    consent, refused = _consents(ask, channel)
    column, name, form = ADDRESSES[settings.kind]
    address = _addresses(ask, column, form)
    has_consent = ~absent(consent)
    willing = has_consent & ~suppressed & (True if barred is None else absent(barred))
    reason = nothing
    reason[_shared(address, willing=willing, refused=refused | suppressed)] = "address shared with another customer"
    reason[address == NONE] = f"no {name}"
    reason[address == WRONG] = f"{name} that cannot be"
    if barred is not None:
        reason[~absent(barred)] = barred[~absent(barred)]
    reason[~has_consent] = f"no consent for {channel}"
    return Reach(reason, consent)


def _consents(ask: Asker, channel: str) -> tuple[Texts, Mask]:
    """The proof of a consent that still stands, and who withdrew or was recorded as anything else than given.

    The latest row of a customer counts. Where time does not tell, a refusal counts before a consent.
    """
    proof: Texts = np.full(ask.n, None, dtype=object)
    refused = np.zeros(ask.n, dtype=bool)
    if not ask.tables.has("consents"):
        return proof, refused

    def column(name: str, kind: str) -> str:
        return f"c.{name}" if ask.tables.has("consents", name) else f"CAST(NULL AS {kind})"

    sql = f"""
        SELECT place, given, coalesce(source, 'source not recorded') || ', '
               || coalesce(CAST(CAST(local_time(given_at, ?) AS DATE) AS STRING), 'date not recorded') AS proof
        FROM (SELECT p.place, x.*, row_number() OVER (
                  PARTITION BY p.place
                  ORDER BY CASE WHEN x.given OR x.given_at IS NOT NULL THEN 1 ELSE 0 END, x.given_at DESC NULLS LAST,
                           CASE WHEN x.given THEN 1 ELSE 0 END, x.source NULLS LAST) AS place_in_time
              FROM {PEOPLE} AS p JOIN
                   (SELECT c.customer_id, coalesce(lower(trim(c.status)), '') IN ('given', 'soft_opt_in') AS given,
                           {column("given_at", "TIMESTAMP")} AS given_at, {column("source", "STRING")} AS source
                    FROM consents AS c
                    WHERE lower(trim(c.channel)) = ? AND lower(trim(coalesce({column("purpose", "STRING")}, 'marketing'))) = 'marketing'
                   ) AS x ON x.customer_id = p.customer_id) AS latest
        WHERE place_in_time = 1"""
    rows = ask.engine.arrow(sql, (ask.time_zone, channel.lower()))
    place, given = rows["place"].to_numpy(), rows["given"].to_numpy()
    proof[place[given]] = rows["proof"].to_numpy()[given]
    refused[place[~given]] = True
    return proof, refused


def _addresses(ask: Asker, column: str, form: str) -> Ints:
    """A number for each customer's normalised address, else NONE or WRONG. The address itself stays in the engine."""
    found = np.full(ask.n, NONE, dtype=np.int64)
    if not ask.tables.has("contacts", column):
        return found
    sql = f"""
        SELECT place, CASE WHEN address IS NULL THEN {WRONG}
                      ELSE CAST(dense_rank() OVER (ORDER BY address NULLS LAST) AS BIGINT) - 1 END AS address
        FROM (SELECT place, min(CASE WHEN {form}(address) THEN address END) AS address
              FROM (SELECT p.place, lower(trim(c.{quoted(column)})) AS address
                    FROM {PEOPLE} AS p JOIN contacts AS c ON c.customer_id = p.customer_id) AS given
              WHERE address <> '' GROUP BY place) AS a"""
    rows = ask.engine.arrow(sql)
    found[rows["place"].to_numpy()] = rows["address"].to_numpy()
    return found


def _shared(address: Ints, *, willing: Mask, refused: Mask) -> Mask:
    """Who must be left out because of another customer at the same address.

    The first willing customer of an address stays, unless anybody at this address said no: that person would get the message.
    """
    left_out = willing & (address >= 0)
    firsts = np.flatnonzero(left_out)[np.unique(address[left_out], return_index=True)[1]]
    left_out[firsts[~np.isin(address[firsts], address[refused & (address >= 0)])]] = False
    return left_out


def past_contacts(ask: Asker, as_of: datetime, days: Sequence[int]) -> tuple[Ints, ...]:
    """Contacts of each customer in the days before `as_of` (local time), one (n,) array per window; holdouts do not count."""
    windows = tuple(np.zeros(ask.n, dtype=np.int64) for _ in days)
    moments, parameters = [], []
    if ask.tables.has("contacted", "contacted_at"):
        moments.append("local_time(c.contacted_at, ?)")
        parameters.append(ask.time_zone)
    campaigns = ask.tables.has("campaigns")
    if campaigns:
        moments.append("k.start_date")
    if not moments or not ask.tables.has("contacted"):
        return windows
    join = "LEFT JOIN campaigns AS k ON k.campaign_id = c.campaign_id" if campaigns else ""
    sql = f"""
        SELECT p.place, {", ".join(f"CAST(sum(CASE WHEN x.moment >= ? THEN 1 ELSE 0 END) AS BIGINT) AS contacts_{d}d" for d in days)}
        FROM {PEOPLE} AS p
        JOIN (SELECT c.customer_id, coalesce({", ".join(moments)}) AS moment
              FROM contacted AS c {join} WHERE {ask.tables.addressed("c")}) AS x
             ON x.customer_id = p.customer_id
        WHERE x.moment < ? GROUP BY p.place"""
    starts: list[Any] = [as_of - timedelta(days=d) for d in days]
    rows = ask.engine.arrow(sql, (*starts, *parameters, as_of))
    for window, d in zip(windows, days, strict=True):
        window[rows["place"].to_numpy()] = rows[f"contacts_{d}d"].to_numpy()
    return windows
