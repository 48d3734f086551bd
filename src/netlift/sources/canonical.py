"""The canonical tables: their columns, what each column holds, and what must be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# id: text that is never a number. instant: naive UTC. day: local midnight, no time of day.
Kind = Literal["id", "text", "number", "instant", "day"]
RECORDED: dict[Kind, str] = {"id": "text", "text": "text", "number": "number", "instant": "timestamp", "day": "timestamp"}

# Names in netlift.toml that differ from the stored ones, because `end` is reserved in SQL.
STORED_AS = {"start": "start_date", "end": "end_date"}


@dataclass(frozen=True, slots=True)
class Canonical:
    """One canonical table."""

    columns: Mapping[str, Kind]
    required: tuple[str, ...]  # columns that must exist
    filled: tuple[str, ...]  # columns whose every value must be there
    key: str | None = None  # at most one row per value
    attributes: Literal["typed", "text", "none"] = "none"  # what becomes of further columns
    local_time: bool = False  # gets local_timestamp
    choices: Mapping[str, tuple[str, ...]] | None = None


def _table(
    required: Mapping[str, Kind],
    optional: Mapping[str, Kind] | None = None,
    *,
    may_be_empty: tuple[str, ...] = (),
    key: str | None = None,
    attributes: Literal["typed", "text", "none"] = "none",
    choices: Mapping[str, tuple[str, ...]] | None = None,
) -> Canonical:
    return Canonical(
        columns={**required, **(optional or {})},
        required=tuple(required),
        filled=tuple(c for c in required if c not in may_be_empty),
        key=key,
        attributes=attributes,
        local_time="timestamp" in required,
        choices=choices,
    )


CANONICAL: dict[str, Canonical] = {
    "customers": _table({"customer_id": "id"}, key="customer_id", attributes="typed"),
    "transactions": _table(
        {"customer_id": "id", "timestamp": "instant", "amount": "number"},
        {
            "transaction_id": "id",
            "product_id": "id",
            "quantity": "number",
            "discount": "number",
            "channel": "text",
            "coupon": "text",
        },
    ),
    "products": _table({"product_id": "id"}, {"category": "text", "brand": "text", "price": "number"}, key="product_id"),
    "events": _table(
        {"customer_id": "id", "timestamp": "instant", "event": "text"},
        {"session_id": "id", "product_id": "id", "category": "text", "platform": "text", "user_agent": "text"},
    ),
    "survey": _table(
        {"customer_id": "id", "question": "text", "answer": "text"},
        {"answered_at": "instant", "wave": "text", "weight": "number", "label": "text", "measure": "text"},
        may_be_empty=("answer",),  # a question left unanswered is an observation
    ),
    "enrichment": _table(
        {"customer_id": "id", "consent_reference": "text"},
        {"obtained_at": "instant"},
        key="customer_id",
        attributes="typed",
    ),
    "contacts": _table(
        {"customer_id": "id"},
        {
            "email": "text",
            "phone": "text",
            "postal": "text",
            "time_zone": "text",
            "country": "text",
            "region": "text",
            "language": "text",
        },
        key="customer_id",
        attributes="text",
    ),
    "consents": _table(
        {"customer_id": "id", "channel": "text", "status": "text"},
        {
            "purpose": "text",
            "given_at": "instant",
            "source": "text",
            "wording": "text",
            "kind": "text",
            "facts": "text",
            "proof": "text",
            "confirmed_at": "instant",
            "confirmed_from": "text",
            "expires_at": "instant",
        },
        choices={"status": ("given", "soft_opt_in", "withdrawn")},
    ),
    "campaigns": _table(
        {"campaign_id": "id", "start_date": "day", "end_date": "day"},
        {"type": "text", "offer": "text", "channel": "text", "contact_cost": "number", "revenue_per_response": "number"},
        key="campaign_id",
    ),
    "contacted": _table({"campaign_id": "id", "customer_id": "id"}, {"contacted_at": "instant", "arm": "text"}),
    "responses": _table({"campaign_id": "id", "customer_id": "id"}, {"responded_at": "instant", "revenue": "number"}),
}


def columns_of(table: str) -> Mapping[str, Kind]:
    """The canonical columns of a table."""
    return CANONICAL[table].columns
