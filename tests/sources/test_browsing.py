"""Events: machines are left out, visits are made."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.errors import SourceError
from netlift.records import TableInput
from netlift.settings import EngineSettings, Settings, parse
from netlift.sources import browsing
from tests.sources.conftest import Shop

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "clickstream"
HEAD = "customer_id,timestamp,event\n"


def test_a_visit_ends_after_half_an_hour_of_silence(shop: Shop) -> None:
    """30 minutes of silence are the same visit, one second more is the next; customers never share one."""
    times = ["10:00:00", "10:30:00", "11:00:01"]
    rows = "".join(f"{c},2026-01-01 {t},view\n" for c in "ab" for t in times)
    read = shop.load("events", HEAD + rows)
    visits = [("a visit 1", 2), ("a visit 2", 1), ("b visit 1", 2), ("b visit 2", 1)]
    assert shop.engine.rows("SELECT session_id, count(*) FROM events GROUP BY ALL ORDER BY ALL") == visits
    assert any("a visit ends after 30 minutes without an event: 4 visits." in f for f in read.findings)
    assert read.columns["session_id"] == "text"


def test_the_gap_is_a_setting(shop: Shop) -> None:
    """A gap of 45 minutes makes one visit of what 30 minutes would split."""
    shop.load("events", HEAD + "a,2026-01-01 10:00:00,view\na,2026-01-01 10:40:00,view\n", session_gap=45)
    assert shop.rows("events", "DISTINCT session_id") == [("a visit 1",)]


def test_given_sessions_stay_and_gaps_are_filled(shop: Shop) -> None:
    """A session_id in the file is kept; only events without one are put into visits."""
    head = "customer_id,timestamp,event,session_id\n"
    shop.load("events", head + "a,2026-01-01 10:00:00,view,s1\na,2026-01-01 10:01:00,view,\na,2026-01-02 10:00:00,view,\n")
    assert shop.rows("events", "session_id") == [("a visit 1",), ("a visit 2",), ("s1",)]


AGENTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": False,
    "Mozilla/5.0 (compatible; YandexBot/3.0)": False,
    "python-requests/2.32": False,
    "curl/8.5.0": False,
    "Mozilla/5.0 (Linux; Android 11; CUBOT X50) AppleWebKit/537.36": True,
    "okhttp/4.12.0": True,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)": True,
    "": True,
}


@pytest.mark.parametrize(("agent", "person"), AGENTS.items())
def test_machines_are_known_by_their_user_agent(shop: Shop, agent: str, person: bool) -> None:  # noqa: FBT001 - a table of cases
    """Crawlers and programs are left out; telephones, apps and the unknown stay."""
    head = "customer_id,timestamp,event,user_agent\n"
    read = shop.load("events", head + f'a,2026-01-01 10:00:00,view,"{agent}"\na,2026-01-01 10:01:00,view,Firefox\n')
    assert (read.rows_ok, read.rows_left_out) == ((2, 0) if person else (1, 1))


def _burst(events: int, seconds: float) -> str:
    return HEAD + "".join(f"a,2026-01-01 10:00:{i * seconds / (events - 1):09.6f},view\n" for i in range(events)) + "b,2026-01-01,view\n"


def test_a_pace_that_no_hand_reaches_is_a_machine(shop: Shop) -> None:
    """121 events within a minute leave the whole visit out, counted and told; 120 stay, and so do all with bots = keep."""
    read = shop.load("events", _burst(121, 59))
    assert (read.rows_in, read.rows_ok, read.rows_left_out) == (122, 1, 121)
    assert any("121 of 122 rows are left out as machines" in f for f in read.findings)
    assert shop.load("events", _burst(120, 59)).rows_ok == 121
    assert shop.load("events", _burst(121, 59), bots="keep").rows_ok == 122


def test_nothing_but_machines_is_refused(shop: Shop) -> None:
    """A file of which nobody is left is told, and leaves no table behind."""
    with pytest.raises(SourceError, match=r"all 1 events are of machines"):
        shop.load("events", "customer_id,timestamp,event,user_agent\na,2026-01-01,view,Googlebot\n")
    assert "events" not in shop.tables()


def _shop_of_many(folder: Path, *, days: int) -> Settings:
    """A folder of one file a day: 40 customers who look around at odd times, across midnight too, and a machine."""
    random = np.random.default_rng(3)
    (folder / "events").mkdir(exist_ok=True)
    for day in range(days):
        moments = np.sort(random.integers(0, 24 * 3600, 400))
        lines = [f"c{int(random.integers(40))},2026-01-{day + 1:02d}T{m // 3600:02d}:{m // 60 % 60:02d}:{m % 60:02d},view" for m in moments]
        lines += [f"machine,2026-01-{day + 1:02d}T00:00:{i / 4:05.2f},view" for i in range(130)]
        (folder / "events" / f"{day:02d}.csv").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / "everybody.csv").write_text("customer_id\nc1\n", encoding="utf-8")
    tables = {"customers": {"path": "everybody.csv"}, "events": {"path": "events"}}
    return parse({"project": {"name": "s", "currency": "EUR", "time_zone": "UTC"}, "tables": tables}, folder=folder, sha256="")


def _loaded(settings: Settings, landing: Path) -> tuple[TableInput, list[tuple[Any, ...]]]:
    with Engine(EngineSettings(threads=2)) as engine:
        read = sources.load(settings, engine, landing=landing).inputs[1]
        return read, engine.rows("SELECT customer_id, session_id, timestamp FROM events ORDER BY ALL")


def test_visits_made_in_passes_are_those_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one pass or in many: the same visits over all files, the same machines left out, the same words."""
    settings = _shop_of_many(tmp_path, days=3)
    whole, rows = _loaded(settings, tmp_path / "one")
    monkeypatch.setattr(browsing, "ROWS", 100)
    passes, same = _loaded(settings, tmp_path / "many")
    assert (len(whole.parts), len(rows)) == (1, 1200)
    assert len(passes.parts) > 5
    assert same == rows
    assert passes.findings == whole.findings
    assert (passes.rows_ok, passes.rows_left_out, sum(part.rows for part in passes.parts)) == (1200, 390, 1200)


def test_visits_are_kept_until_events_come_or_go(tmp_path: Path) -> None:
    """A second load finds its visits; a new file makes them anew, as if all files had been there at once; nothing old stays."""
    landing = tmp_path / "landing"
    first, _ = _loaded(_shop_of_many(tmp_path, days=2), landing)
    made = first.parts[0].path.stat().st_mtime_ns
    again, _ = _loaded(_shop_of_many(tmp_path, days=2), landing)
    assert (again, again.parts[0].path.stat().st_mtime_ns) == (first, made)
    more, rows = _loaded(_shop_of_many(tmp_path, days=3), landing)
    assert rows == _loaded(_shop_of_many(tmp_path, days=3), tmp_path / "fresh")[1]
    assert more.rows_ok == 1200
    _loaded(_shop_of_many(tmp_path, days=3), landing)
    assert not first.parts[0].path.exists()


if SHARED.exists():
    CLICKS = SHARED / "ecom_clickstream.csv.gz"

    def test_the_clickstream_has_its_published_sessions(shop: Shop) -> None:
        """31,106 events of 600 users in 3,605 sessions, and nobody in them is a machine."""
        read = shop.load("events", path=str(CLICKS.resolve()), columns={"customer_id": "user_id"})
        assert (read.rows_in, read.rows_ok, read.rows_left_out) == (31_106, 31_106, 0)
        assert shop.engine.rows("SELECT count(DISTINCT customer_id), count(DISTINCT session_id) FROM events") == [(600, 3_605)]

    def test_visits_of_the_clickstream_agree_with_a_loop(shop: Shop) -> None:
        """Made from the gaps alone, the visits are those that a plain loop over the sorted times finds."""
        rows = list(csv.DictReader(gzip.decompress(CLICKS.read_bytes()).decode().splitlines()))
        shop.write("bare.csv", HEAD + "".join(f"{r['user_id']},{r['timestamp']},{r['event']}\n" for r in rows))
        shop.load("events", path="bare.csv")
        last: dict[str, datetime] = {}
        visits = 0
        for customer, moment in sorted((r["user_id"], datetime.fromisoformat(r["timestamp"])) for r in rows):
            visits += customer not in last or moment - last[customer] > timedelta(minutes=30)
            last[customer] = moment
        assert shop.engine.rows("SELECT count(DISTINCT session_id) FROM events") == [(visits,)]
        assert abs(visits - 3_605) < 40
