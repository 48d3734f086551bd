"""Features from data that others collected: every numeric column of the table enrichment, marked with its sensitivity."""

from __future__ import annotations

from netlift.catalogue import sensitivity
from netlift.engine import quoted
from netlift.features.catalogue import Entry, Subject
from netlift.records import Feature, Tables


def subject(tables: Tables, *, provider: str) -> Subject:
    """The subject for the table enrichment; `provider` is who the data come from."""
    columns = tables.columns("enrichment")
    # what was obtained later was not known at the features' date
    known = " WHERE obtained_at < {as_of_utc}" if "obtained_at" in columns else ""
    entries = tuple(_column(name, provider) for name, kind in columns.items() if kind == "number")
    notes = () if known else ("enrichment has no obtained_at: its data are taken to be older than the features' date",)
    needs = {"enrichment": ("customer_id", "consent_reference")}
    return Subject("enrichment", needs, "enrichment", f"SELECT * FROM enrichment{known}", entries, notes)


def _column(name: str, provider: str) -> Entry:
    feature = Feature(
        f"enriched_{name.lower()}",
        "",
        f"{name}, from {provider}",
        "attribute",
        f"missing for customers of whom {provider} knows nothing",
        sensitivity=sensitivity(name),
    )
    return Entry(feature, f"max({quoted(name)})")
