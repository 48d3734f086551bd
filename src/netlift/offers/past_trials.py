"""Past campaigns in which some customers were held out at random: what a contact changed, and for whom.

Only campaigns that began at or after the date of the features are used, so that nothing known is a result of the contact, and that are
over. The outcome is the money of sales on the campaign's days, for everybody as `contacted.arm` names him; where there are no
transactions, the answer, if customers held out could answer too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from netlift.engine import Session
from netlift.errors import InputError, NotEnoughData
from netlift.offers.columns import Column
from netlift.offers.past_effect import ANSWERS, HELD, MOST, SALES, PastCampaign, balance, brings_of, learnt, told_of
from netlift.records import Accounting, BookedCampaign, Features, Floats, PastEffect, Tables
from netlift.settings import OfferSettings, Settings

NEWEST = 3  # campaigns looked at, the newest of each offer


@dataclass(frozen=True, slots=True)
class Found:
    """What past trials say, and by the offer's name what a contact is expected to bring before its cost, (n,), where that decides."""

    effects: tuple[PastEffect, ...] = ()
    brings: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def past_trials(settings: Settings, engine: Session, tables: Tables, *, features: Features, offers: Sequence[OfferSettings]) -> Found:
    """The effects of past campaigns with a random control group; nothing where there is none."""
    outcome = features.outcome
    if outcome is None or outcome.overlaps or outcome.columns or not (tables.has("contacted", "arm") and tables.has("campaigns")):
        return Found()
    effects: list[PastEffect] = []
    brings: dict[str, Floats] = {}
    notes = list(_unnamed(engine))
    margin = settings.response.margin if settings.response else None
    facts: dict[str, Column] = {f.name: features.values[:, j] for j, f in enumerate(features.features)}
    last = engine.rows("SELECT max(local_timestamp) FROM transactions")[0][0] if tables.has("transactions") else None
    for booked, span in _campaigns(engine, outcome.accounting):
        try:
            _over(span[1], last)
            campaign = _read(engine, tables, features, booked=booked, span=span)
            factor = (margin or 1.0) if campaign.of == SALES else booked.earned / booked.responses if booked.responses else 0.0
            books = Accounting(booked.campaign, booked.spent / booked.contacts, factor, outcome.accounting.currency)
            found = learnt(campaign, facts, books, seed=settings.project.seed)
        except (InputError, NotEnoughData) as reason:
            why = str(reason).partition("; add --exclude")[0]
            notes.append(f"Campaign '{booked.campaign}' held customers out, but what a contact changed cannot be told: {why}")
            continue
        told = told_of(campaign, books, found, differ=balance(facts, campaign.rows, campaign.arm == HELD), full=margin is None)
        effects.append(told)
        name = _offer(booked.offer, offers)
        if name is None and (told.personalise or told.lost):
            notes.append(f"No offer is named '{booked.offer}' like campaign '{booked.campaign}', so its effect decides about nobody.")
        elif name is not None and told.personalise and features.rows is not None:
            notes.append(f"Customers are too many to be decided one by one by campaign '{booked.campaign}': '{name}' goes to all advised.")
        elif name is not None and told.personalise:
            brings[name], outside = brings_of(campaign, facts, books, found, seed=settings.project.seed)
            notes += outside
    renamed = tuple(replace(e, offer=_offer(e.offer, offers) or e.offer) for e in effects)
    return Found(renamed, brings, tuple(notes))


def _offer(label: str, offers: Sequence[OfferSettings]) -> str | None:
    """The offer that a campaign was about: of the same name, else the only current one."""
    current = [o.name for o in offers if o.current]
    return label if label in [o.name for o in offers] else current[0] if len(current) == 1 else None


def _unnamed(engine: Session) -> tuple[str, ...]:
    """A remark where arms are named and none of them means that customers were left alone."""
    rows = engine.rows(
        "SELECT lower(trim(arm)) AS name, max(CASE WHEN is_held_out(arm) THEN 1 ELSE 0 END) FROM contacted"
        " WHERE trim(arm) <> '' GROUP BY lower(trim(arm)) ORDER BY name NULLS LAST"
    )
    if not rows or any(held for _, held in rows):
        return ()
    named = ", ".join(f"'{name}'" for name, _ in rows[:4])
    return (f"contacted.arm names {named}, and all of them count as contacted; call customers who were left alone 'control' or 'holdout'.",)


def _campaigns(engine: Session, books: Accounting) -> list[tuple[BookedCampaign, tuple[datetime, datetime]]]:
    """The newest counted campaign of each offer that held customers out, with its first and last day."""
    booked = {c.campaign: c for c in books.campaigns}
    rows = engine.rows(
        "SELECT c.campaign_id, k.start_date, k.end_date FROM contacted AS c JOIN campaigns AS k ON k.campaign_id = c.campaign_id"
        " GROUP BY c.campaign_id, k.start_date, k.end_date"
        " HAVING min(CASE WHEN is_held_out(c.arm) THEN 1 ELSE 0 END) = 0 AND max(CASE WHEN is_held_out(c.arm) THEN 1 ELSE 0 END) = 1"
        " ORDER BY k.start_date DESC NULLS LAST, c.campaign_id NULLS LAST"
    )
    newest: dict[str, tuple[BookedCampaign, tuple[datetime, datetime]]] = {}
    for name, start, end in rows:
        if name in booked and end is not None:
            newest.setdefault(booked[name].offer, (booked[name], (start, end)))
    return list(newest.values())[:NEWEST]


def _over(end: datetime, last: datetime | None) -> None:
    if last is not None and end.date() > last.date():
        raise NotEnoughData(f"it ends on {end:%Y-%m-%d} and sales are known until {last:%Y-%m-%d}.")


def _read(engine: Session, tables: Tables, features: Features, *, booked: BookedCampaign, span: tuple[datetime, datetime]) -> PastCampaign:
    """Who was in the campaign, in which of two arms: HELD, and everybody else as contacted whatever else his arm says."""
    arms = engine.arrow(
        "SELECT customer_id, min(held) AS held, max(held) AS any_held FROM (SELECT c.customer_id AS customer_id,"
        " CASE WHEN is_held_out(c.arm) THEN 1 ELSE 0 END AS held FROM contacted AS c WHERE c.campaign_id = ?) AS a"
        " GROUP BY customer_id ORDER BY customer_id NULLS LAST",
        (booked.campaign,),
    )
    one = arms.filter(pc.equal(arms["held"], arms["any_held"]))
    ids = features.customer_ids if features.rows is None else features.customer_ids[features.rows]
    place = pc.index_in(one["customer_id"], value_set=pa.array(ids, pa.string())).cast(pa.float64()).to_numpy()
    here = np.flatnonzero(~np.isnan(place))
    known = len(here)
    here = here if known <= MOST else np.sort(np.random.default_rng(known).choice(here, MOST, replace=False))
    people = pa.array(ids, pa.string()).take(pa.array(place[here].astype(np.int64)))
    y, of = _outcomes(engine, tables, people, campaign=booked.campaign, span=(span[0], span[1] + timedelta(days=1)))
    drawn = np.where(one["held"].to_numpy()[here] == 1, HELD, booked.offer).astype(object)
    if booked.offer == HELD:
        raise InputError(f"the offer is called '{HELD}' like those who were left alone; give it another name.")
    return PastCampaign(booked.campaign, booked.offer, place[here].astype(np.int64), drawn, y, of, len(arms) - len(one), known)


def _outcomes(engine: Session, tables: Tables, people: pa.Array, *, campaign: str, span: tuple[Any, Any]) -> tuple[Floats, str]:
    """What each of the people bought on the campaign's days, or whether he answered, (m,)."""
    if tables.has("transactions"):
        sql = "SELECT customer_id, CAST(sum(amount) AS DOUBLE) AS y FROM transactions WHERE local_timestamp >= ? AND local_timestamp < ?"
        table, of = engine.arrow(f"{sql} GROUP BY customer_id", span), SALES
    else:
        table, of = engine.arrow("SELECT DISTINCT customer_id, 1e0 AS y FROM responses WHERE campaign_id = ?", (campaign,)), ANSWERS
    place = pc.index_in(people, value_set=table["customer_id"]).fill_null(-1).to_numpy()
    values = np.append(table["y"].to_numpy(), 0.0)  # the last one is for those with nothing
    return values[place], of


def advised(effects: tuple[PastEffect, ...], currency: str) -> tuple[str, ...]:
    """Remarks for the advice: contacts that surely lost money against customers held out, whatever their answers say."""
    return tuple(
        f"'{e.offer}' lost money in campaign '{e.campaign}' against {e.held_out:,} customers held out at random: "
        f"{e.effect:+,.2f} {currency} per contact [{e.low:+,.2f}, {e.high:+,.2f}]; believe this rather than profits counted from answers."
        for e in effects
        if e.lost
    )
