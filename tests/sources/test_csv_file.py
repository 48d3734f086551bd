"""Archives, delimiters and headers of CSV files."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from netlift.errors import SettingsError, SourceError
from netlift.settings import Format
from netlift.sources.csv_file import open_csv, read_batches


def write(folder: Path, content: bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_archive(tmp_path: Path) -> None:
    """A .csv.gz gives the rows inside, and the share read runs to 1."""
    file = open_csv(write(tmp_path, gzip.compress(b"id,n\n1,2\n"), "x.csv.gz"), Format())
    batches = list(read_batches(file, ["n"], number=3))
    assert file.header == ("id", "n")
    assert [b.rows.to_pydict() for b in batches] == [{"n": ["2"], "__line": [2]}]
    assert (batches[-1].file, batches[-1].share) == (3, 1.0)


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r"])
def test_impossible_delimiter(tmp_path: Path, delimiter: str) -> None:
    """A quote or a line end cannot separate columns."""
    with pytest.raises(SettingsError, match=r"cannot separate columns"):
        open_csv(write(tmp_path, b"id,n\n"), Format(delimiter=delimiter))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "'x.csv' is empty"),
        (b"\nid,n\n", "has no name for column 1 of 1"),
        (b"id,,n\n", "has no name for column 2 of 3"),
        (b"id,n,id\n", "has the column 'id' 2 times"),
        (
            b"id\tn\n1\t2\n",
            r"found 1 column 'id\tn' with delimiter ','; the header looks like '\t': write format = { delimiter = \"\t\" }".replace(
                '\\"', '"'
            ),
        ),
        (b"7;ann@example.com;Ann\n", "found 1 column with delimiter ','; the header looks like ';'"),
        (b'"id,n\n1,2\n', "line 1: a quote in this row is not closed rightly"),
        (b"id,n\x07\n1,2\n", "holds the control character U+0007; save it as text"),
    ],
)
def test_wrong_header(tmp_path: Path, content: bytes, said: str) -> None:
    """A header that cannot be is refused with what was found."""
    with pytest.raises(SourceError) as caught:
        open_csv(write(tmp_path, content), Format())
    assert re.sub(r"\\t|\t", "<tab>", said) in re.sub(r"\\t|\t", "<tab>", str(caught.value))


def test_header_over_two_lines(tmp_path: Path) -> None:
    """A quoted line break in the header moves the first row down a line."""
    file = open_csv(write(tmp_path, b'id,"a\nname"\n1,2\n'), Format())
    assert file.header == ("id", "a\nname")
    assert [b.rows["__line"].to_pylist() for b in read_batches(file, ["id"], number=0)] == [[3]]
