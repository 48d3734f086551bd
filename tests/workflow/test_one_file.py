"""Settings of one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlift.errors import InputError, SourceError
from netlift.workflow.one_file import settings_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_shows_the_column(tmp_path: Path, delimiter: str) -> None:
    """A header of any delimiter is read by the column that must be in it."""
    path = tmp_path / "x.csv"
    path.write_text(delimiter.join(["id", "arm", "a b"]) + "\n")
    table = settings_of(path, {"customer_id": "id", "group": "arm"}, header="arm", types={"group": "text"}).tables["customers"]
    assert table.format.delimiter == delimiter
    assert (table.columns, table.types) == ({"customer_id": "id", "group": "arm"}, {"group": "text"})


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A file and a column."""
    path = tmp_path / "x.csv"
    with pytest.raises(SourceError, match="There is no file"):
        settings_of(path, {"customer_id": "id"})
    path.write_text("no;arm\n")
    with pytest.raises(InputError, match=r"There is no column 'id' in 'x.csv'; its columns are no, arm\."):
        settings_of(path, {"customer_id": "id"})
