"""From incremental sales to incremental profit and return on spend, of the same campaigns and days.

incremental profit = margin × incremental sales − contacts × cost of a contact
return on spend = incremental profit / (contacts × cost of a contact): 0 = the contacts earned what they cost

Answers and what they bring in (`revenue` in [response], `revenue_per_response` of campaigns) are another accounting and no part
of this one: who answers may have bought anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from netlift.engine import Session
from netlift.errors import InputError
from netlift.measurement import queries
from netlift.measurement.past import Campaign, Past
from netlift.records import Tables
from netlift.settings import Settings

NO_MARGIN = (
    "The incremental profit cannot be told, because [response] margin, the share of sales that is earned, is not given; write it beside "
    "contact_cost and revenue there."
)


@dataclass(frozen=True, slots=True)
class Spend:
    """What addressing cost, money per campaign id, and which share of sales is earned; None where it is not known."""

    margin: float | None
    cost: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Profit:
    """Money earned beyond the contacts' cost, and the same per unit of money spent."""

    profit: float
    on_spend: float | None  # None where contacts cost nothing


def read(settings: Settings, engine: Session, tables: Tables, past: Past) -> Spend:
    """Contacts times cost per campaign: the campaign's own contact_cost, else that of its channel, else that of [response].

    Raises:
        InputError: a campaign's cost of a contact is negative.
    """
    margin = settings.response.margin if settings.response else None
    if margin is None:
        return Spend(None, {})
    columns = [name if tables.has("campaigns", name) else f"NULL AS {name}" for name in ("contact_cost", "channel")]
    own = {
        row[0]: row[1:] for row in engine.rows(f"SELECT campaign_id, {', '.join(columns)} FROM campaigns ORDER BY campaign_id NULLS LAST")
    }
    contacts = {int(row[1]): float(row[2]) for row in engine.rows(queries.contacts(tables))}
    cost = {}
    for i, campaign in enumerate(past.campaigns):
        each, channel = own[campaign.campaign_id]
        if each is not None and each < 0:
            raise InputError(f"Campaign '{campaign.campaign_id}' has a contact_cost of {each:g}; a cost cannot be below 0, correct it.")
        cost[campaign.campaign_id] = contacts.get(i, 0.0) * (settings.contact_cost(channel or "") if each is None else float(each))
    return Spend(margin, cost)


def profit(spend: Spend, sales: float | None, campaigns: Iterable[str]) -> Profit | None:
    """The profit of incremental sales of the campaigns with these ids; None where sales or margin are not known."""
    if sales is None or spend.margin is None:
        return None
    spent = sum(spend.cost[campaign] for campaign in campaigns)
    earned = spend.margin * sales - spent
    return Profit(earned, earned / spent if spent > 0 else None)


def told(point: Profit | None, low: Profit | None, high: Profit | None) -> dict[str, Any]:
    """The fields of an estimate that hold profit and return on spend, with both ends of their intervals."""
    return {
        "incremental_profit": point.profit if point else None,
        "profit_low": low.profit if low else None,
        "profit_high": high.profit if high else None,
        "return_on_spend": point.on_spend if point else None,
        "return_low": low.on_spend if low else None,
        "return_high": high.on_spend if high else None,
    }


def doubts(spend: Spend, past: Past, campaigns: tuple[Campaign, ...]) -> tuple[str, ...]:
    """Why sales and spend of these campaigns do not belong together, in words; empty where they do."""
    if spend.margin is None:
        return (NO_MARGIN,)
    outside = [c.campaign_id for c in campaigns if c.first < 0 or c.last >= past.days]
    if outside:
        which = f"campaign {outside[0]}" if len(outside) == 1 else f"{len(outside)} campaigns"
        because = f"{which} ran partly outside the days of the data: the cost is of all days, the sales of some"
        return (f"The incremental profit cannot be told, because {because}.",)
    return ()
