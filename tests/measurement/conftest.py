"""Complete Journey measured once a session and clock."""

from collections.abc import Iterator

import pytest

from netlift.engine import Engine
from netlift.measurement import measure, past
from netlift.measurement.summarise import summarise
from netlift.settings import EngineSettings
from tests.measurement.worlds import Measured, load_complete_journey, shop


@pytest.fixture(scope="session", params=("UTC", "America/New_York"))
def journey(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Complete Journey measured, once with the stored clock and once with New York's."""
    with Engine(EngineSettings(threads=1)) as engine:
        tables = load_complete_journey(engine, request.param)
        summaries = summarise(engine, tables, past.read(engine, tables))
        yield Measured(request.param, summaries, measure(shop(), engine, tables))
