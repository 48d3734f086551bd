"""By what a plan chooses its people: filters, segment rules, definitions, sources, purposes, explicit opt-ins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.records import Feature, Insight, Segment, TableInput, Tables
from netlift.settings import parse
from netlift.settings.engine import EngineSettings
from netlift.workflow import chosen

AGE = Feature("Age", "years", "age", "attribute", "", sensitivity="C")
SPEND = Feature("spend", "EUR", "money spent", "value", "")
BABY = Feature("baby_share", "", "share of baby goods", "own", "")
BOUGHT = Feature("enriched_income", "", "income, from a broker", "attribute", "", sensitivity="C")
CONSENTS = [
    ("a", "baby_club", "given", "2026-01-01"),
    ("b", "baby_club", "given", "2026-01-01"),
    ("a", "wine_club", "given", "2026-01-01"),
    ("b", "wine_club", "given", "2026-01-01"),
    ("b", "wine_club", "withdrawn", "2026-02-01"),
    ("a", "health_news", "given", "2026-01-01"),
]


def _settings(**tables: Any) -> Any:
    own = {"baby_share": {"sql": "count_if(category = 'baby') / nullif(count(*), 0e0)", "of": "transactions", "meaning": "m"}}
    given = {"project": {"name": "Shop", "currency": "EUR"}, "features": {"own": own}, "tables": tables}
    return parse(given, folder=".", sha256="0" * 64)  # type: ignore[arg-type]


def _told(*rules: str) -> Insight:
    segment = Segment(1, "young", 10, 0.5, "", rules, 0.9, (), None, None)
    other = Segment(2, "old", 10, 0.5, "", ("age above 50 years",), 0.9, (), None, None)
    return Insight((segment, other), None, None)


def _known(settings: Any, *, inputs: tuple[Feature, ...] = (SPEND,), told: Insight | None = None, people: str = "ab") -> dict[str, Any]:
    columns = {"customer_id": "text", "purpose": "text", "status": "text", "given_at": "timestamp"}
    loaded = Tables(tuple(_input(name, columns if name == "consents" else {}) for name in [*settings.tables, "consents"]))
    with Engine(EngineSettings()) as engine:
        table = pa.table(dict(zip(("customer_id", "purpose", "status", "given_at"), zip(*CONSENTS, strict=True), strict=True)))
        engine.register("consents", table)
        contacted = np.array(list(people), dtype=object)
        return chosen.known_by(settings, engine, loaded, inputs=inputs, told=told or _told(), contacted=contacted, reached={1})


def _input(name: str, columns: dict[str, str]) -> TableInput:
    return TableInput(name, "files", 1, 1, 0, 0, "0", columns)


def test_filters_are_conditions() -> None:
    """Each part of `where` that AND joins, with field, operator and value; what is no comparison names its columns."""
    where = "born >= '2010-01-01' AND city IN ('Graz', 'Linz') AND 5 < visits AND (vip OR length(name) > 3)"
    known = _known(_settings(customers={"path": "c.csv", "where": where}))["chosen_by"]
    assert [(c.where, c.field, c.op, c.value) for c in known[:3]] == [
        ("tables.customers.where[0]", "profile.born", ">=", "2010-01-01"),
        ("tables.customers.where[1]", "profile.city", "in", ("Graz", "Linz")),
        ("tables.customers.where[2]", "profile.visits", ">", 5.0),
    ]
    assert [c.field for c in known[3:]] == ["profile.name", "profile.vip"]


def test_rules_of_the_segments_reached_are_conditions() -> None:
    """They are read back from their words with their numbers; segments that get nothing do not count."""
    told = _told("age above 12 and at most 17.5 years and money spent at most 1,200 EUR (missing counts as 3)")
    known = _known(_settings(customers={"path": "c.csv"}), inputs=(AGE, SPEND), told=told)["chosen_by"]
    assert [(c.where, c.field, c.op, c.value, c.segment) for c in known] == [
        ("segments.1.rules[0]", "segment.rules.Age", "between", (12.0, 17.5), 1),
        ("segments.1.rules[0]", "segment.rules.spend", "<=", 1200.0, 1),
    ]


def test_definitions_of_what_segments_were_made_of() -> None:
    """The SQL of own features used, and of derived columns that they or the inputs name; others stay out."""
    derive = {"category": "lower(department)", "unused": "1e0 * amount"}
    settings = _settings(transactions={"path": "t.csv", "derive": derive})
    assert set(_known(settings, inputs=(BABY,))["definitions"]) == {"features.own.baby_share.sql", "tables.transactions.derive.category"}
    assert _known(settings)["definitions"] == {}


def test_filters_of_purchases_say_what_counts_not_who() -> None:
    """Purchases kept are lineage; purchases of medicine left out protect people and are nothing to find."""
    where = "category = 'nappies' AND department <> 'pharmacy' AND NOT department IN ('wine')"
    known = _known(_settings(transactions={"path": "t.csv", "where": where}))
    assert (known["chosen_by"], known["definitions"]) == ((), {"tables.transactions.where": "category = nappies"})


def test_bought_data_are_a_source_where_segments_were_made_of_them() -> None:
    """With purpose and notice as the settings declare them."""
    told = {"purpose": "fraud", "notice": "letter of May"}
    settings = _settings(customers={"path": "c.csv"}, enrichment={"path": "e.csv", "provider": "a broker", **told})
    used, unused = _known(settings, inputs=(BOUGHT,)), _known(settings)
    assert (used["sources"], used["purposes"], used["notice"]) == (("customers", "enrichment"), {"enrichment": "fraud"}, True)
    assert (unused["sources"], unused["purposes"]) == (("customers",), {})


@pytest.mark.parametrize(("people", "purposes"), [("a", ("baby_club", "health_news", "wine_club")), ("ab", ("baby_club",)), ("", ())])
def test_an_opt_in_counts_where_everybody_contacted_gave_it(people: str, purposes: tuple[str, ...]) -> None:
    """One person without it, or who withdrew it since, and it covers nobody."""
    assert _known(_settings(customers={"path": "c.csv"}), people=people)["opt_ins"] == purposes
