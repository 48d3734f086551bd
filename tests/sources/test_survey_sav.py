"""SPSS files, written by pyreadstat: codes, labels, declared missing values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from netlift.errors import SourceError
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
