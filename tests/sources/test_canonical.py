"""The canonical tables are those of the design."""

from __future__ import annotations

from netlift.settings import TABLES
from netlift.sources.canonical import CANONICAL

REQUIRED = {
    "customers": "customer_id",
    "transactions": "customer_id timestamp amount",
    "products": "product_id",
    "events": "customer_id timestamp event",
    "survey": "customer_id question answer",
    "enrichment": "customer_id consent_reference",
    "contacts": "customer_id",
    "consents": "customer_id channel status",
    "campaigns": "campaign_id start_date end_date",
    "contacted": "campaign_id customer_id",
    "responses": "campaign_id customer_id",
}


def test_tables_of_the_settings() -> None:
    """Every table that netlift.toml may name is described, in the same order."""
    assert tuple(CANONICAL) == TABLES


def test_required_columns() -> None:
    """The required columns are those printed bold in the design."""
    assert {name: " ".join(table.required) for name, table in CANONICAL.items()} == REQUIRED


def test_ids_are_text() -> None:
    """Every column named …_id is an id, and nothing else is."""
    for table in CANONICAL.values():
        assert {c for c, kind in table.columns.items() if kind == "id"} == {c for c in table.columns if c.endswith("_id")}
