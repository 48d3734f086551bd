"""What the next offers could be about, from a prepared run: in its file, in the report and in the advice."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from netlift import snapshot
from netlift.segments import structure
from netlift.store import open_store
from netlift.workflow.prepare import Prepared, prepare
from tests import shop


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corner shop with products: who buys dear things buys much <fish>, everybody bread."""
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    written = shop.write(tmp_path / "shop")
    sales = written.parent / "sales.csv"
    rows = list(csv.DictReader(sales.read_text(encoding="utf-8").splitlines()))
    rng = np.random.default_rng(0)
    with sales.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*rows[0], "product_id"])
        writer.writerows([*row.values(), "f" if float(row["paid"]) > 20 and rng.random() < 0.1 else "b"] for row in rows)
    (written.parent / "products.csv").write_text("product_id,category\nf,<fish>\nb,bread\n", encoding="utf-8")
    text = written.read_text(encoding="utf-8").replace("k = [2, 4]", "k = [2, 2]")
    written.write_text(text + '\n[tables.products]\npath = "products.csv"\n', encoding="utf-8")
    open_store()
    return written


def told(run: Prepared) -> list[dict]:
    found: list[dict] = json.loads((run.folder / "proposals.json").read_text(encoding="utf-8"))
    return found


def test_a_run_tells_what_the_next_offers_could_be_about(config: Path, tmp_path: Path) -> None:
    """One entry per segment in proposals.json, here and in the user's folder; the report names the category, escaped."""
    run = prepare(config, out=tmp_path / "out")
    first, second = told(run)
    assert [c["category"] for c in first["categories"]] == ["<fish>"]
    assert first["categories"][0]["lift_low"] > 1
    assert (second["segment"], second["categories"]) == (2, [])
    assert second["text"].startswith("Nothing is clear")
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "&lt;fish&gt;" in page
    assert 'href="#proposals"' in page
    kept = snapshot.load(next(tmp_path.rglob("content.npz")))
    assert [c.category for c in kept.choice.proposals[0].categories] == ["<fish>"]


def test_an_offer_about_it_ends_the_proposal(config: Path) -> None:
    """With an offer of fish, nothing is proposed, and the offer fits."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text + '\n[[offers]]\nname = "Fish week"\ncategories = ["<fish>"]\n', encoding="utf-8")
    first, second = told(prepare(config))
    assert (first["categories"], first["fitting"]) == ([], ["Fish week"])
    assert (second["categories"], second["fitting"]) == ([], [])


def test_without_products_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of what customers buy, so nothing is said."""
    monkeypatch.setattr(structure, "COPIES", 19)
    open_store()
    run = prepare(shop.write(tmp_path / "plain"))
    assert not (run.folder / "proposals.json").exists()
    assert "What the next offers could be about" not in (run.folder / "report.html").read_text(encoding="utf-8")
