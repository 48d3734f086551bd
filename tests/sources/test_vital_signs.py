"""Health in figures: right on crafted tables, and quiet on healthy real ones."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.records import HealthFigure
from netlift.settings import parse
from netlift.sources import vital_signs
from netlift.sources.vital_signs import stability
from tests.measurement.worlds import PACKAGE

START = date(2026, 1, 1)


def figures(folder: Path, *, zone: str = "UTC", **tables: str) -> list[HealthFigure]:
    for name, content in tables.items():
        (folder / f"{name}.csv").write_text(content)
    project = {"name": "shop", "currency": "USD", "time_zone": zone}
    config = {"project": project, "tables": {name: {"path": f"{name}.csv"} for name in tables}}
    with Engine() as engine:
        return list(sources.load(parse(config, folder=folder, sha256=""), engine).health)


def sales(days: list[int], *, amount: str = "5", clock: str = "10:00:00") -> str:
    """One purchase a day by one of 50 customers in turn."""
    rows = [f"{n % 50},{START + timedelta(days=d)} {clock},{amount}\n" for n, d in enumerate(days)]
    return "customer_id,timestamp,amount\n" + "".join(rows)


def one(found: list[HealthFigure], kind: str, table: str = "transactions", **of: str) -> HealthFigure:
    (figure,) = [f for f in found if (f.kind, f.table) == (kind, table) and all(getattr(f, k) == v for k, v in of.items())]
    return figure


def test_a_table_that_stopped_is_stale(tmp_path: Path) -> None:
    """Events end 40 days before the sales: their lag, and a question."""
    events = "customer_id,timestamp,event,session_id\n" + "".join(
        f"{n % 50},{START + timedelta(days=n)} 09:00:00,view,s{n}\n" for n in range(60)
    )
    found = figures(tmp_path, transactions=sales(list(range(100))), events=events)
    assert (one(found, "freshness", "events").value, one(found, "freshness", "events").remarkable) == (40, True)
    assert (one(found, "freshness").value, one(found, "freshness").remarkable) == (0, False)


def test_an_odd_week_and_days_without_rows(tmp_path: Path) -> None:
    """Seven purchases in the middle week; a week of a hundred stands out, and ten empty days do."""
    days = [d for d in range(140) if not 50 <= d < 60] + [d for d in range(84, 91) for _ in range(13)]
    found = figures(tmp_path, transactions=sales(sorted(days)))
    week = one(found, "volume", unit="rows a week")
    assert (week.value, week.remarkable) == (7, True)
    assert "most that from 2026-03-26 with 98" in week.text
    empty = one(found, "volume", unit="days without rows")
    assert (empty.value, empty.remarkable) == (10, True)
    assert "from 2026-02-20" in empty.text


def test_the_future_and_lost_times_of_day(tmp_path: Path) -> None:
    """Rows later than now are counted; midnight for some rows only asks whether times were cut off."""
    rows = sales(list(range(30))) + "7,2099-01-01 00:00:00,5\n"
    found = figures(tmp_path, transactions=rows)
    assert one(found, "clock", unit="rows in the future").value == 1
    share = one(found, "clock", unit="share")
    assert share.value == pytest.approx(1 / 31)
    assert share.remarkable
    assert not one(figures(tmp_path, transactions=sales(list(range(30)), clock="00:00:00")), "clock").remarkable


def test_coverage_and_missing(tmp_path: Path) -> None:
    """Half of the customers bought; two thirds of the ages are missing."""
    customers = "customer_id,age\n" + "".join(f"{n},{'40' if n % 3 == 0 else ''}\n" for n in range(90))
    found = figures(tmp_path, customers=customers, transactions=sales(list(range(45))))
    assert one(found, "coverage").value == pytest.approx(0.5)
    assert "45 have fewer than three" in one(found, "coverage").text
    age = one(found, "missing", "customers", column="age")
    assert age.value == pytest.approx(2 / 3)
    assert age.remarkable


@pytest.mark.parametrize("twin", ["ANN", " Ann", "A nn", "A\u00a0nn", "An\u200bn", "\u202eAnn"])
def test_ids_that_look_alike_are_told(tmp_path: Path, twin: str) -> None:
    """Capitals, blanks, signs that nobody sees: two customers, and a remark; an id of its own is none."""
    found = one(figures(tmp_path, customers=f"customer_id\nAnn\n{twin}\nBen\n"), "ids", "customers")
    assert (found.value, found.remarkable) == (1, True)
    assert found.text.startswith("customers: 1 customer_id differs from another one only in capitals")
    assert "Ann" not in found.text


def test_accents_written_in_two_ways_are_told(tmp_path: Path) -> None:
    """One sign or two for an accented letter; two accents are two people."""
    assert one(figures(tmp_path, customers="customer_id\nJos\u00e9\nJose\u0301\n"), "ids", "customers").value == 1
    apart = one(figures(tmp_path, customers="customer_id\nJos\u00e9\nJose\n"), "ids", "customers")
    assert (apart.value, apart.remarkable) == (0, False)


def test_drift_of_the_last_quarter(tmp_path: Path) -> None:
    """Amounts ten times as large in the last quarter are a drift, the same amounts are none."""
    rng = np.random.default_rng(2)
    head = "customer_id,timestamp,amount,channel\n"

    def rows(factor: float) -> str:
        lines = []
        for n in range(8000):
            day = n // 80
            amount = rng.gamma(2, 10) * (factor if day >= 75 else 1)
            lines.append(f"{n % 500},{START + timedelta(days=day)} 10:00:00,{amount:.2f},{'app' if rng.random() < 0.3 else 'shop'}\n")
        return head + "".join(lines)

    moved = figures(tmp_path, transactions=rows(10))
    assert one(moved, "drift", column="amount").remarkable
    assert not one(moved, "drift", column="channel").remarkable
    assert not any(f.remarkable for f in figures(tmp_path, transactions=rows(1)) if f.kind == "drift")


def test_of_a_large_table_some_customers_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a share of the customers is looked at, counts are scaled up and said to be about so many."""
    monkeypatch.setattr(vital_signs, "LARGEST", 3000)
    rows = "".join(f"{n % 3000},{START + timedelta(days=n // 200)} 10:00:00,5\n" for n in range(20_000))
    found = figures(tmp_path, transactions="customer_id,timestamp,amount\n" + rows)
    week = one(found, "volume", unit="rows a week")
    assert week.value == pytest.approx(1400, rel=0.25)
    assert week.text.startswith("transactions: about ")


def test_stability_by_hand() -> None:
    """Two groups, half and half against three to one: 0.25 ln 1.5 - 0.25 ln 0.5."""
    assert stability(np.array([50.0, 50]), np.array([75.0, 25])) == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5))
    assert stability(np.array([10.0, 90]), np.array([10.0, 90])) == 0


def test_a_healthy_shop_raises_no_alarm() -> None:
    """Complete Journey: a year of 1.47 million real purchases, in which there is nothing to see."""
    columns = {"customer_id": "household_id", "transaction_id": "basket_id", "amount": "sales_value", "timestamp": "transaction_timestamp"}
    table = {"path": "transactions.parquet", "columns": columns}
    config = {"project": {"name": "cj", "currency": "USD", "time_zone": "America/New_York"}, "tables": {"transactions": table}}
    with Engine() as engine:
        found = sources.load(parse(config, folder=PACKAGE, sha256=""), engine).health
    assert [f.text for f in found if f.remarkable] == []


def test_the_newest_row_is_of_the_shop_s_own_day(tmp_path: Path) -> None:
    """An answer of 00:30 in Berlin is of that day, though it is still the day before in London."""
    survey = "customer_id,question,answer,answered_at\n1,a,b,2025-10-01 00:30:00\n"
    found = figures(tmp_path, zone="Europe/Berlin", customers="customer_id\n1\n", survey=survey)
    assert "the newest row is of 2025-10-01" in one(found, "freshness", "survey").text
