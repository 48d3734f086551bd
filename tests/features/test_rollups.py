"""Features from roll-ups of parts are those from all lines, whatever parts there are and wherever `as_of` lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from netlift import features, sources
from netlift.engine import Engine
from netlift.features import rollups, shares
from netlift.records import Features, Tables
from netlift.settings import Settings, parse
from netlift.sources import parts

HEAD = "customer_id,timestamp,amount,transaction_id,product_id,quantity,coupon\n"
PRODUCTS = "product_id,category\np0,dairy\np1,wine\np2,\np3,wine\n"
CONFIG = {"project": {"name": "shop", "currency": "USD", "time_zone": "America/New_York"}}


class Shop:
    """Sales in files, products, and a landing area."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sales").mkdir()
        (folder / "products.csv").write_text(PRODUCTS)

    def write(self, name: str, *rows: str) -> None:
        (self.folder / "sales" / name).write_text(HEAD + "".join(f"{row}\n" for row in rows))

    def settings(self, as_of: str | None = None) -> Settings:
        channel = "CASE WHEN quantity > 1 THEN 'web' WHEN quantity = 1 THEN 'shop' END"
        sales = {"path": "sales", "returns": "keep", "derive": {"channel": channel}}
        tables = {"transactions": sales, "products": {"path": "products.csv"}}
        known = {"features": {"as_of": as_of}} if as_of else {}
        return parse({**CONFIG, **known, "tables": tables}, folder=self.folder, sha256="")

    @contextmanager
    def loaded(self, as_of: str | None = None) -> Iterator[tuple[Settings, Engine, Tables]]:
        settings = self.settings(as_of)
        with Engine() as engine:
            yield settings, engine, sources.load(settings, engine, landing=self.folder / "landing")

    def both(self, as_of: str | None = None) -> tuple[Features, Features]:
        """Features by roll-ups, and of all lines at once."""
        with self.loaded(as_of) as (settings, engine, tables):
            assert tables.parts("transactions")
            return features.build(settings, engine, tables), features.build(settings, engine, tables.told())

    def rolled(self) -> dict[str, int]:
        """Roll-ups of parts, without the sums over many, which each run replaces."""
        found = {p.name: p.stat().st_mtime_ns for p in self.folder.glob("landing/typed/rollups/*/*.parquet")}
        return {name: at for name, at in found.items() if not name.endswith("-sum.parquet")}


def same(one: Features, two: Features) -> None:
    assert one.customer_ids.tolist() == two.customer_ids.tolist()
    assert [f.name for f in one.features] == [f.name for f in two.features]
    np.testing.assert_allclose(one.values, two.values, rtol=1e-12, atol=1e-12)


@pytest.fixture(autouse=True)
def _shares_are_drawn_however_few_the_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "FEWEST", 1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A basket in two files, lines without a basket's id in both, a late line, a basket over midnight of 3 January."""
    made = Shop(tmp_path)
    made.write(
        "a.csv",
        "1,2026-01-01 10:00:00,5,t1,p0,1,",
        "1,2026-01-01 10:00:00,6,t1,p1,2,c",
        "2,2026-01-02 09:00:00,9,,p1,1,",
        "3,2026-01-02 09:00:00,4,t9,p3,1,",
    )
    made.write(
        "b.csv",
        "1,2026-01-01 10:01:00,7,t1,p1,1,",
        "2,2026-01-03 09:00:00,3,,p2,1,",
        "3,2026-01-03 04:59:59,2,t5,p0,1,",
        "3,2026-01-03 05:00:01,2,t5,p1,1,",
    )
    made.write("c.csv", "1,2026-01-05 10:00:00,1,t7,p0,1,", "3,2026-01-02 09:00:01,8,t9,p0,1,")
    return made


@pytest.mark.parametrize("as_of", [None, "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-06"])
def test_crafted_parts(shop: Shop, as_of: str | None) -> None:
    """Before, inside, between and after the parts."""
    same(*shop.both(as_of))


def test_two_files_with_the_same_bytes(shop: Shop) -> None:
    """A copy's baskets stand in two parts and are counted as lines of one basket, as without parts."""
    shop.write("d.csv", "1,2026-01-05 10:00:00,1,t7,p0,1,", "3,2026-01-02 09:00:01,8,t9,p0,1,")
    same(*shop.both())


def test_by_hand(shop: Shop) -> None:
    """Customer 1: two baskets, the first of three lines and two products in two files; three days and 23:59:xx between them."""
    rolled, _ = shop.both()
    of = {f.name: rolled.column(f.name)[rolled.customer_ids.tolist().index("1")] for f in rolled.features}
    assert (of["frequency"], of["monetary"], of["basket_lines"], of["basket_variety"]) == (2, 19, 2, 1.5)
    assert of["gap_mean"] == pytest.approx(4)


LINE = st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 300), st.integers(0, 3))


@hypothesis_settings(deadline=None, max_examples=30)
@given(files=st.lists(st.lists(LINE, min_size=1, max_size=12), min_size=1, max_size=4), day=st.integers(2, 14), ranges=st.integers(1, 4))
def test_any_parts(tmp_path_factory: pytest.TempPathFactory, files: list[Any], day: int, ranges: int) -> None:
    """Any lines in any files, file by file so that each arrives late, cut in pieces, in several ranges of customers."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.write("0.csv", "9,2026-01-01 00:00:00,1,t,p0,1,")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rollups, "ROWS", max(1, sum(map(len, files)) // ranges))
        patched.setattr(parts, "PIECE", 5)
        for n, rows in enumerate(files):
            lines = [
                f"{c},2026-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00,{i},{'' if t == 0 else f't{t}'},p{p},1,"
                for i, (c, t, hour, p) in enumerate(rows)
            ]
            shop.write(f"{n + 1}.csv", *lines)
            same(*shop.both(f"2026-01-{day:02d}"))


STEP = st.one_of(
    st.tuples(st.just("later"), st.lists(LINE, min_size=1, max_size=8)),  # a file of what came since
    st.tuples(st.just("late"), st.lists(LINE, min_size=1, max_size=3)),  # a file of any time: late lines, second lines of baskets
    st.tuples(st.just("gone"), st.integers(0, 5)),
    st.tuples(st.just("as of"), st.integers(2, 40)),
)


@hypothesis_settings(deadline=None, max_examples=25)
@given(steps=st.lists(STEP, min_size=2, max_size=6), ranges=st.integers(1, 3))
def test_sums_go_on_as_if_begun_anew(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]], ranges: int) -> None:
    """Whatever comes, goes or moves between runs, and whatever was remembered: features are those of all lines at once."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.write("0.csv", *(f"{c},2026-01-0{d} 0{c}:00:00,{c + d},t{d},p1,1," for c in range(3) for d in (1, 2)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rollups, "ROWS", max(1, 12 // ranges))
        same(*shop.both())
        since = 3
        for n, (kind, what) in enumerate(steps):
            as_of = None
            if kind in ("later", "late"):
                first = since if kind == "later" else 1
                rows = [(c, first + hour // 100, hour % 24, i, t, p) for i, (c, t, hour, p) in enumerate(what)]
                since = max(since, *(day for _, day, *_ in rows)) if kind == "later" else since  # some on the day that ended before
                shop.write(
                    f"{n + 1}.csv", *(f"{c},2026-01-{day:02d} {h:02d}:00:00,{i - 2},t{day}-{t},p{p},1," for c, day, h, i, t, p in rows)
                )
            elif kind == "gone":
                (shop.folder / "sales" / f"{what}.csv").unlink(missing_ok=what > 0)
                shop.write("0.csv", *(f"{c},2026-01-0{d} 0{c}:00:00,{c + d},t{d},p1,1," for c in range(3) for d in (1, 2)))
            else:
                as_of = str(date(2026, 1, 1) + timedelta(days=what - 1))
            same(*shop.both(as_of))


def test_new_parts_cost_what_they_hold(shop: Shop) -> None:
    """A new file adds its own roll-ups; those of the others stay as they are, also when `as_of` moves; those of a gone file go."""
    shop.both()
    before = shop.rolled()
    shop.both("2026-01-03")
    assert shop.rolled() == before
    shop.write("d.csv", "4,2026-01-06 10:00:00,1,t8,p0,1,")
    same(*shop.both())
    after = shop.rolled()
    assert len(after) == len(before) + 3
    assert {name: at for name, at in after.items() if name in before and "apart" not in name} == {
        name: at for name, at in before.items() if "apart" not in name
    }
    (shop.folder / "sales" / "d.csv").unlink()
    same(*shop.both())
    shop.both()
    assert set(shop.rolled()) == set(before)


def test_ranges_cover_all_buckets_once() -> None:
    """The ranges of any number of lines part the buckets, and few lines are one range."""
    assert rollups._ranges(100, 64) == ("1 = 1",)
    for rows in (16_000_000, 100_000_000, 10**10):
        edges = [tuple(map(int, r.removeprefix("bucket BETWEEN ").split(" AND "))) for r in rollups._ranges(rows, 64)]
        assert [b for low, high in edges for b in range(low, high + 1)] == list(range(64))


def test_people_s_data_are_private(shop: Shop) -> None:
    """Nobody else on the machine may look into the roll-ups."""
    shop.both()
    (folder,) = shop.folder.glob("landing/typed/rollups/*")
    assert folder.stat().st_mode & 0o077 == 0
