"""The money of past campaigns: what each contact cost and what each answer brought, from the place that tells it best.

A contact costs what its campaign says (`campaigns.contact_cost`), else what its channel costs ([allocation] contact_cost), else
[response] contact_cost. An answer brings what it says itself (`responses.revenue`), else what its campaign says
(`campaigns.revenue_per_response`), else [response] revenue. Sales that tables tell are multiplied by [response] margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from netlift.engine import Session
from netlift.errors import InputError
from netlift.records import Accounting, BookedCampaign, Tables
from netlift.settings import ResponseSettings, Settings

PRICES, ANSWERS = "features_prices", "features_answers"
OWN = "responses.revenue"


@dataclass(frozen=True, slots=True)
class Price:
    """What a campaign's contacts cost and its answers bring, each with where that was taken from."""

    campaign: str
    offer: str
    channel: str | None
    cost: float
    cost_from: str
    revenue: float
    revenue_from: str


def prices(settings: Settings, response: ResponseSettings, engine: Session, tables: Tables) -> tuple[Price, ...]:
    """The prices of every campaign in the table campaigns, kept in the engine as PRICES.

    Raises:
        InputError: a campaign's cost or revenue is below 0 or infinite.
    """

    def column(name: str, kind: str) -> str:
        return name if tables.has("campaigns", name) else f"CAST(NULL AS {kind})"

    names = [column(n, "STRING") for n in ("offer", "type", "channel")]
    amounts = [column(n, "DOUBLE") for n in ("contact_cost", "revenue_per_response")]
    rows = engine.rows(f"SELECT campaign_id, {', '.join([*names, *amounts])}, start_date FROM campaigns ORDER BY campaign_id NULLS LAST")
    found = tuple(_price(settings, response, row[:-1]) for row in rows)
    columns = {name: [getattr(p, name) for p in found] for name in ("campaign", "offer", "cost", "revenue")}
    kinds = {"campaign": pa.string(), "offer": pa.string(), "cost": pa.float64(), "revenue": pa.float64()}
    arrays = {name: pa.array(values, kinds[name]) for name, values in columns.items()}
    engine.register(PRICES, pa.table({**arrays, "start": pa.array([row[-1] for row in rows], pa.timestamp("us"))}))
    return found


def _price(settings: Settings, response: ResponseSettings, row: tuple[Any, ...]) -> Price:
    campaign, offer, kind, channel, cost, revenue = row
    for name, amount in (("contact_cost", cost), ("revenue_per_response", revenue)):
        if amount is not None and not 0 <= amount < math.inf:
            raise InputError(f"campaigns.{name} of campaign '{campaign}' is {amount:g}; write an amount from 0, or leave it empty.")
    by_channel = settings.allocation.contact_cost if settings.allocation else {}
    if cost is not None:
        cost_from = "campaigns.contact_cost"
    elif channel in by_channel:
        cost, cost_from = by_channel[channel], f"[allocation] contact_cost of {channel}"
    else:
        cost, cost_from = response.contact_cost, "[response] contact_cost"
    revenue_from = "[response] revenue" if revenue is None else "campaigns.revenue_per_response"
    earned = response.revenue if revenue is None else revenue * (response.margin or 1.0)
    return Price(campaign, offer or kind or campaign, channel, cost, cost_from, earned, revenue_from)


def keep_answers(engine: Session, tables: Tables, *, margin: float | None, since: str) -> None:
    """Keep ANSWERS: a row per customer who has features and campaign that addressed him, with the money of both sides.

    Columns customer_id, offer, campaign, answered (0 or 1), told (1 = the answer tells its own money), spent, earned.
    Several contacts of one campaign are one, at its cost; several answers count once and add their money; an answer from before the
    campaign is none.
    `since` is a SQL condition on the campaigns, which are named k.
    """
    late = "r.responded_at >= p.start - INTERVAL 1 DAY" if tables.has("responses", "responded_at") else "TRUE"  # a day: of any time zone
    told = f"sum(r.revenue) * {margin or 1.0!r}e0" if tables.has("responses", "revenue") else "CAST(NULL AS DOUBLE)"
    engine.keep(
        ANSWERS,
        f"""
SELECT s.customer_id AS customer_id, p.offer AS offer, p.campaign AS campaign,
    CASE WHEN a.customer_id IS NULL THEN 0 ELSE 1 END AS answered,
    CASE WHEN a.earned IS NULL THEN 0 ELSE 1 END AS told,
    p.cost AS spent,
    CASE WHEN a.customer_id IS NULL THEN 0e0 ELSE coalesce(a.earned, p.revenue) END AS earned
FROM (
    SELECT c.customer_id AS customer_id, c.campaign_id AS campaign_id
    FROM contacted AS c JOIN campaigns AS k ON c.campaign_id = k.campaign_id
    WHERE {since} AND {tables.addressed("c")}
    GROUP BY c.customer_id, c.campaign_id
) AS s
JOIN {PRICES} AS p ON p.campaign = s.campaign_id
JOIN features_population AS q ON q.customer_id = s.customer_id
LEFT JOIN (
    SELECT r.customer_id AS customer_id, r.campaign_id AS campaign_id, {told} AS earned
    FROM responses AS r JOIN {PRICES} AS p ON p.campaign = r.campaign_id WHERE {late} OR p.start IS NULL
    GROUP BY r.customer_id, r.campaign_id
) AS a ON a.customer_id = s.customer_id AND a.campaign_id = s.campaign_id
""",
    )


def accounting(settings: Settings, response: ResponseSettings, engine: Session, known: Sequence[Price]) -> Accounting:
    """The books over ANSWERS, by campaign; cost and revenue are means over the contacts and answers counted.

    Raises:
        InputError: the answers brought nothing at all.
    """
    rows = engine.rows(
        "SELECT campaign, count(*), sum(answered), sum(told), sum(spent), sum(earned), min(spent), max(spent),"
        " min(CASE WHEN answered = 1 THEN earned END), max(CASE WHEN answered = 1 THEN earned END)"
        f" FROM {ANSWERS} GROUP BY campaign ORDER BY campaign NULLS LAST"
    )
    by_name = {p.campaign: p for p in known}
    booked = tuple(_booked(by_name[row[0]], row) for row in rows)
    contacts, responses = (sum(getattr(c, n) for c in booked) for n in ("contacts", "responses"))
    spent, earned = (math.fsum(getattr(c, n) for c in booked) for n in ("spent", "earned"))
    if responses and earned <= 0:
        raise InputError(
            f"The {responses:,} answers to past campaigns brought {earned:,.2f} {settings.project.currency} in all, so no contact could "
            "ever pay; correct responses.revenue and campaigns.revenue_per_response, or leave them out so that [response] revenue counts."
        )
    costs = {amount for row in rows for amount in row[6:8]}
    revenues = {amount for row in rows for amount in row[8:10] if amount is not None}
    return Accounting(
        response.campaign,
        spent / contacts if len(costs) > 1 else next(iter(costs), response.contact_cost),
        earned / responses if len(revenues) > 1 else next(iter(revenues), response.revenue),
        settings.project.currency,
        booked,
        varies=len(costs) > 1 or len(revenues) > 1,
    )


def _booked(price: Price, row: tuple[Any, ...]) -> BookedCampaign:
    _, contacts, responses, told, spent, earned, *_ = row
    sources = [f"{OWN} ({told:,} of {responses:,})" if told < responses else OWN] * (told > 0) + [price.revenue_from] * (told < responses)
    return BookedCampaign(
        price.campaign,
        price.offer,
        price.channel,
        contacts,
        responses,
        spent,
        earned,
        price.cost_from,
        ", ".join(sources) or price.revenue_from,
    )
