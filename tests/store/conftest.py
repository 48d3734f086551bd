"""A store of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlift.store import people
from tests.store import stores


@pytest.fixture
def owner(tmp_path: Path, both_databases: str) -> str:
    """An open store, in SQLite and again in PostgreSQL; the answer is the account that owns it."""
    stores.fresh(tmp_path / "netlift")
    return people.acting(None)
