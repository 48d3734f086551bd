"""Complete Journey measured once a session, clock and copy of the data."""

from collections.abc import Iterator
from time import process_time

import pytest

from netlift.engine import Engine
from netlift.measurement import measure, past
from netlift.measurement.summarise import summarise
from netlift.settings import EngineSettings
from tests.measurement.worlds import SHARED_DATA, Measured, load_complete_journey, shop

COPIES = [("package", "UTC"), ("package", "America/New_York"), *([("shared", "UTC")] if SHARED_DATA.exists() else [])]


@pytest.fixture(scope="session", params=COPIES, ids=" ".join)
def journey(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Complete Journey measured: stored clock, New York's clock, and the copy beside the repository where there is one."""
    copy, zone = request.param
    with Engine(EngineSettings(threads=1)) as engine:
        tables = load_complete_journey(engine, zone, shared=copy == "shared")
        summaries = summarise(engine, tables, past.read(engine, tables))
        began = process_time()
        measurement = measure(shop(), engine, tables)
        yield Measured(zone, process_time() - began, summaries, measurement)
