"""Tables in parts: new files cost what they hold, corrections stand, and a crash leaves the last good state."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from netlift import sources
from netlift.engine import Engine
from netlift.errors import SettingsError, SourceError
from netlift.records import Tables
from netlift.settings import parse
from netlift.sources import parts
from netlift.sources.area import Area
from netlift.sources.derived import Checked, check_rows

HEAD = "customer_id,timestamp,amount,transaction_id,product_id\n"
CONFIG = {"project": {"name": "shop", "currency": "USD", "time_zone": "America/New_York"}}


class Shop:
    """A folder of sales files and its landing area."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.landing = folder, folder / "landing"
        (folder / "sales").mkdir(exist_ok=True)

    def write(self, name: str, *rows: str) -> None:
        (self.folder / "sales" / name).write_text(HEAD + "".join(f"{row}\n" for row in rows))

    def settings(self, **table: Any) -> Any:
        return parse({**CONFIG, "tables": {"transactions": {"path": "sales", **table}}}, folder=self.folder, sha256="")

    def load(self, **table: Any) -> tuple[Tables, list[tuple]]:
        with Engine() as engine:
            tables = sources.load(self.settings(**table), engine, landing=self.landing)
            columns = "customer_id, timestamp, amount, transaction_id, product_id"
            return tables, engine.rows(f"SELECT {columns} FROM transactions ORDER BY ALL")

    def read(self, **table: Any) -> Tables:
        """Of any columns."""
        with Engine() as engine:
            return sources.load(self.settings(**table), engine, landing=self.landing)

    def files(self) -> dict[str, float]:
        return {p.name: p.stat().st_mtime_ns for p in self.landing.rglob("*.parquet") if "quarantine" not in p.name}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.write("a.csv", "1,2026-01-01 10:00:00,5,t1,p1", "2,2026-01-01 11:00:00,6,t2,p1", "3,never,6,t3,p1")
    made.write("b.csv", "1,2026-01-02 10:00:00,7,t4,p1", "4,2026-01-02 11:00:00,8,t5,p2")
    return made


def test_parts_hold_the_table(shop: Shop) -> None:
    """One part a file, sorted by customer bucket, whole customers in a bucket; the view has all good rows, the counts add up."""
    tables, rows = shop.load(max_quarantined=0.5)
    (read,) = tables.inputs
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (5, 4, 1, 0)
    assert [part.rows for part in read.parts] == [2, 2]
    assert len(rows) == 4
    for part in read.parts:
        table = pq.read_table(part.path)
        assert table.column_names == ["customer_id", "timestamp", "amount", "transaction_id", "product_id", "local_timestamp", "bucket"]
        assert table["bucket"].to_pylist() == sorted(table["bucket"].to_pylist())
        assert table.schema.field("timestamp").type == pa.timestamp("us")
        assert part.first == min(table["local_timestamp"].to_pylist())
        assert part.last == max(table["local_timestamp"].to_pylist())
    in_bucket = {row["bucket"] for part in read.parts for row in pq.read_table(part.path).to_pylist() if row["customer_id"] == "1"}
    assert len(in_bucket) == 1
    assert tables.buckets == parts.BUCKETS


def test_only_what_is_new_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded again nothing is checked; a third file is, and the others' parts stay as they were, refused rows included."""
    tables, rows = shop.load(max_quarantined=0.5)
    before = shop.files()
    checked: list[int] = []

    def counted(*arguments: Any) -> Checked:
        checked.append(1)
        return check_rows(*arguments)

    monkeypatch.setattr(parts, "check_rows", counted)
    again, same = shop.load(max_quarantined=0.5)
    assert (same, checked) == (rows, [])
    assert again.inputs == tables.inputs
    shop.write("c.csv", "9,2026-01-03 10:00:00,1,t9,p9")
    grown, more = shop.load(max_quarantined=0.5)
    assert checked == [1]
    assert len(more) == len(rows) + 1
    assert grown.inputs[0].rows_quarantined == 1
    assert {k: v for k, v in shop.files().items() if k in before} == before


def test_changed_and_removed_files_leave_the_table(shop: Shop) -> None:
    """The table is what the files hold now."""
    shop.load(max_quarantined=0.5)
    shop.write("b.csv", "7,2026-02-01 10:00:00,1,t7,p1")
    tables, rows = shop.load(max_quarantined=0.5)
    assert [r[0] for r in rows] == ["1", "2", "7"]
    (shop.folder / "sales" / "a.csv").unlink()
    tables, rows = shop.load()
    assert [r[0] for r in rows] == ["7"]
    assert tables.inputs[0].rows_in == 1
    assert len(shop.files()) == 1


def test_other_settings_make_other_parts(shop: Shop) -> None:
    """What decides how rows are typed is part of a part's name: where, derive, format."""
    assert len(shop.load(max_quarantined=0.5)[1]) == 4
    tables, rows = shop.load(max_quarantined=0.5, where="amount > 6")
    assert [r[2] for r in rows] == [7, 8]
    assert tables.inputs[0].rows_left_out == 2
    assert len(shop.load(max_quarantined=0.5)[1]) == 4


def test_a_copy_of_a_file_counts_twice(shop: Shop) -> None:
    """Two files with the same bytes are two files."""
    shop.write("c.csv", "1,2026-01-02 10:00:00,7,t4,p1", "4,2026-01-02 11:00:00,8,t5,p2")
    tables, rows = shop.load(max_quarantined=0.5)
    assert len(rows) == 6
    assert len({part.name for part in tables.inputs[0].parts}) == 3


def test_pieces_are_the_whole(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cut into many pieces gives the same rows, counts and findings as one read at once."""
    lines = [f"{i % 50},2026-01-01 10:00:00,{i},t{i},p{i % 7}" if i % 11 else f"{i % 50},soon,{i},t{i},p" for i in range(2000)]
    shop.write("a.csv", *lines)
    once, rows = shop.load(max_quarantined=0.5)
    monkeypatch.setattr(parts, "PIECE", 300)
    monkeypatch.setattr("netlift.sources.text.CHUNK", 4096)
    monkeypatch.setattr(parts, "VERSION", 999)
    cut, same = shop.load(max_quarantined=0.5)
    assert len(cut.inputs[0].parts) > 4
    assert same == rows
    assert (cut.inputs[0].rows_in, cut.inputs[0].rows_quarantined) == (once.inputs[0].rows_in, once.inputs[0].rows_quarantined)
    assert cut.inputs[0].findings[0] == once.inputs[0].findings[0]


def test_a_column_may_not_change_its_kind_half_way(shop: Shop) -> None:
    """A column that only `where` reads is a number in one file and a text in the next: an expression must not change its meaning."""
    (shop.folder / "sales" / "a.csv").write_text("customer_id,timestamp,amount,code\n1,2026-01-01,5,1\n")
    (shop.folder / "sales" / "b.csv").write_text("customer_id,timestamp,amount,code\n1,2026-01-01,5,x\n")
    with pytest.raises(SourceError, match=r"'code' holds numbers at first and texts later; say which it is: types = \{ code = \"text\" \}"):
        shop.load(where="code > 0")


def test_a_refused_table_is_refused_again(shop: Shop) -> None:
    """Too many bad rows: the same sentence the second time, when nothing is read anew."""
    said = []
    for _ in range(2):
        with pytest.raises(SourceError, match=r"1 of 5 rows \(20\.0 %\) are refused.*timestamp 'never' is no date") as caught:
            shop.load()
        said.append(str(caught.value))
    assert said[0] == said[1]


# --- corrections by key ------------------------------------------------------------------------------------------

KEY = {"key": ["transaction_id", "product_id"], "max_quarantined": 0.5}


def test_the_last_row_of_a_key_stands(shop: Shop) -> None:
    """Corrections in a later file and late lines of the same file replace earlier ones; the counts add up and are said."""
    shop.write("c.csv", "1,2026-01-01 10:00:00,50,t1,p1", "4,2026-01-02 11:00:00,80,t5,p2", "4,2026-01-02 11:00:00,81,t5,p2")
    tables, rows = shop.load(**KEY)
    assert {(r[3], r[2]) for r in rows} == {("t1", 50), ("t2", 6), ("t4", 7), ("t5", 81)}
    (read,) = tables.inputs
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (8, 4, 1, 3)
    assert "transactions: 3 rows were replaced by later rows with the same transaction_id, product_id." in read.findings


def test_only_parts_that_lose_rows_are_written_anew(shop: Shop) -> None:
    """A correction of one file leaves the other's part, and what was computed from it, alone."""
    before, _ = shop.load(**KEY)
    shop.write("c.csv", "1,2026-01-02 10:00:00,70,t4,p1")
    after, _ = shop.load(**KEY)
    assert before.inputs[0].parts[0] == after.inputs[0].parts[0]
    assert before.inputs[0].parts[1].name != after.inputs[0].parts[1].name
    assert shop.load(**KEY)[0].inputs == after.inputs


def test_a_withdrawn_correction_brings_the_rows_back(shop: Shop) -> None:
    """When the file that replaced rows goes, they count again."""
    _, rows = shop.load(**KEY)
    shop.write("c.csv", "1,2026-01-01 10:00:00,50,t1,p1")
    assert shop.load(**KEY)[1] != rows
    (shop.folder / "sales" / "c.csv").unlink()
    assert shop.load(**KEY)[1] == rows


def test_rows_without_a_whole_key_stay(shop: Shop) -> None:
    """A missing id says nothing about which row it is: all stay."""
    shop.write("c.csv", "1,2026-01-01 10:00:00,1,,p1", "1,2026-01-01 10:00:00,2,,p1")
    assert len(shop.load(**KEY)[1]) == 6


ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=25)


@hypothesis_settings(deadline=None, max_examples=40)
@given(files=st.lists(ROWS, min_size=1, max_size=4), order=st.randoms(use_true_random=False))
def test_however_files_arrive_the_table_is_the_same(tmp_path_factory: pytest.TempPathFactory, files: list, order: Any) -> None:
    """Loaded file by file in any order, the table holds for each key the last row in the order of the files."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    lines = {
        f"{n}.csv": [f"{c},2026-01-01 10:00:00,{1000 * n + i},t{t},p{p}" for i, (c, t, p) in enumerate(rows)]
        for n, rows in enumerate(files)
    }
    expected = {}
    for name in sorted(lines):
        for line in lines[name]:
            customer, _, amount, t, p = line.split(",")
            expected[t, p] = (customer, float(amount))
    arriving = list(lines)
    order.shuffle(arriving)
    for name in arriving:
        shop.write(name, *lines[name])
        tables, rows = shop.load(key=["transaction_id", "product_id"])
    assert {(r[3], r[4]): (r[0], r[2]) for r in rows} == expected
    assert len(rows) == len(expected)
    assert tables.inputs[0].rows_in == sum(map(len, lines.values()))


def test_a_correction_that_where_leaves_out_takes_the_row_with_it(shop: Shop) -> None:
    """An order cancelled later, in another file or the same, does not come back as it was; one that is ordered again does."""
    shop.write("c.csv", "1,2026-01-01 10:00:00,-5,t1,p1", "9,2026-01-03 10:00:00,4,t9,p1", "9,2026-01-03 10:00:00,-4,t9,p1")
    cancelled = {**KEY, "where": "amount > 0"}
    tables, rows = shop.load(**cancelled)
    assert {r[3] for r in rows} == {"t2", "t4", "t5"}
    (read,) = tables.inputs
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (8, 3, 1, 4)
    shop.write("d.csv", "1,2026-01-04 10:00:00,55,t1,p1")
    assert {(r[3], r[2]) for r in shop.load(**cancelled)[1]} == {("t1", 55), ("t2", 6), ("t4", 7), ("t5", 8)}
    for name in ("d.csv", "c.csv"):
        (shop.folder / "sales" / name).unlink()
    assert {r[3] for r in shop.load(**cancelled)[1]} == {"t1", "t2", "t4", "t5"}


NAMES = ("a.csv", "b.csv", "c.csv", "d.csv")
EVENTS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), ROWS),
    st.tuples(st.sampled_from(["delete", "rename", "copy"]), st.sampled_from(NAMES), st.sampled_from(NAMES)),
)


@hypothesis_settings(deadline=None, max_examples=40)
@example(events=[("write", "a.csv", [(0, 0, 0)]), ("copy", "a.csv", "b.csv"), ("delete", "b.csv", "b.csv")], where=None)
@example(events=[("write", "b.csv", [(0, 0, 0)]), ("write", "c.csv", [(0, 0, 1)]), ("rename", "c.csv", "a.csv")], where=None)
@given(events=st.lists(EVENTS, min_size=2, max_size=6), where=st.sampled_from([None, "amount > 1"]))
def test_whatever_happens_to_files_the_table_is_as_if_read_anew(
    tmp_path_factory: pytest.TempPathFactory, events: list, where: str | None
) -> None:
    """Files written, deleted, renamed and copied in any order: rows and counts are those of a new landing area."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.write("z.csv", "9,2026-01-01 10:00:00,9,t9,p9")
    sales = shop.folder / "sales"
    for number, (what, name, other) in enumerate(events):
        if what == "write":
            shop.write(name, *(f"{c},2026-01-01 10:00:0{number},{p},t{t},p{p}" for c, t, p in other))
        elif (sales / name).exists() and what == "delete":
            (sales / name).unlink()
        elif (sales / name).exists() and name != other:
            (sales / other).write_bytes((sales / name).read_bytes())
            if what == "rename":
                (sales / name).unlink()
        settings = {"key": ["transaction_id"], **({"where": where} if where else {})}
        kept, rows = shop.load(**settings)
        shop.landing = shop.folder / f"anew-{number}"
        anew, expected = shop.load(**settings)
        shop.landing = shop.folder / "landing"
        assert rows == expected
        assert (kept.inputs[0].rows_in, kept.inputs[0].rows_left_out) == (anew.inputs[0].rows_in, anew.inputs[0].rows_left_out)


def test_a_column_may_not_change_its_kind_before_a_kept_file(shop: Shop) -> None:
    """A new file that stands before one that was kept is compared with it as well; a file without rows says nothing."""
    (shop.folder / "sales" / "a.csv").unlink()
    (shop.folder / "sales" / "b.csv").write_text("customer_id,timestamp,amount,code\n1,2026-01-01,5,1\n")
    assert shop.read(where="code <> '2'")
    (shop.folder / "sales" / "0.csv").write_text("customer_id,timestamp,amount,code\n")
    assert shop.read(where="code <> '2'")
    (shop.folder / "sales" / "a.csv").write_text("customer_id,timestamp,amount,code\n1,2026-01-01,5,x\n")
    with pytest.raises(SourceError, match="'code' holds texts at first and numbers later"):
        shop.read(where="code <> '2'")


def test_numbers_of_cards_told_by_a_later_file_leave_the_earlier_ones(shop: Shop) -> None:
    """A column that turns out to hold card numbers is withheld from files that were kept, also from their refused rows."""
    head, card = "customer_id,timestamp,amount,memo\n", "4111926685878401"
    sales = shop.folder / "sales"
    (sales / "a.csv").write_text(head + f"1,2026-01-01,5,{card}\n1,never,5,{card}\n" + "1,2026-01-01,5,SPRING\n" * 200)
    (sales / "b.csv").write_text(head + "1,2026-01-01,5,SUMMER\n")
    shop.read(max_quarantined=0.5)
    (sales / "b.csv").write_text(head + "".join(f"1,2026-01-01,{i},{_card(i)}\n" for i in range(400)))
    with Engine() as engine:
        sources.load(shop.settings(max_quarantined=0.5), engine, landing=shop.landing)
        assert card not in str(engine.rows("SELECT row_text FROM quarantine"))
    sales.joinpath("c.csv").write_text(head + f"1,2026-01-01,5,{card}\n1,never,5,{card}\n")
    with Engine() as engine:
        sources.load(shop.settings(max_quarantined=0.5), engine, landing=shop.landing)
        assert card not in str(engine.rows("SELECT row_text FROM quarantine"))
    for path in shop.landing.rglob("*.parquet"):
        assert card not in str(pq.read_table(path).to_pylist())


def _card(number: int) -> str:
    """A number that is one by its check digit (ISO/IEC 7812-1)."""
    digits = f"4{number:014d}"
    doubled = sum(sum(divmod(2 * int(d), 10)) for d in digits[::-1][::2]) + sum(int(d) for d in digits[::-1][1::2])
    return digits + str(-doubled % 10)


@pytest.mark.parametrize("name", ["bucket", "local_timestamp", "Bucket"])
def test_a_column_that_netlift_makes_cannot_be_derived(shop: Shop, name: str) -> None:
    """It would be read in place of netlift's own."""
    with pytest.raises(SettingsError, match=f"netlift makes the column '{name}' itself; give the derived one another name"):
        shop.load(derive={name: "amount * 1000"})


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"key": ["transaction_id", "sku"]}, "tables.transactions.key names 'sku'.*its columns are"),
        ({"key": ["amount"], "table": "customers"}, "key"),
    ],
)
def test_a_wrong_key_is_named(shop: Shop, table: dict, sentence: str) -> None:
    """A column that does not exist, or a key where it has no meaning."""
    name = table.pop("table", "transactions")
    with pytest.raises(SettingsError, match=sentence), Engine() as engine:
        config = {**CONFIG, "tables": {name: {"path": "sales/b.csv", **table}}}
        sources.load(parse(config, folder=shop.folder, sha256=""), engine)


# --- crashes and readers -----------------------------------------------------------------------------------------

CRASH = """
import os, signal, sys
from pathlib import Path
from netlift import sources
from netlift.engine import Engine
from netlift.settings import parse
from netlift.sources import area, parts
parts.PIECE = 1
folder, point = Path(sys.argv[1]), int(sys.argv[2])
count = 0
publish = area.Area._publish
def counted(self, entries):
    global count
    count += 1
    if count == point: os.kill(os.getpid(), signal.SIGKILL)
    publish(self, entries)
area.Area._publish = counted
table = {"path": "sales", "key": ["transaction_id", "product_id"], "max_quarantined": 0.5}
config = {"project": {"name": "shop", "currency": "USD", "time_zone": "America/New_York"}, "tables": {"transactions": table}}
with Engine() as engine:
    sources.load(parse(config, folder=folder, sha256=""), engine, landing=folder / "landing")
print(count)
"""


def crashing(shop: Shop, point: int) -> int:
    """Load in a process that is killed at its n-th publishing; its exit code."""
    code = [sys.executable, "-c", textwrap.dedent(CRASH), str(shop.folder), str(point)]
    return subprocess.run(code, env=dict(os.environ), check=False, capture_output=True, timeout=120).returncode


def test_a_kill_at_any_publishing_leaves_a_good_state(shop: Shop) -> None:
    """Killed at every second publishing of a load with corrections: the next load gives what an undisturbed one gives."""
    shop.write("c.csv", "1,2026-01-01 10:00:00,50,t1,p1", "4,2026-01-02 11:00:00,80,t5,p2")
    calm = Shop(shop.folder)
    calm.landing = shop.folder / "calm"
    expected, rows = calm.load(**KEY)
    point, killed = 1, 0
    while crashing(shop, point) == -signal.SIGKILL:
        killed += 1
        point += 2
    assert killed >= 4
    tables, found = shop.load(**KEY)
    assert found == rows
    assert [(i.rows_in, i.rows_ok, i.rows_left_out, i.rows_quarantined) for i in tables.inputs] == [
        (i.rows_in, i.rows_ok, i.rows_left_out, i.rows_quarantined) for i in expected.inputs
    ]


def test_parts_stay_while_they_are_read(shop: Shop) -> None:
    """Another load drops a file's part; a session that reads it goes on, and the part goes when nobody reads."""
    with Engine() as reader:
        sources.load(shop.settings(max_quarantined=0.5), reader, landing=shop.landing)
        (shop.folder / "sales" / "b.csv").unlink()
        shop.load(max_quarantined=0.5)
        assert reader.rows("SELECT count(*) FROM transactions") == [(4,)]
    shop.write("d.csv", "1,2026-01-03 10:00:00,1,t9,p9")
    shop.load(max_quarantined=0.5)
    assert len(shop.files()) == 2


def test_a_vanished_part_is_told(shop: Shop) -> None:
    """A part removed by hand is found, with what to do."""
    tables, _ = shop.load(max_quarantined=0.5)
    tables.inputs[0].parts[0].path.unlink()
    with pytest.raises(SourceError, match="was removed or changed; delete the folder"):
        shop.load(max_quarantined=0.5)


def test_people_s_data_are_private(shop: Shop) -> None:
    """Nobody else on the machine may look into the parts' folder."""
    tables, _ = shop.load(max_quarantined=0.5)
    assert tables.inputs[0].parts[0].path.parent.stat().st_mode & 0o077 == 0
    assert isinstance(Area(tables.inputs[0].parts[0].path.parent), Area)


def test_a_damaged_part_is_told(shop: Shop) -> None:
    """Of the same size and no Parquet: what to do, and no error of the engine."""
    tables, _ = shop.load(max_quarantined=0.5)
    path = tables.inputs[0].parts[0].path
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(SourceError, match=r"is damaged in '.*'; delete that folder to read everything again"):
        shop.load(max_quarantined=0.5)
