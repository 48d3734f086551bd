"""Who is left out is in no table, changes nobody else's features, and is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netlift import features, sources
from netlift.engine import Engine
from netlift.features import shares
from netlift.records import Features, Tables
from tests.features.test_rollups import Shop

FILES = {
    "a.csv": ("1,2026-01-01 10:00:00,5,t1,p0,1,", "2,2026-01-02 09:00:00,9,,p1,1,", "3,2026-01-02 09:00:00,4,t9,p3,1,"),
    "b.csv": ("1,2026-01-03 10:01:00,7,t1,p1,1,", "2,2026-01-03 09:00:00,3,,p2,1,", "3,2026-01-03 04:59:59,2,t5,p0,1,"),
    "c.csv": ("1,2026-01-05 10:00:00,1,t7,p0,1,", "3,2026-01-02 09:00:01,8,t9,p0,1,", "2,2026-01-04 09:00:01,8,t9,p0,1,"),
}


@pytest.fixture(autouse=True)
def _shares_are_drawn_however_few_the_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "FEWEST", 1)


def built(folder: Path, *, without: frozenset[str] = frozenset(), rolled: bool = True) -> tuple[Features, Tables]:
    """Features of the shop in a folder, made twice over, so that remembered sums are used."""
    shop = Shop.__new__(Shop)
    shop.folder = folder
    for _ in range(2):
        with shop.loaded("2026-01-06") as (settings, engine, tables):
            left = sources.leave_out(engine, tables, without)
            made = features.build(settings, engine, left if rolled else left.told())
    return made, left


@pytest.mark.parametrize("how", ["roll-ups of parts", "all lines"])
def test_features_are_those_of_a_shop_without_the_person(tmp_path: Path, how: str) -> None:
    """To the bit: population, values, and what is learnt from all customers; later without an objection, all are back."""
    rolled = how == "roll-ups of parts"
    for name in ("all", "without"):
        (tmp_path / name).mkdir()
        shop = Shop(tmp_path / name)
        for file, rows in FILES.items():
            shop.write(file, *(row for row in rows if name == "all" or not row.startswith("2,")))
    made, tables = built(tmp_path / "all", without=frozenset({"2"}), rolled=rolled)
    other, _ = built(tmp_path / "without", rolled=rolled)
    assert made.customer_ids.tolist() == other.customer_ids.tolist() == ["1", "3"]
    assert [f.name for f in made.features] == [f.name for f in other.features]
    np.testing.assert_array_equal(made.values, other.values)
    assert made.learnt == other.learnt
    read = tables.inputs[0]
    assert (read.rows_in, read.rows_ok, read.rows_left_out) == (9, 6, 3)
    assert read.findings[-1] == "transactions: 3 rows of 1 customers who objected or were erased are left out."
    assert built(tmp_path / "all", rolled=rolled)[0].customer_ids.tolist() == ["1", "2", "3"]


def test_people_are_everybody_once_with_their_addresses(tmp_path: Path) -> None:
    """Ids of all tables; whoever has no row in contacts has no address."""
    shop = Shop(tmp_path)
    shop.write("a.csv", *FILES["a.csv"], *FILES["b.csv"])
    (tmp_path / "contacts.csv").write_text("customer_id,email\n2,b@example.com\n7,g@example.com\n")
    settings = shop.settings()
    contacts = settings.tables["transactions"].model_copy(update={"path": "contacts.csv", "derive": {}, "returns": "refuse"})
    settings = settings.model_copy(update={"tables": {**settings.tables, "contacts": contacts}})
    with Engine() as engine:
        found = sorted(sources.people(engine, sources.load(settings, engine)), key=lambda row: str(row["customer_id"]))
    assert found == [
        {"customer_id": "1", "email": None},
        {"customer_id": "2", "email": "b@example.com"},
        {"customer_id": "3", "email": None},
        {"customer_id": "7", "email": "g@example.com"},
    ]
