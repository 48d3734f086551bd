"""Advice on date forms: only those that every value fits."""

from __future__ import annotations

import pytest

from netlift.engine import Engine
from netlift.settings import EngineSettings
from netlift.sources.date_forms import SAMPLE, fitting


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["31/01/2017", "01/02/2017"], ["%d/%m/%Y"]),
        (["01/02/2017"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["31/01/2017", "01/31/2017"], []),
        (["04-Sep-2012"], ["%d-%b-%Y"]),
        (["31.01.2017 15:30:01"], ["%d.%m.%Y %H:%M:%S"]),
        (["31/01/17"], []),  # the year 17 is none of ours
        (["word"], []),
        ([], []),
        (["01/02/2017"] * SAMPLE + ["13/02/2017"], ["%d/%m/%Y"]),
    ],
)
def test_fitting(values: list[str], expected: list[str]) -> None:
    """A form is named only where all values fit it, also those beyond the sample."""
    with Engine(EngineSettings(threads=1)) as engine:
        engine.execute("CREATE TABLE texts (t VARCHAR)")
        for value in values:
            engine.execute("INSERT INTO texts VALUES (?)", [value])
        assert fitting(engine, "SELECT t FROM texts") == expected
