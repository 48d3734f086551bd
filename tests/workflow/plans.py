"""A small plan, from people to a draft in the store, for the tests of the verbs that come after preparing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from netlift.records import Audience, Feature, Finding, Message, Plan, ReviewResult
from netlift.review import POLICY_VERSION, Measured
from netlift.review import review as judge
from netlift.settings import Settings, parse
from netlift.store import consents, people, permission, runs, vault
from netlift.workflow import decide, kept, outputs
from netlift.workflow.approval import approval_hash, freeze
from tests.store import stores

AUTHOR, OPERATOR, MEMBERS = "ada", "oscar", ("mia", "max", "mona")
LATELY = datetime.now(UTC) - timedelta(days=90)
AGREED = {"given_at": LATELY, "source": "web form", "confirmed_at": LATELY, "confirmed_from": "203.0.113.7"}
WRITTEN = {"facts": "signed seller not_condition", "wording": "v1", "given_at": LATELY, "source": "form"}
TEXT = "Hello {{ name }},\n\na new offer for you.\n.a line that begins with a dot\n"


def opened(folder: Path) -> None:
    """A store with an author, an operator and three members of the committee."""
    stores.fresh(folder)
    people.add(AUTHOR, "author")
    people.add(OPERATOR, "operator")
    for member in MEMBERS:
        people.add(member, "reviewer")


def settings(port: int = 2525, **more: Any) -> Settings:
    """A netlift.toml with an e-mail channel on this machine."""
    channel = {"sender": "Shop <news@shop.example>", "port": port, "tls": False, "reply_timeout": 5, **more}
    project = {"name": "Shop", "currency": "USD", "country": "US"}
    return parse(
        {"project": project, "tables": {"customers": {"path": "c.csv"}}, "channels": {"email": channel}}, folder=Path(), sha256="0"
    )


def texts(values: Sequence[str | None]) -> Any:
    """An array of text as the records hold it."""
    return np.array(values, dtype=object)


def audience(people_: int = 20, holdout: int = 2, excluded: Mapping[str, str] | None = None) -> Audience:
    """Customers c0000, c0001, …: the last ones held out, some excluded with a reason."""
    out = dict(excluded or {})
    ids = [f"c{i:04d}" for i in range(people_)]
    held = set(ids[people_ - holdout :])
    return Audience(
        customer_ids=texts(ids),
        segment=np.ones(people_, dtype=np.int64),
        offer=texts([None if c in out else "Wine" for c in ids]),
        channel=texts([None if c in out else "email" for c in ids]),
        arm=texts([None if c in out else ("holdout" if c in held else "treated") for c in ids]),
        expected_profit=np.zeros(people_),
        excluded_reason=texts([out.get(c) for c in ids]),
    )


def plan(people_: Audience | None = None, **changes: Any) -> Plan:
    """A plan for these people."""
    everybody = people_ or audience()
    n = len(everybody.customer_ids)
    given: dict[str, Any] = {
        "name": "Shop",
        "country": "US",
        "audience": everybody,
        "messages": (Message("Wine", "email", "Shop <news@shop.example>", "A letter for {{ name }}", TEXT),),
        "segments": {1: "Big baskets"},
        "inputs": (Feature("recency", "days", "days since the last purchase", "rhythm", "never bought: out"),),
        "holdout": 0.1,
        "salt_id": "run 1",
        "consent": texts(["web form, 2024-01-01"] * n),
        "contacts_7d": np.zeros(n, dtype=np.int64),
        "contacts_30d": np.zeros(n, dtype=np.int64),
        "budget": 18.0,
    }
    return Plan(**{**given, **changes})


def draft(
    folder: Path, the_plan: Plan | None = None, *, port: int = 2525, config: Settings | None = None, findings: tuple[Finding, ...] = ()
) -> str:
    """A draft in the store, its audience in `folder`, everybody in the vault with an address and a name."""
    the_plan, config = the_plan or plan(), config or settings(port)
    folder.mkdir(parents=True, exist_ok=True)
    outputs.write_audience(the_plan.audience, folder / "audience.parquet")
    everybody = the_plan.audience.customer_ids
    vault.put({"customer_id": c, "email": f"{c}@example.com", "name": f"Name {c}", "country": "US"} for c in everybody)
    consents.fill({"customer_id": c, "channel": "email", "status": "given", **AGREED} for c in everybody)
    run_id = runs.create(name=the_plan.name, author=AUTHOR)
    found = judge(the_plan, config.review)  # few people and the like are no news at the start
    known = tuple(replace(f, severity="note") for f in found.findings)
    review = ReviewResult("block" if findings else "pass", (*findings, *known), POLICY_VERSION)
    content = freeze(the_plan, config, review)
    kept.write_settings(config, folder)
    kept.write_plan(the_plan, Measured(), folder)
    permission.keep(int(run_id), settings(port).review, settings(port).rules)
    runs.save(run_id, folder=folder, facts={}, plan=content, review=review, approval_hash=approval_hash(content))
    return run_id


def approved(folder: Path, the_plan: Plan | None = None, *, port: int = 2525, config: Settings | None = None) -> str:
    """The same, approved by two members."""
    run_id = draft(folder, the_plan, port=port, config=config)
    decide.submit(run_id, actor=AUTHOR)
    for member in MEMBERS[:2]:
        approve(run_id, actor=member)
    return run_id


def approved_texts(folder: Path, config: Settings, people_: int, holdout: int = 2) -> str:
    """A campaign by text to people in New York who agreed in writing, approved by two members."""
    everybody = audience(people_, holdout)
    everybody = replace(everybody, channel=texts(["sms" if one else None for one in everybody.channel]))
    message = Message("Wine", "sms", "+12125550100", "", "Hello {{ name }}, wine from small growers. STOP ends this.")
    run_id = draft(folder, plan(everybody, messages=(message,)), config=config)
    ids = [str(one) for one in everybody.customer_ids]
    vault.put({"customer_id": c, "name": f"Name {c}", "phone": number(i), "country": "US", "region": "NY"} for i, c in enumerate(ids))
    consents.fill({"customer_id": c, "channel": "sms", "status": "given", **WRITTEN} for c in ids)
    decide.submit(run_id, actor=AUTHOR)
    for member in MEMBERS[:2]:
        approve(run_id, actor=member)
    return run_id


def number(i: int) -> str:
    """A number in New York."""
    return f"+1 212 555 {i:04d}"


def approve(run_id: str, *, actor: str | None = None, **more: Any) -> dict[str, Any]:
    """Look at a plan and vote for it."""
    seen = decide.look(run_id, actor=actor)
    return decide.approve(run_id, actor=actor, **{"expected_hash": seen["approval_hash"], "text": "seen", **more})


def deactivate(name: str) -> None:
    """Somebody leaves."""
    person = people.user(name)
    person.is_active = False
    person.save()
