"""Past campaigns in which some customers were held out at random: what a contact changed, and for whom.

Only campaigns that began at or after the date of the features are used, so that nothing known is a result of the contact. The outcome is
the money of sales on the campaign's days, for everybody in the arm that `contacted.arm` names; where there are no transactions, the answer,
if customers held out could answer too. Whether arms were drawn at random is not believed but tested: before the campaign their features
must not differ more than chance allows (Hansen and Bowers, Statistical Science 23, 2008, equation 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import chi2

from netlift.engine import Session
from netlift.errors import InputError, NotEnoughData
from netlift.offers import columns as encoding
from netlift.offers import policy_value, uplift
from netlift.offers.columns import Column
from netlift.offers.reach import Mask
from netlift.offers.targeting import Ask, Targeting, target
from netlift.offers.uplift import Trial
from netlift.records import Accounting, Features, Floats, Ints, PastEffect, Tables, Texts
from netlift.settings import Settings

HELD = "held out"  # what the control arm is called here, whatever the table calls it
NEWEST = 3  # campaigns looked at, the newest of each offer
MOST = 20_000  # customers of a campaign learnt from
NOT_BY_LOT = 1e-3  # p below which arms were not drawn at random
SALES, ANSWERS = "sales on its days", "answers"


@dataclass(frozen=True, slots=True)
class Found:
    """What past trials say, and whom a contact with an offer pays for, by the offer's name, (n,) where that could be told."""

    effects: tuple[PastEffect, ...] = ()
    pays: Mapping[str, Mask] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Campaign:
    """A past campaign with customers held out: its rows of the features, their arms and outcomes."""

    campaign: str
    offer: str
    rows: Ints  # (m,) positions in features.values
    arm: Texts  # (m,)
    y: Floats  # (m,)
    of: str  # SALES or ANSWERS
    both: int  # customers in two arms, left out


def past_trials(settings: Settings, engine: Session, tables: Tables, features: Features) -> Found:
    """The effects of past campaigns with a random control group; nothing where there is none."""
    outcome = features.outcome
    if outcome is None or outcome.overlaps or outcome.columns or not tables.has("contacted", "arm"):
        return Found()
    effects: list[PastEffect] = []
    pays: dict[str, Mask] = {}
    notes: list[str] = []
    margin = settings.response.margin if settings.response else None
    known: dict[str, Column] = {f.name: features.values[:, j] for j, f in enumerate(features.features)}
    for campaign in _campaigns(engine, tables, features):
        booked = next(c for c in outcome.accounting.campaigns if c.campaign == campaign.campaign)
        factor = outcome.accounting.revenue if campaign.of == ANSWERS else margin or 1.0
        books = Accounting(campaign.campaign, booked.spent / booked.contacts, factor, outcome.accounting.currency)
        try:
            found = _learnt(campaign, known, books, seed=settings.project.seed)
        except (InputError, NotEnoughData) as reason:
            notes.append(f"Campaign '{campaign.campaign}' held customers out, but what a contact changed cannot be told: {reason}")
            continue
        told = _told(campaign, books, found, balance=_balance(campaign, known), full=margin is None)
        effects.append(told)
        if told.personalise and features.rows is None:
            pays[campaign.offer] = _pays(campaign, known, books, found, seed=settings.project.seed)
    return Found(tuple(effects), pays, tuple(notes))


def _campaigns(engine: Session, tables: Tables, features: Features) -> list[_Campaign]:
    outcome = features.outcome
    booked = {c.campaign: c.offer for c in outcome.accounting.campaigns} if outcome else {}
    rows = engine.rows(
        "SELECT c.campaign_id, k.start_date, k.end_date FROM contacted AS c JOIN campaigns AS k ON k.campaign_id = c.campaign_id"
        " GROUP BY c.campaign_id, k.start_date, k.end_date"
        " HAVING min(CASE WHEN is_held_out(c.arm) THEN 1 ELSE 0 END) = 0 AND max(CASE WHEN is_held_out(c.arm) THEN 1 ELSE 0 END) = 1"
        " ORDER BY k.start_date DESC NULLS LAST, c.campaign_id NULLS LAST"
    )
    newest: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        if row[0] in booked and row[2] is not None:
            newest.setdefault(booked[row[0]], row)
    return [_read(engine, tables, features, offer=offer, row=row) for offer, row in list(newest.items())[:NEWEST]]


def _read(engine: Session, tables: Tables, features: Features, *, offer: str, row: tuple[Any, ...]) -> _Campaign:
    campaign, start, end = row
    arm = f"CASE WHEN is_held_out(c.arm) THEN '{HELD}' ELSE coalesce(c.arm, 'contacted') END"
    arms = engine.arrow(
        "SELECT customer_id, min(arm) AS arm, CAST(count(DISTINCT arm) AS BIGINT) AS arms"
        f" FROM (SELECT c.customer_id AS customer_id, {arm} AS arm FROM contacted AS c WHERE c.campaign_id = ?) AS a"
        " GROUP BY customer_id ORDER BY customer_id NULLS LAST",
        (campaign,),
    )
    one = arms.filter(pc.equal(arms["arms"], 1))
    ids = features.customer_ids if features.rows is None else features.customer_ids[features.rows]
    place = pc.index_in(one["customer_id"], value_set=pa.array(ids, pa.string())).cast(pa.float64()).to_numpy()
    here = np.flatnonzero(~np.isnan(place))
    here = here if len(here) <= MOST else np.sort(np.random.default_rng(len(here)).choice(here, MOST, replace=False))
    people = pa.array(ids, pa.string()).take(pa.array(place[here].astype(np.int64)))
    y, of = _outcomes(engine, tables, people, campaign=campaign, span=(start, end + timedelta(days=1)))
    drawn = np.array(one["arm"].to_pylist(), dtype=object)[here]
    return _Campaign(campaign, offer, place[here].astype(np.int64), drawn, y, of, len(arms) - len(one))


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


def _learnt(campaign: _Campaign, known: Mapping[str, Column], books: Accounting, *, seed: int) -> Targeting:
    """Effects out of sample.

    Raises:
        InputError, NotEnoughData: as `target`; and where only contacted customers could answer.
    """
    held = campaign.arm == HELD
    if campaign.of == ANSWERS and not campaign.y[held].any():
        raise InputError("no customer held out has an answer, so answers tell nothing about them; transactions would.")
    columns, _ = encoding.usable({name: values[campaign.rows] for name, values in known.items()}, ())
    for name in ("an outcome", "an arm"):
        if name in columns:
            raise InputError(f"a feature is named '{name}'; give it another name.")
    columns |= {"an outcome": campaign.y, "an arm": campaign.arm}
    return target(np.arange(len(campaign.y)).astype(str).astype(object), columns, Ask("an outcome", books, "an arm", HELD, seed=seed))


def _balance(campaign: _Campaign, known: Mapping[str, Column]) -> float:
    """P of the hypothesis that chance alone made the arms' features differ as they do (Hansen and Bowers 2008)."""
    columns: dict[str, Column] = {name: values[campaign.rows] for name, values in known.items()}
    X = encoding.fit(columns, np.arange(len(campaign.rows))).matrix(columns)
    held = campaign.arm == HELD
    d = X[held].mean(axis=0) - X[~held].mean(axis=0)
    covariance = np.cov(X, rowvar=False).reshape(X.shape[1], X.shape[1]) * (1 / held.sum() + 1 / (~held).sum())
    inverse = np.linalg.pinv(covariance, hermitian=True)
    return float(chi2.sf(d @ inverse @ d, np.linalg.matrix_rank(covariance, hermitian=True)))


def _pays(campaign: _Campaign, known: Mapping[str, Column], books: Accounting, found: Targeting, *, seed: int) -> Mask:
    """For every customer, whether the learner expects a contact to bring more than it costs, (n,)."""
    names = [HELD, *sorted(set(campaign.arm) - {HELD})]
    arm = np.array([names.index(a) for a in campaign.arm], dtype=np.int64)
    trial = Trial(np.empty((len(arm), 0)), arm, campaign.y, np.bincount(arm) / len(arm), seed)
    effect = uplift.scores({n: v[campaign.rows] for n, v in known.items()}, trial, found.learner, everybody=known)
    return np.asarray(policy_value.decide(effect, contact_cost=books.contact_cost, revenue=books.revenue) > 0)


def _told(campaign: _Campaign, books: Accounting, found: Targeting, *, balance: float, full: bool) -> PastEffect:
    held = campaign.arm == HELD
    t, c = campaign.y[~held] * books.revenue, campaign.y[held] * books.revenue
    effect = float(t.mean() - c.mean())
    half = policy_value.Z95 * float(np.sqrt(t.var(ddof=1) / len(t) + c.var(ddof=1) / len(c)))
    by_lot = balance >= NOT_BY_LOT
    warnings = list(found.warnings[1:])  # the first one takes the lot on trust, which here is tested
    if not by_lot:
        warnings.insert(
            0, f"The arms differ before the campaign more than chance allows (p = {balance:.1g}): they were not drawn at random."
        )
    if campaign.both:
        warnings.append(f"{campaign.both:,} customers stand in two arms and were left out.")
    if campaign.of == SALES and full:
        warnings.append("Sales are counted in full; [response] margin would say which share of them is earned.")
    q, low, high = (1000 * (x or 0.0) for x in (found.qini, found.qini_low, found.qini_high))
    cost = books.contact_cost
    return PastEffect(
        campaign=campaign.campaign,
        offer=campaign.offer,
        contacted=len(t),
        held_out=len(c),
        of=campaign.of,
        effect=effect - cost,
        low=effect - half - cost,
        high=effect + half - cost,
        qini=q,
        qini_low=low,
        qini_high=high,
        by_lot=by_lot,
        personalise=by_lot and bool(found.policy and found.policy["gain_low"] > 0),
        learner=found.learner,
        sentence=_sentence(found, by_lot=by_lot),
        warnings=tuple(warnings),
    )


def _sentence(found: Targeting, *, by_lot: bool) -> str:
    return found.sentence if by_lot else "Nothing can be said of what a contact changed, because the arms were not drawn at random."


def advised(effects: tuple[PastEffect, ...], currency: str) -> tuple[str, ...]:
    """Remarks for the advice: contacts that surely lost money against customers held out, whatever their answers say."""
    return tuple(
        f"'{e.offer}' lost money in campaign '{e.campaign}' against {e.held_out:,} customers held out at random: "
        f"{e.effect:+,.2f} {currency} per contact [{e.low:+,.2f}, {e.high:+,.2f}]; believe this rather than profits counted from answers."
        for e in effects
        if e.by_lot and e.high < 0
    )
