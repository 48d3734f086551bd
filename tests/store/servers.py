"""A PostgreSQL for stores: migrated once, then copied for every test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock
from urllib.parse import quote

from tests.servers import Postgres, postgres

TEMPLATE = "netlift_template"


@dataclass(frozen=True, slots=True)
class StoreServer:
    """A running server and its migrated template."""

    server: Postgres
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """What NETLIFT_DATABASE_URL says for a database."""
        return f"postgresql://{self.server.owner}:{quote(self.server.password)}@127.0.0.1:{self.server.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """A migrated, empty database; the answer is its URL."""
        name = f"store_{next(self.numbers)}"
        self.server.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Take a database away, whoever still uses it."""
        _let_go()
        self.server.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def store_postgres() -> Iterator[StoreServer]:
    """Start the server and make the template."""
    from netlift.store import open_store

    with postgres() as server, TemporaryDirectory(prefix="netlift-keys-") as keys:
        found = StoreServer(server)
        server.run(f"CREATE DATABASE {TEMPLATE}")
        with mock.patch.dict(os.environ, {"NETLIFT_DATABASE_URL": found.url(TEMPLATE)}):
            open_store(Path(keys))
        _let_go()
        yield found


def _let_go() -> None:
    from django.db import connections

    connections.close_all()
