"""What was landed about one person is found, and gone after `forget`; everybody else's rows and the counts stay."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift import features
from netlift.errors import Busy
from netlift.sources import area
from netlift.sources.area import Area, Facts
from netlift.sources.forgetting import Person, forget, rows_of
from tests.features.test_rollups import Shop, same

CANARY = Person("canary-77", ("canary@example.com", "+1 212 555 0177"))
NAMES = {"customers": {"ID"}}


def holding(folder: Path, *needles: bytes) -> list[str]:
    """Files in which one of these stands, Parquet files unpacked."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = repr(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else path.read_bytes()
            text = gzip.decompress(text) if path.suffix == ".gz" else text
            found += [path.name for needle in needles if needle in text]
    return found


def landed(folder: Path, table: str, **files: tuple[Any, Facts]) -> Area:
    """A landing area with files: a Parquet table or text, and what is known of it."""
    with area.held(folder / f"{table}-0123456789ab", table) as made:
        for name, (content, facts) in files.items():
            made.add(name, _writing(content, facts), suffix=".parquet" if isinstance(content, pa.Table) else ".csv.gz")
    return made


def _writing(content: Any, facts: Facts) -> Callable[[Path], Facts]:
    def write(path: Path) -> Facts:
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content)
        return facts

    return write


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Three files of sales, the canary in two of them, and in a refused row; roll-ups were made."""
    made = Shop(tmp_path)
    made.write("a.csv", "1,2026-01-01 10:00:00,5,t1,p0,1,", "canary-77,2026-01-01 11:00:00,9,t2,p1,1,", "3,2026-01-02 09:00:00,4,t9,p3,1,")
    made.write("b.csv", "1,2026-01-01 10:01:00,7,t1,p1,1,", "3,2026-01-03 04:59:59,2,t5,p0,1,")
    rows = [f"4,2026-01-05 1{i % 10}:00:00,1,x{i},p0,1," for i in range(30)]
    made.write("c.csv", *rows, "canary-77,2026-01-02 09:00:01,8,t2,p0,1,", "canary-77,soon,8,t2,p0,1,")
    made.both()
    return made


def test_parts_lose_the_person_and_nothing_else(shop: Shop) -> None:
    """Parts, refused rows, roll-ups and sums; rows in = ok + quarantined + left out; the files are not read again."""
    landing = shop.folder / "landing"
    before = {path.name for path in landing.rglob("*.parquet")}
    assert sum(map(len, rows_of(landing, CANARY, {}).values())) == 2
    done = forget(landing, CANARY, {})
    assert sum(count for name, count in done.items() if "transactions" in name and "rollups" not in name) == 3
    assert holding(landing, b"canary") == []
    assert rows_of(landing, CANARY, {}) == {}
    assert forget(landing, CANARY, {}) == {}
    assert before & {path.name for path in landing.rglob("*.parquet")}  # what did not hold the person is as it was
    with shop.loaded() as (settings, engine, tables):
        read = tables.inputs[0]
        assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (37, 34, 1, 2)
        assert engine.rows("SELECT count(*) FROM quarantine WHERE row_text = '(erased)'") == [(1,)]
        assert features.build(settings, engine, tables).customer_ids.tolist() == ["1", "3", "4"]
    assert holding(landing, b"canary") == []
    same(*shop.both())


def test_a_shop_that_is_read_just_now_is_busy(shop: Shop) -> None:
    """While another session reads the parts nothing is changed, and the sentence says what to do."""
    with shop.loaded(), pytest.raises(Busy, match="reads the table transactions just now; try again"):
        forget(shop.folder / "landing", CANARY, {})
    assert forget(shop.folder / "landing", CANARY, {})


def test_rows_of_an_increment_are_taken_out(tmp_path: Path) -> None:
    """Where only changes are fetched, the file stays, lighter, with its watermark: the source may not have the other rows any more."""
    table = pa.table({"ID": ["1", "canary-77", "2"], "Name": ["a", "b", "c"]})
    made = landed(tmp_path, "customers", first=(table, Facts(rows=3, watermark="2026-01-01")))
    assert rows_of(tmp_path, CANARY, NAMES) == {"landing/customers-0123456789ab": [{"ID": "canary-77", "Name": "b"}]}
    assert forget(tmp_path, CANARY, NAMES) == {"landing/customers-0123456789ab": 1}
    (entry,) = Area(made.folder).entries()
    assert (entry.rows, entry.watermark) == (2, "2026-01-01")
    assert pq.read_table(made.folder / entry.file)["ID"].to_pylist() == ["1", "2"]


def test_ids_that_are_numbers(tmp_path: Path) -> None:
    """A whole number in the source is the same id as its digits."""
    landed(tmp_path, "customers", first=(pa.table({"ID": [7, 77, 777]}), Facts(rows=3, watermark="1")))
    assert forget(tmp_path, Person("77"), NAMES) == {"landing/customers-0123456789ab": 1}
    assert holding(tmp_path, b" 77}") == []


def test_a_column_of_ids_that_is_not_known_costs_a_fetch(tmp_path: Path) -> None:
    """Where nobody can tell which column holds ids, everything fetched with the person goes and is fetched again."""
    files = {f"f{i}": (pa.table({"k": [who]}), Facts(rows=1, watermark=str(i))) for i, who in enumerate(["1", "canary-77", "2"])}
    made = landed(tmp_path, "customers", **files)
    assert forget(tmp_path, CANARY, {}) == {"landing/customers-0123456789ab": 3}
    assert Area(made.folder).entries() == ()


def test_files_of_object_storage_with_the_person_go(tmp_path: Path) -> None:
    """By id or by address; an id is not found inside another one."""
    texts = {"a": b"id,mail\n177,x\n", "b": b"id,mail\n9,CANARY@example.com\n", "c": b"id,mail\ncanary-77,\n", "d": b"xcanary-77,\n"}
    made = landed(tmp_path, "customers", **{name: (gzip.compress(text), Facts(etag=name)) for name, text in texts.items()})
    assert forget(tmp_path, CANARY, {}) == {"landing/customers-0123456789ab": 2}
    assert [entry.key for entry in Area(made.folder).entries()] == ["a", "d"]


def test_tables_without_people_are_not_touched(tmp_path: Path) -> None:
    """Products have no customers: the id there is something else."""
    landed(tmp_path, "products", a=(pa.table({"product_id": ["canary-77"]}), Facts(rows=1)))
    assert forget(tmp_path, CANARY, {}) == {}
