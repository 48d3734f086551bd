"""SPSS files, written by pyreadstat: codes, labels, declared missing values."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest

from netlift.errors import SourceError
from netlift.sources import survey_sav, survey_sav_reader
from tests.sources.conftest import Shop


def write(shop: Shop, **columns: Any) -> None:
    pyreadstat.write_sav(
        pd.DataFrame(columns),
        shop.folder / "answers.sav",
        variable_value_labels={"nps": {0: "never", 10: "surely"}, "sex": {1: "woman", 2: "man"}},
        missing_ranges={"nps": [99]},
        variable_measure={"nps": "ordinal", "sex": "nominal"},
    )


def load(shop: Shop, **style: Any) -> Any:
    return shop.load("survey", source="survey", path="answers.sav", format={"shape": "wide", "questions": ["nps", "sex"], **style})


def test_codes_stay_and_labels_stand_beside(shop: Shop) -> None:
    """Answers are codes with their label and measure; what the file declares as missing is missing."""
    write(shop, customer_id=[1001.0, 1002.0], nps=[10.0, 99.0], sex=[1.0, 2.0], answered_at=[datetime(2026, 1, 1, 10), None])  # noqa: DTZ001
    read = load(shop)
    assert (read.rows_in, read.rows_ok) == (4, 4)
    assert shop.rows("survey", "customer_id, question, answer, label, measure") == [
        ("1001", "nps", "10", "surely", "ordinal"),
        ("1001", "sex", "1", "woman", "nominal"),
        ("1002", "nps", None, None, "ordinal"),
        ("1002", "sex", "2", "man", "nominal"),
    ]
    assert shop.rows("survey", "DISTINCT CAST(answered_at AS VARCHAR)") == [("2026-01-01 10:00:00",), (None,)]


def test_ids_that_were_rounded_are_refused(shop: Shop) -> None:
    """A number of 16 digits is not the id that was once typed."""
    write(shop, customer_id=[1234567890123456.0, 7.0], nps=[1.0, 2.0], sex=[1.0, 2.0])
    read = shop.load(
        "survey", source="survey", path="answers.sav", format={"shape": "wide", "questions": ["nps", "sex"]}, max_quarantined=0.5
    )
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (3, 2, 1)
    assert "more than 15 digits" in shop.quarantined()[0][2]


def test_a_damaged_file_is_told(shop: Shop) -> None:
    """A text file with the name of an SPSS file is refused by name."""
    shop.write("answers.sav", "customer_id,nps\n1,2\n")
    with pytest.raises(SourceError, match=r"'answers.sav' is no readable SPSS file"):
        load(shop)


def test_a_file_that_ends_its_reader_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged files can end the process that reads them (seen with readstat): netlift lives on and names the file.

    Which bytes do so depends on the memory of the moment, so a reader that ends itself stands for them.
    """
    write(shop, customer_id=[1.0], nps=[1.0], sex=[1.0])
    reader = shop.folder / "reader"
    reader.write_text("#!/bin/sh\nkill -SEGV $$\n", encoding="utf-8")
    reader.chmod(0o700)
    monkeypatch.setattr("netlift.sources.survey_sav.sys.executable", str(reader))
    with pytest.raises(SourceError, match=r"'answers.sav' is no readable SPSS file: reading it breaks off"):
        load(shop)


def test_rows_come_in_pieces(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row once and in order, whatever fits into a piece, and a column that is empty in one of them keeps its values in the next."""
    answers = [None, None, 3.0, 4.0, 5.0]
    days = [None, date(2024, 2, 29), None, None, date(1999, 1, 1)]
    write(shop, customer_id=list("abcde"), nps=answers, sex=[1.0] * 5, day=days)
    for cells in (1, 8, 16, 1000):
        monkeypatch.setattr(survey_sav_reader, "CELLS", cells)
        out = BytesIO()
        survey_sav_reader.write(shop.folder / "answers.sav", out)
        batches = survey_sav._batches(pa.py_buffer(out.getvalue()))
        rows = [row for batch in batches for row in batch.select(["customer_id", "nps", "day"]).to_pylist()]
        assert [tuple(row.values()) for row in rows] == list(zip("abcde", answers, days, strict=True))


@pytest.mark.parametrize(("limit", "value", "reason"), [("MOST_MEMORY", 1 << 20, ""), ("LONGEST", 0.0, "it is not read after 0 seconds")])
def test_a_file_that_asks_for_too_much_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, reason: str) -> None:
    """Memory and time of the reader are bounded."""
    monkeypatch.setattr(survey_sav, limit, value)
    write(shop, customer_id=[1.0], nps=[1.0], sex=[1.0])
    with pytest.raises(SourceError, match=f"'answers.sav' is no readable SPSS file: {reason}.*; save it anew in SPSS, or as CSV"):
        load(shop)
