"""The order file's recipe: every trap is named, and the audience is the one that plain Python computes from the same rows."""

from __future__ import annotations

import csv
import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

from netlift import settings
from netlift.errors import Refused
from netlift.workflow.check import check
from netlift.workflow.prepare import Prepared, prepare
from tests.conftest import ROOT

ORDERS = ROOT / "examples" / "orders"
NEVER = ("NATIONAL_ID", "DRIVER_LICENSE", "CREDITCARD_NUMBER")


def generator() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ORDERS))
        patch.setattr(sys, "dont_write_bytecode", True)
        return importlib.import_module("make_orders")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that make_orders.py fills."""
    folder = tmp_path_factory.mktemp("orders") / "shop"
    generator().write(folder)
    return folder


@pytest.fixture(scope="module")
def run(shop: Path) -> Iterator[Prepared]:
    """The recipe, prepared once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETLIFT_DATA_DIR", str(shop.parent / "netlift"))
        yield prepare(shop / "netlift.toml", out=shop.parent / "run")


def test_the_same_seed_gives_the_same_bytes(shop: Path, tmp_path: Path) -> None:
    """Two runs of the generator write the same files; another seed others."""
    generator().write(tmp_path / "again")
    generator().write(tmp_path / "other", seed=8)
    files = sorted(p.name for p in shop.iterdir())
    assert all((shop / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in files)
    assert (shop / "customer_orders.csv").read_bytes() != (tmp_path / "other" / "customer_orders.csv").read_bytes()


def test_check_names_every_trap(shop: Path) -> None:
    """Each trap of the file is in a finding, with the counts that the rows give."""
    health = check(shop / "netlift.toml")
    said = "\n".join([*(finding for t in health["inputs"] for finding in t["findings"]), *health["notes"]])
    rows = table(shop / "customer_orders.csv")
    unfinished = [r for r in rows if r["T_TYPE"] != "Complete"]
    outliers = [r for r in rows if r["T_TYPE"] == "Complete" and float(r["ORDER_VALUE"]) >= 9_999_999]
    last = {r["CUST_ID"]: r for r in rows}
    addresses = {i: {r["EMAIL_ADDRESS"] for r in rows if r["CUST_ID"] == i} for i in last}
    assert len(unfinished) > 100
    assert len(outliers) > 10
    for column in NEVER:
        assert f"{column} is not loaded: by its name it is a" in said
    assert f"rows left out by where: {len(unfinished)} by T_TYPE = 'Complete'; {len(outliers)} by amount < 9999999; " in said
    mixed = sum(not r["AGE"].isdigit() for r in rows)
    assert f"AGE stays text, because {mixed:,} of its {len(rows):,} values are no numbers, first 'age-" in said
    assert "GenderCode holds salutations" in said
    two = sum(len({a for a in found if a}) > 1 for found in addresses.values())
    assert (
        f"{len(rows) - len(last):,} rows are left out, because a later row has the same customer_id; what differs: email of {two}." in said
    )
    wrong = sum(bool(r["EMAIL_ADDRESS"]) and not possible(r["EMAIL_ADDRESS"]) for r in last.values())
    given = sum(bool(r["EMAIL_ADDRESS"]) for r in last.values())
    assert f"email is no possible address in {wrong} of {given} rows that have one" in said
    assert "POSTAL_CODE stays text" in said
    for product in ("Baby Food", "Formula", "Lotion", "Wipes", "Medicines", "Cigarettes", "Beer", "Wine"):
        assert f"{product}" in "\n".join(health["notes"])


def test_without_the_rules_check_says_what_is_wrong(shop: Path) -> None:
    """A recipe that forgets status and outliers is told both; one that asks for the cards is refused."""
    given = settings.read(shop / "netlift.toml").model_dump(mode="json")
    careless = {"path": "customer_orders.csv", "columns": {"customer_id": "CUST_ID", "timestamp": "ORDER_DATE", "amount": "ORDER_VALUE"}}
    config = {"project": given["project"], "tables": {"transactions": careless}}
    said = "\n".join(check(settings.parse(config, folder=shop, sha256=""))["inputs"][0]["findings"])
    counts = Counter(r["T_TYPE"] for r in table(shop / "customer_orders.csv"))
    assert f"{counts['Cancelled']} x 'Cancelled'" in said
    assert f"{counts['Abandoned']} x 'Abandoned'" in said
    assert "count as sales; leave them out with where" in said
    assert "at least 1,000 times the middle one" in said
    careless["derive"] = {"coupon": "CREDITCARD_NUMBER"}
    with pytest.raises(Refused, match="asks for 'CREDITCARD_NUMBER', which by its name is a payment card's number"):
        check(settings.parse(config, folder=shop, sha256=""))


def possible(address: str) -> bool:
    """What the generator makes of valid addresses."""
    name, _, domain = address.partition("@")
    return bool(name) and " " not in name and domain == "example.com"


def test_features_are_those_of_plain_python(shop: Path, run: Prepared) -> None:
    """Recency, frequency and money of completed orders at sane values; recency counts days since the last one."""
    zone = ZoneInfo("America/New_York")
    as_of = datetime(2017, 5, 1, tzinfo=zone)
    orders: dict[str, list[tuple[datetime, float]]] = {}
    for r in table(shop / "customer_orders.csv"):
        if r["T_TYPE"] == "Complete" and float(r["ORDER_VALUE"]) < 9_999_999 and r["Canned Foods"] == "1":
            when = datetime.strptime(r["ORDER_DATE"], "%Y-%m-%d %H:%M:%S.000").replace(tzinfo=zone)
            orders.setdefault(r["CUST_ID"], []).append((when, float(r["ORDER_VALUE"])))
    first = min(when for found in orders.values() for when, _ in found)
    features = run.content.features
    assert features.customer_ids.tolist() == sorted(orders)
    for i, customer in enumerate(features.customer_ids):
        before = [(when, value) for when, value in orders[customer] if when < as_of]
        since = max((when for when, _ in before), default=first)
        days = (as_of.astimezone(UTC) - since.astimezone(UTC)).total_seconds() / 86_400
        expected = (days, len(before), sum(value for _, value in before))
        assert [features.column(name)[i] for name in ("recency", "frequency", "monetary")] == pytest.approx(expected)


def test_the_audience_is_that_of_plain_python(shop: Path, run: Prepared) -> None:
    """Everybody has the reason that the rows give: consent, address, shared address, segment; the others are contacted or held out."""
    last = {r["CUST_ID"]: r["EMAIL_ADDRESS"] for r in table(shop / "customer_orders.csv")}
    status = {r["customer_id"]: r["status"] for r in table(shop / "consents.csv")}
    audience = pq.read_table(shop.parent / "run" / "audience.parquet").to_pylist()
    losing = {r.segment for r in run.content.choice.recommendations if r.action == "do_not_target"}
    people = [row["customer_id"] for row in audience]
    refused = {last[i].lower() for i in people if status.get(i) == "withdrawn"}
    taken: set[str] = set()
    for row in sorted(audience, key=lambda r: r["customer_id"]):
        address = last[row["customer_id"]].lower()
        expected: str | None
        if status.get(row["customer_id"]) != "given":
            expected = "no consent for email"
        elif not possible(address):
            expected = "e-mail address that cannot be" if address else "no e-mail address"
        elif address in taken | refused:
            expected = "address shared with another customer"
        else:
            expected = "segment not targeted" if row["segment"] in losing else None
            taken.add(address)
        found = row["excluded_reason"]
        assert (None if found == "holdout" else found) == expected, row["customer_id"]
    counts = run.content.audience.counts()
    assert sum(counts.values()) == len(people)
    assert all(counts[reason] > 0 for reason in ("contacted", "holdout", "no e-mail address", "address shared with another customer"))
    assert losing


def test_who_is_long_absent_ranks_last(run: Prepared) -> None:
    """The segment that is not targeted has longer recency and fewer purchases than those that are."""
    features, choice = run.content.features, run.content.choice
    segment = run.content.segmentation.segment
    left = np.isin(segment, [r.segment for r in choice.recommendations if r.action == "do_not_target"])
    assert features.column("recency")[left].mean() > features.column("recency")[~left].mean()
    assert features.column("frequency")[left].mean() < features.column("frequency")[~left].mean()


def test_no_private_number_is_in_any_file(shop: Path, run: Prepared) -> None:
    """Neither the run's files nor netlift's own folder hold a card number, national id or licence of anybody."""
    rows = table(shop / "customer_orders.csv")
    numbers = {r[column].encode() for r in rows for column in NEVER}
    for folder in (run.folder, shop.parent / "netlift"):
        for path in (p for p in folder.rglob("*") if p.is_file()):
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += str(pq.read_table(path).to_pydict()).encode()
            assert not [number for number in numbers if number in content], path.name
    assert all(not set(NEVER) & set(t.columns) for t in run.content.tables.inputs)
