"""A small made-up shop on disk, for tests that go the whole way."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CUSTOMERS = 300

GIVEN = str(np.datetime64("today") - 90)  # a consent that nobody used grows old
CONFIG = """
[project]
name = "Corner shop"
currency = "EUR"
time_zone = "Europe/Berlin"
country = "DE"

[tables.transactions]
path = "sales.csv"
columns = { timestamp = "bought_at", amount = "paid" }

[tables.campaigns]
path = "campaigns.csv"

[tables.contacted]
path = "contacted.csv"

[tables.responses]
path = "responses.csv"

[tables.contacts]
path = "contacts.csv"

[tables.consents]
path = "consents.csv"

[features]
as_of = "2026-05-01"

[response]
campaign = "campaigns from May on"
contact_cost = 1.0
revenue = 10.0

[segments]
algorithms = ["kmeans", "rfm_tertiles"]
k = [2, 4]

[[offers]]
name = "spring"
subject = "{{ name }}, spring is here"

[[offers]]
name = "early summer"

[channels.email]
kind = "smtp"
port = PORT
tls = false
sender = "Corner shop <news@example.com>"
"""


def _csv(path: Path, header: str, rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def write(folder: Path, *, port: int = 2525) -> Path:
    """Write the shop's tables and netlift.toml: two kinds of customers, of whom the frequent ones answer campaigns. Gives the config."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{i:04d}" for i in range(CUSTOMERS)]
    frequent = rng.random(CUSTOMERS) < 0.4
    sales = []
    for customer, often in zip(ids, frequent, strict=True):
        days = np.sort(rng.choice(180, size=rng.integers(20, 40) if often else rng.integers(2, 6), replace=False))
        amounts = rng.lognormal(3.5 if often else 2.0, 0.3, len(days))
        start = np.datetime64("2026-01-01T10:00:00")
        sales += [(customer, str(start + np.timedelta64(int(d), "D")), f"{a:.2f}") for d, a in zip(days, amounts, strict=True)]
    _csv(folder / "sales.csv", "customer_id,bought_at,paid", sales)
    campaigns = [
        ("c1", "2026-02-01", "2026-02-14", "spring"),
        ("c2", "2026-05-10", "2026-05-23", "spring"),
        ("c3", "2026-06-01", "2026-06-07", "early summer"),
    ]
    _csv(folder / "campaigns.csv", "campaign_id,start,end,offer", campaigns)
    lists = {name: [c for c in ids if rng.random() < 0.5] for name, *_ in campaigns}
    _csv(folder / "contacted.csv", "campaign_id,customer_id", [(name, c) for name, people in lists.items() for c in people])
    answers = []
    for name, first_day, *_ in campaigns:
        answers += [(name, c, first_day) for c in lists[name] if rng.random() < (0.5 if frequent[int(c)] else 0.02)]
    _csv(folder / "responses.csv", "campaign_id,customer_id,responded_at", answers)
    _csv(folder / "contacts.csv", "customer_id,email,name,country", [(c, f"c{c}@example.com", f"Customer {c}", "DE") for c in ids])
    facts = ("marketing", GIVEN, "sign-up form", GIVEN, "203.0.113.7")
    consents = [(c, "email", "withdrawn" if c.endswith("9") else "given", *facts) for c in ids]
    _csv(folder / "consents.csv", "customer_id,channel,status,purpose,given_at,source,confirmed_at,confirmed_from", consents)
    config = folder / "netlift.toml"
    config.write_text(CONFIG.replace("PORT", str(port)), encoding="utf-8")
    return config
