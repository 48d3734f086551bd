"""What all tests share: a store of their own, and nobody's environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.servers import StoreServer, store_postgres

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
# what reads the data beside the repository lies in files of this name, which are no tests where those data are not
collect_ignore_glob = [] if SHARED.exists() else ["**/test_shared_*.py"]


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's store or name."""
    monkeypatch.setenv("NETLIFT_DATA_DIR", str(tmp_path / "netlift"))
    for name in ("NETLIFT_USER", "NETLIFT_DATABASE_URL", "NETLIFT_DATABASE_PASSWORD_FILE", "NETLIFT_AUDIT_HEADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def store_server() -> Iterator[StoreServer]:
    """A PostgreSQL for stores, started when the first test asks for it."""
    with store_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def both_databases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test runs twice: with the store in SQLite, and in a PostgreSQL database of its own."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    server: StoreServer = request.getfixturevalue("store_server")
    with server.database() as url:
        monkeypatch.setenv("NETLIFT_DATABASE_URL", url)
        yield "postgres"
