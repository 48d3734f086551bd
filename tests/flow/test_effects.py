"""What past contacts changed, from a prepared run: books, effects, report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from netlift import snapshot
from netlift.segments import structure
from netlift.store import open_store
from netlift.workflow.prepare import prepare
from tests import shop


def test_a_run_tells_what_a_contact_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign of May held half of the customers out: they are no contacts, and the effect stands in file, snapshot and report."""
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    config = shop.write(tmp_path / "shop")
    rng = np.random.default_rng(3)
    listed = list(csv.DictReader((config.parent / "contacted.csv").read_text(encoding="utf-8").splitlines()))
    mailed = {row["customer_id"] for row in listed if row["campaign_id"] == "c2"}
    others = [f"{i:04d}" for i in range(shop.CUSTOMERS) if f"{i:04d}" not in mailed]
    with (config.parent / "contacted.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["campaign_id", "customer_id", "arm"])
        writer.writerows([row["campaign_id"], row["customer_id"], "<mailed>" if row["campaign_id"] == "c2" else ""] for row in listed)
        writer.writerows(["c2", c, "Holdout"] for c in others)
    sales = config.parent / "sales.csv"
    with sales.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([c, "2026-05-12T12:00:00", f"{rng.gamma(4, 10):.2f}"] for c in sorted(mailed))
    open_store()
    run = prepare(config, out=tmp_path / "out")
    (effect,) = json.loads((tmp_path / "out" / "effects.json").read_text(encoding="utf-8"))
    known = set(pq.read_table(tmp_path / "out" / "customers.parquet", columns=["customer_id"])["customer_id"].to_pylist())
    assert (effect["campaign"], effect["contacted"], effect["held_out"]) == ("c2", len(mailed & known), len(known.intersection(others)))
    assert effect["by_lot"]
    assert effect["low"] < 40 - 1 < effect["high"]
    books = json.loads((tmp_path / "out" / "accounting.json").read_text(encoding="utf-8"))
    assert {c["campaign"]: c["contacts"] for c in books["campaigns"]} == {
        "c2": len(mailed & known),
        "c3": sum(row["campaign_id"] == "c3" and row["customer_id"] in known for row in listed),
    }
    assert f"{len(others)} rows of customers who were held out are no contacts" in books["note"]
    assert f"contacts of {shop.CUSTOMERS - len(known)} customers without features are not counted" in books["note"]
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "What past contacts changed" in page
    assert "<mailed>" not in page
    kept = snapshot.load(next(tmp_path.rglob("content.npz")))
    assert kept.choice.effects[0].campaign == "c2"
    assert kept.features.outcome.accounting.campaigns[0].campaign == "c2"
