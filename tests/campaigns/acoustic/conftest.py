from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.testing.acoustic import Acoustic
from tests.campaigns.acoustic import organisations


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Acoustic]:
    """The stand-in for the platform."""
    with organisations.organisation(tmp_path / "vendor", monkeypatch) as running:
        yield running


@pytest.fixture
def client(server: Acoustic) -> Iterator[Client]:
    """A connection to it."""
    made = Client(organisations.settings(server))
    yield made
    made.close()
