"""Everybody judged at once when a campaign is prepared."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.records import TableInput, Tables
from netlift.settings import Settings, parse
from netlift.store import consents, ledger, permission, vault
from netlift.store.models import Delivery
from netlift.workflow import standing
from tests.store import stores
from tests.workflow import plans

NOW = datetime(2026, 12, 8, 11, 0, tzinfo=UTC)  # a Tuesday
COUNTRIES = (None, "DE", "US", "JP")
STATUSES = ("given", "soft_opt_in", "withdrawn")
DAYS = (None, 30, 300, 800)


def settings(**rules: Any) -> Settings:
    """Channels for e-mail and texts."""
    channel = {"sender": "Shop <news@shop.example>", "tls": False}
    data = {"project": {"name": "Shop", "currency": "USD", "country": "US"}, "tables": {"customers": {"path": "c.csv"}}, "rules": rules}
    return parse({**data, "channels": {"email": channel, "sms": channel}}, folder=Path(), sha256="0")


def everybody() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Contacts and consents of people with every mix of facts."""
    contacts, said = [], []
    for i in range(192):
        who = f"c{i:03d}"
        phone = ("+12125550100", None, "+4915112345678")[i % 3]
        contacts.append({"customer_id": who, "country": COUNTRIES[i % 4], "phone": phone, "email": f"{who}@example.com"})
        days = DAYS[i // 4 % 4]
        moment = None if days is None else (NOW - timedelta(days=days)).replace(hour=0, tzinfo=None)
        row = {"customer_id": who, "status": STATUSES[i // 16 % 3], "given_at": moment, "wording": "v1", "source": "form", "purpose": None}
        facts = ("in_sale own_similar no_objection notice", "in_sale", "signed seller not_condition", None)[i // 48 % 4]
        confirmed = moment if i % 5 else None
        row |= {"facts": facts, "kind": ("express", "inquiry")[i // 12 % 2], "confirmed_at": confirmed, "confirmed_from": "203.0.113.7"}
        said += [{**row, "channel": channel} for channel in ("email", "sms") if i % 7]
    return contacts, said


def loaded(engine: Engine, **tables: list[dict[str, Any]]) -> Tables:
    """Tables in the engine."""
    inputs = []
    for name, rows in tables.items():
        table = pa.Table.from_pylist(rows)
        engine.register(name, table)
        inputs.append(TableInput(name, name, len(rows), len(rows), 0, 0, "", dict.fromkeys(table.column_names, "text")))
    return Tables(tuple(inputs))


@pytest.fixture
def store(tmp_path: Path) -> None:
    """An open store."""
    stores.fresh(tmp_path / "netlift")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("rules", [{}, {"soft_opt_in": False, "consent_months": 6}])
def test_counted_at_prepare_is_what_the_claim_says(rules: dict[str, Any]) -> None:
    """For the same clock the verdict on each of 192 mixed people is the same, and counts add up to the people."""
    contacts, said = everybody()
    config = settings(**rules)
    ids = np.array([row["customer_id"] for row in contacts], dtype=object)
    with Engine() as engine:
        tables = loaded(engine, contacts=contacts, consents=said)
        found = standing.standing(config, engine, tables, ids, now=NOW)
        kept = standing.said(config, engine, tables, now=NOW)
    run_id = _run()
    standing.remember(run_id, config, kept)
    known = {row["customer_id"]: {k: v for k, v in row.items() if v} for row in contacts}
    for channel in ("email", "sms"):
        verdicts = permission.verdicts(int(run_id), channel, list(ids), known, now=NOW)
        expected = [one.words if one.kind == "excluded" else None for one in (verdicts[c] for c in ids)]
        assert found.barred[channel].tolist() == expected
        counts = Counter(expected)
        assert sum(counts.values()) == 192
        assert len(counts) > 4  # the mix is one


@pytest.mark.usefixtures("store")
def test_contacts_of_other_runs_count() -> None:
    """What other runs sent or are about to send; nothing in a new store."""
    ids = np.array(["a", "b", "c"], dtype=object)
    with Engine() as engine:
        tables = loaded(engine, contacts=[{"customer_id": "a"}])
        empty = standing.standing(settings(), engine, tables, ids, now=NOW)
        run_id = _run()
        ledger.fill(int(run_id), [ledger.Row(c, "email", "Wine", "treated", "", f"<{c}@x>") for c in ("a", "b")])
        Delivery.objects.filter(customer_id="a").update(state="accepted", changed_at=NOW - timedelta(days=10))
        full = standing.standing(settings(), engine, tables, ids, now=NOW)
    assert (empty.contacts_7d.tolist(), empty.contacts_30d.tolist()) == ([0, 0, 0], [0, 0, 0])
    assert (full.contacts_7d.tolist(), full.contacts_30d.tolist()) == ([0, 0, 0], [1, 0, 0])  # a draft's rows are no plan yet


def test_an_approved_plan_counts_before_it_is_launched(tmp_path: Path) -> None:
    """Its people, without whom it holds out; a draft does not count."""
    plans.opened(tmp_path / "netlift")
    ids = np.array(["c0000", "c0019", "stranger"], dtype=object)  # the second is held out
    with Engine() as engine:
        tables = loaded(engine, contacts=[{"customer_id": "c0000"}])
        plans.draft(tmp_path / "draft")
        draft = standing.standing(settings(), engine, tables, ids, now=NOW)
        plans.approved(tmp_path / "approved")
        approved = standing.standing(settings(), engine, tables, ids, now=NOW)
    assert draft.contacts_7d.tolist() == [0, 0, 0]
    assert (approved.contacts_7d.tolist(), approved.contacts_30d.tolist()) == ([1, 0, 0], [1, 0, 0])


@pytest.mark.usefixtures("store")
def test_a_campaign_of_next_month_is_judged_for_then() -> None:
    """A consent that will be too old by the beginning of the campaign is too old."""
    said = [{"customer_id": "a", "channel": "email", "status": "given", "given_at": (NOW - timedelta(days=725)).replace(tzinfo=None)}]
    said[0] |= {"confirmed_at": said[0]["given_at"], "confirmed_from": "203.0.113.7", "source": "form"}
    ids = np.array(["a"], dtype=object)
    later = parse(
        {**settings().model_dump(exclude={"folder", "sha256"}), "campaign": {"start": datetime(2027, 1, 10, 9)}},  # noqa: DTZ001
        folder=Path(),
        sha256="0",
    )
    with Engine() as engine:
        tables = loaded(engine, contacts=[{"customer_id": "a", "country": "DE"}], consents=said)
        assert standing.standing(settings(), engine, tables, ids, now=NOW).barred["email"].tolist() == [None]
        assert standing.standing(later, engine, tables, ids, now=NOW).barred["email"].tolist() == ["consent expired (CONSENT_AGE)"]


def _run() -> str:
    from netlift.store import people, runs

    return runs.create(name="Shop", author=people.acting(None))


def test_launch_leaves_out_whom_the_rules_do_and_a_dry_run_says_the_same(tmp_path: Path) -> None:
    """Between approval and start one withdraws: the dry run and the real one agree on everybody."""
    from netlift.campaigns.testing import Sink
    from netlift.workflow.launch import launch

    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        run_id = plans.approved(tmp_path / "run", plans.plan(plans.audience(60, holdout=2)), port=sink.port)
        consents.fill([{"customer_id": "c0003", "channel": "email", "status": "withdrawn", "given_at": datetime.now(UTC)}])
        dry = launch(run_id, actor=plans.OPERATOR, dry_run=True)
        real = launch(run_id, actor=plans.OPERATOR)
    assert dry["excluded"] == real["excluded"] == {"holdout": 2, "opted out (OPT_OUT)": 1}
    assert real["counts"] == {"accepted": 57, "excluded": 3}
    assert vault.suppressed("email") == frozenset()


@pytest.mark.parametrize(("columns", "barred"), [({}, 0), ({"country": ""}, 1)])
def test_the_project_says_where_people_are_only_where_nobody_else_does(columns: dict[str, str], barred: int) -> None:
    """Contact data without any country are the project's; a blank country among others is unknown, and the strictest rules hold."""
    old = {"given_at": NOW - timedelta(days=100), "source": "web form", "status": "given", "channel": "email", "purpose": "marketing"}
    contacts = [{"customer_id": "c1", "email": "c1@example.com", **columns}]
    config = settings()
    with Engine() as engine:
        tables = loaded(engine, contacts=contacts, consents=[{"customer_id": "c1", **old}])
        found = standing.standing(config, engine, tables, np.array(["c1"], dtype=object), now=NOW)
        kept = standing.said(config, engine, tables, now=NOW)
    run_id = _run()
    standing.remember(run_id, config, kept)
    judged = permission.barred(int(run_id), "email", ["c1"], {"c1": {"email": "c1@example.com"}}, now=NOW)
    assert [sum(r is not None for r in found.barred["email"]), len(judged)] == [barred, barred]
