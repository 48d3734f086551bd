"""Which files a path means, and when together they are no table."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from netlift.errors import SettingsError, SourceError
from netlift.settings import TableSettings, parse
from netlift.sources import files
from netlift.sources.relation import Place, Relation

from .conftest import Shop

CSV = "customer_id,n\n1,2\n"


def read(folder: Path, path: str | None, **settings: Any) -> Relation:
    project = {"name": "shop", "currency": "USD"}
    place = Place(parse({"project": project, "tables": {"customers": {}}}, folder=folder, sha256=""), folder)
    return files.read(TableSettings(path=path, **settings), name="customers", place=place)


@pytest.mark.parametrize("path", ["in", "in/", "in/*.csv", "in/?.csv", "i*/[ab].csv"])
def test_folder_and_glob_are_one_table(shop: Shop, path: str) -> None:
    """All files of a folder or glob are one table, in the order of their names; other files are left alone."""
    for name in ("in/b.csv", "in/a.csv"):
        shop.write(name, CSV)
    shop.write("in/readme.md", "x")
    shop.write("in/.hidden.csv", "x")
    assert read(shop.folder, path).files == ("a.csv", "b.csv")


def test_rows_and_lines_of_several_files(shop: Shop) -> None:
    """Columns are matched by name although their order differs, and a refused row names its file."""
    shop.write("in/1.csv", "customer_id,n\n1,10\n2,20\n")
    shop.write("in/2.csv", "n,customer_id\n30,3\n40,4,x\n")
    found = shop.load("customers", path="in", max_quarantined=0.5)
    assert shop.rows("customers", "customer_id, n") == [("1", 10.0), ("2", 20.0), ("3", 30.0)]
    assert (found.rows_in, found.rows_ok, found.rows_quarantined) == (4, 3, 1)
    assert shop.engine.rows("SELECT file_name, line FROM quarantine") == [("2.csv", 3)]


def test_sha256_is_of_the_bytes(shop: Shop) -> None:
    """One file: its SHA-256; several: that of their bytes in order."""
    shop.write("a.csv", CSV)
    shop.write("b.csv", CSV)
    assert read(shop.folder, "a.csv").sha256 == hashlib.sha256(CSV.encode()).hexdigest()
    assert read(shop.folder, "[ab].csv").sha256 == hashlib.sha256(2 * hashlib.sha256(CSV.encode()).hexdigest().encode()).hexdigest()


def test_a_name_that_looks_like_a_glob(shop: Shop) -> None:
    """A file whose name holds [ ] or * is read as itself."""
    shop.write("a[1].csv", CSV)
    assert read(shop.folder, "a[1].csv").files == ("a[1].csv",)
    assert shop.load("customers", path="a[1].csv").rows_ok == 1


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        (None, SettingsError, "tables.customers.path is missing"),
        ("s3://bucket/x.csv", SettingsError, "source 'files' reads local files"),
        ("custmers.csv", SourceError, "There is no file 'custmers.csv' (did you mean 'customers.csv'?)"),
        ("nowhere/x.csv", SourceError, "There is no file 'nowhere/x.csv'"),
        ("*.tsv", SourceError, "No file matches '*.tsv'"),
        ("empty", SourceError, "The folder 'empty' holds no file named *.csv, *.csv.gz"),
        (
            "books/people.xlsx",
            SettingsError,
            "tables.customers: 'people.xlsx' is an Excel workbook; save it as CSV: such files are read for surveys",
        ),
        ("x.dat", SettingsError, "'x.dat' does not say by its name what it is"),
        ("*", SettingsError, "does not say by its name"),
        ("mixed", SourceError, "mixes CSV ('a.csv') and Parquet ('b.parquet')"),
        ("differ", SourceError, "have different columns: 'm' is only in 'b.csv'"),
        ("x.csv\0", SourceError, "There is no file"),
        ("pipe.csv", SourceError, "'pipe.csv' is no file but a device or pipe"),
    ],
)
def test_wrong_path(shop: Shop, path: str | None, error: type[Exception], said: str) -> None:
    """A path that means no table is refused with what was found."""
    for name in ("customers.csv", "mixed/a.csv", "differ/a.csv"):
        shop.write(name, CSV)
    shop.write("differ/b.csv", "customer_id,m\n1,2\n")
    shop.write("mixed/b.parquet", pa.table({"customer_id": ["1"]}))
    shop.write("x.dat", CSV)
    shop.write("books/people.xlsx", CSV)
    (shop.folder / "empty").mkdir()
    os.mkfifo(shop.folder / "pipe.csv")
    with pytest.raises(error) as caught:
        read(shop.folder, path)
    assert said in str(caught.value)


def test_kind_by_setting(shop: Shop) -> None:
    """The format's kind decides where the name does not."""
    shop.write("x.dat", CSV)
    shop.write("books/people.xlsx", CSV)
    assert read(shop.folder, "x.dat", format={"kind": "csv"}).files == ("x.dat",)


def test_file_changed_while_read(shop: Shop) -> None:
    """A file that grows between opening and the end of reading is refused."""
    shop.write("a.csv", CSV)
    relation = read(shop.folder, "a.csv")
    shop.write("a.csv", CSV + "3,4\n")
    with pytest.raises(SourceError, match=r"'a.csv' was changed while it was read"):
        list(relation.batches(["n"]))


def test_unreadable_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened is refused in words."""
    shop.write("a.csv", CSV)

    def no_entry(self: Path, *_: Any, **__: Any) -> None:
        raise PermissionError(13, os.strerror(13), str(self))

    monkeypatch.setattr(Path, "open", no_entry)
    with pytest.raises(SourceError, match=r"tables.customers: 'a.csv' cannot be read: Permission denied"):
        shop.load("customers", path="a.csv")


def test_two_files_with_the_same_bytes_are_told(shop: Shop) -> None:
    """A copy in the folder doubles what was sold: both count, and it is asked."""
    for name in ("a.csv", "b.csv", "a (copy).csv"):
        shop.write(f"sales/{name}", "customer_id,timestamp,amount\n" + ("1,2026-01-01,5\n" if name != "b.csv" else "2,2026-01-01,6\n"))
    read = shop.load("transactions", path="sales")
    assert read.rows_ok == 3
    assert "transactions: 'a.csv' and 'a (copy).csv' are the same to the byte, and both count; is one a copy?" in read.findings
