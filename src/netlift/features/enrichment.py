"""Features from data that others collected: every numeric column of the table enrichment, marked with its sensitivity."""

from __future__ import annotations

from netlift.catalogue import Class
from netlift.engine import quoted
from netlift.features.attributes import class_of, usable
from netlift.features.catalogue import Entry, Subject
from netlift.records import Feature, Tables
from netlift.settings import Settings


def subject(settings: Settings, tables: Tables) -> Subject:
    """The subject for the table enrichment."""
    provider = settings.tables["enrichment"].provider or "others"
    columns = tables.columns("enrichment")
    # what was obtained later was not known at the features' date
    known = " WHERE obtained_at < {as_of_utc}" if "obtained_at" in columns else ""
    numbers = [name for name, kind in columns.items() if kind == "number" and usable(settings, "enrichment", name)]
    entries = tuple(_column(name, provider, class_of(settings, "enrichment", name)) for name in numbers)
    notes = () if known else ("enrichment has no obtained_at: its data are taken to be older than the features' date",)
    needs = {"enrichment": ("customer_id", "consent_reference")}
    return Subject("enrichment", needs, "enrichment", f"SELECT * FROM enrichment{known}", entries, notes)


def _column(name: str, provider: str, letter: Class) -> Entry:
    feature = Feature(
        f"enriched_{name.lower()}",
        "",
        f"{name}, from {provider}",
        "attribute",
        f"missing for customers of whom {provider} knows nothing",
        sensitivity=letter,
    )
    return Entry(feature, f"max({quoted(name)})")
