"""The column register: what is not registered is refused where it is in force, what has ended is not read, and one block is to paste."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from netlift import features, sources
from netlift.engine import Engine
from netlift.errors import Refused, SettingsError
from netlift.records import Features, Tables
from netlift.settings import Settings, parse
from netlift.sources import register

CUSTOMERS = "customer_id,Income,religion_score,Visits per year\n1,10,3,1\n2,20,4,2\n3,30,5,3\n"
TODAY = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def _always_the_same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "today", lambda: TODAY)


def settings(folder: Path, *, strict: bool = False, **customers: Any) -> Settings:
    (folder / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    project = {"name": "shop", "currency": "USD", "strict_register": strict}
    return parse({"project": project, "tables": {"customers": {"path": "customers.csv", **customers}}}, folder=folder, sha256="")


def built(told: Settings) -> tuple[Tables, Features]:
    with Engine() as engine:
        tables = sources.load(told, engine)
        return tables, features.build(told, engine, tables)


def registered(*columns: str, **more: Any) -> dict[str, Any]:
    return {column: {"purpose": "choosing offers", **more} for column in columns}


def test_without_a_register_everything_works_but_what_is_very_sensitive(tmp_path: Path) -> None:
    """Columns are read and noted in one line; of class A and B no feature is made."""
    tables, known = built(settings(tmp_path))
    assert list(tables.columns("customers")) == ["customer_id", "Income", "religion_score", "Visits per year"]
    assert [f.name for f in known.features] == ["Income", "Visits per year"]
    assert known.notes[:2] == (
        "3 columns of customers are not registered (Income, religion_score, Visits per year): netlift check prints the lines to paste",
        "religion_score of customers is sensitive of class A and not registered, so no feature is made of it",
    )


def test_registered_columns_are_features_with_their_class(tmp_path: Path) -> None:
    """A class that is written counts instead of the name's; nothing is noted."""
    told = {**registered("Income", "religion_score"), **registered("Visits per year", sensitivity="C")}
    _, known = built(settings(tmp_path, registered=told))
    assert {f.name: f.sensitivity for f in known.features} == {"Income": "C", "religion_score": "A", "Visits per year": "C"}
    assert not any("registered" in note for note in known.notes)


@pytest.mark.parametrize("how", ["a section", "strict_register"])
def test_what_is_not_registered_is_refused_in_one_sentence_with_one_block(tmp_path: Path, how: str) -> None:
    """All columns at once; the block is valid TOML, and what is left to write is not taken for a purpose."""
    given = settings(tmp_path, registered=registered("Income")) if how == "a section" else settings(tmp_path, strict=True)
    unknown = ["religion_score", "Visits per year"] if how == "a section" else ["Income", "religion_score", "Visits per year"]
    with pytest.raises(Refused, match=f"has {len(unknown)} columns that the register does not: {', '.join(unknown)}; leave them") as caught:
        built(given)
    block = tomllib.loads(str(caught.value).split("\n", 1)[1])["tables"]["customers"]["registered"]
    assert list(block) == unknown
    assert block["religion_score"]["sensitivity"] == "A"
    with pytest.raises(SettingsError, match="purpose is '…', and what the column is used for, in words, is expected"):
        settings(tmp_path, registered=block)
    filled = {column: {**line, "purpose": "choosing offers"} for column, line in block.items()}
    assert built(settings(tmp_path, registered={**registered("Income"), **filled}))


@pytest.mark.parametrize("key", ["purpose_until", "retention"])
def test_what_has_ended_is_not_read(tmp_path: Path, key: str) -> None:
    """The day before yesterday's end hides a column from tables and features; on the last day it is still there."""
    told = {**registered("religion_score", "Visits per year"), **registered("Income", **{key: "2026-06-29"})}
    tables, known = built(settings(tmp_path, registered=told))
    assert "Income" not in tables.columns("customers")
    assert [f.name for f in known.features] == ["religion_score", "Visits per year"]
    assert "customers: Income is not read: its purpose or retention ended on 2026-06-29." in tables.inputs[0].findings
    told["Income"] = {"purpose": "choosing offers", key: "2026-06-30"}
    assert "Income" in built(settings(tmp_path, registered=told))[0].columns("customers")


@pytest.mark.parametrize(
    "asked",
    [
        {"derive": {"Rich": "Income > 15"}},
        {"where": "Income > 15"},
        {"types": {"Income": "number"}},
        {"columns": {"customer_id": "Income"}},
    ],
)
def test_what_has_ended_and_is_asked_for_is_refused(tmp_path: Path, asked: dict[str, Any]) -> None:
    """Leaving it out in silence would change what an expression means."""
    told = {**registered("religion_score", "Visits per year", "customer_id"), **registered("Income", retention="2026-01-01")}
    if "columns" in asked:
        told = {**registered("religion_score", "Visits per year"), **registered("customer_id", retention="2026-01-01")}
    with pytest.raises(Refused, match="whose purpose or retention ended on 2026-01-01; take it out"):
        built(settings(tmp_path, registered=told, **asked))


def test_a_name_that_no_column_has_is_told(tmp_path: Path) -> None:
    """A slip in the register would leave a column unregistered: the closest name is offered."""
    with pytest.raises(SettingsError, match=r"registered names 'Incme', which is no column of the table \(did you mean 'Income'\?\)"):
        built(settings(tmp_path, registered=registered("Incme")))


def test_derived_columns_need_no_line(tmp_path: Path) -> None:
    """They stand for what they are made of, but may have a class of their own."""
    told = {**registered("Income", "religion_score", "Visits per year"), "Rich": {"purpose": "choosing offers", "sensitivity": "B"}}
    derive = {"Rich": "CASE WHEN Income > 15 THEN 1 ELSE 0 END", "Twice": "2 * Income"}
    _, known = built(settings(tmp_path, registered=told, derive=derive))
    assert {f.name: f.sensitivity for f in known.features if f.name in derive} == {"Rich": "B", "Twice": "none"}


def test_the_register_has_every_column(tmp_path: Path) -> None:
    """Purpose, source, class, end and standing of each column that is read, and of those that are not any more."""
    told = {**registered("religion_score", source="survey of May"), **registered("Visits per year", "Income", retention="2026-06-01")}
    given = settings(tmp_path, registered=told, derive={"Twice": "2 * religion_score"})
    with Engine() as engine:
        entries = sources.column_register(given, sources.load(given, engine))
    assert [(e.column, e.source, e.sensitivity, e.standing) for e in entries] == [
        ("customer_id", "customers.csv", "none", "canonical"),
        ("religion_score", "survey of May", "A", "registered"),
        ("Twice", "derived: 2 * religion_score", "none", "derived"),
        ("Visits per year", "customers.csv", "none", "ended"),
        ("Income", "customers.csv", "C", "ended"),
    ]
    assert entries[-1].until == date(2026, 6, 1)
    assert all(entry.purpose for entry in entries)
