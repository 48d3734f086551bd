"""docs/operating.md names every variable and file there is, and its statements are run."""

from __future__ import annotations

import re

import pytest
from django.db import connections

from netlift.settings import Environment
from netlift.store import database, open_store, people, store_folder
from tests.conftest import ROOT
from tests.servers import postgres
from tests.store.servers import StoreServer

PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def test_every_variable_is_documented() -> None:
    """And none that netlift does not read."""
    read = {f"NETLIFT_{name.upper()}" for name in Environment.model_fields}
    assert set(re.findall(r"^\| `(NETLIFT_\w+)`", PAGE, flags=re.MULTILINE)) == read


def test_options_of_the_address() -> None:
    """Those that are named are those that are taken."""
    (sentence,) = re.findall(r"The address may set (.*?)\.", PAGE)
    assert set(re.findall(r"`(\w+)`", sentence)) == database.OPTIONS


def test_keys_are_those_of_a_store(owner_of_new_store: str) -> None:
    """The table of keys names what is made, beside the database."""
    from netlift.store import keys

    keys.vault_key()
    made = {path.name for path in store_folder().iterdir() if path.suffix in {".key", ".pub"}}
    assert set(re.findall(r"^\| `([\w.]+\.(?:key|pub))`", PAGE, flags=re.MULTILINE)) == made


@pytest.fixture
def owner_of_new_store() -> str:
    """Somebody."""
    open_store()
    return people.acting(None)


def test_the_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The statements make a database that netlift can fill, with nothing but the rights they give."""
    (statements,) = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
    with postgres() as server:
        server.run(*filter(None, statements.strip().split("\n")))
        host = StoreServer(server).url("netlift").rpartition("@")[2]
        monkeypatch.setenv("NETLIFT_DATABASE_URL", f"postgresql://netlift@{host}")
        monkeypatch.setenv("PGPASSWORD", "choose-one")
        open_store()
        people.add("mia", "reviewer")
        assert {person["name"] for person in people.known()} == {"mia", people.acting(None)}
        connections.close_all()
