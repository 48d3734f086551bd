"""The PostgreSQL of the store goes away in the middle: nobody gets two letters, nobody is lost, and everything goes on by itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client

from netlift.settings import ChannelSettings
from netlift.store import audit, people
from netlift.workflow import show
from tests.flow.test_kill import LAUNCH, WORKER, arrived, netlift, sink, wait_for
from tests.servers import Postgres
from tests.store.servers import store_postgres
from tests.workflow import plans

PEOPLE = 80


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A PostgreSQL that only this test uses; NETLIFT_DATABASE_URL names a database of it."""
    with store_postgres() as running, running.database() as url:
        monkeypatch.setenv("NETLIFT_DATABASE_URL", url)
        yield running.server


@pytest.mark.parametrize("command", [LAUNCH, WORKER], ids=["launch", "worker"])
def test_a_restart_while_sending(server: Postgres, tmp_path: Path, command: tuple[str, ...]) -> None:
    """The database dies and comes back: the same process goes on; what was on the wire is unknown and held."""
    plans.opened(tmp_path / "netlift")
    with sink(tmp_path / "sink.tsv", "--delay", "0.01") as port:
        run_id = plans.approved(tmp_path / "run", plans.plan(plans.audience(PEOPLE, 0)), port=port)
        if command is WORKER:
            from netlift.workflow.launch import start

            start(run_id, actor=plans.OPERATOR)
        connections.close_all()
        with netlift(*command) as process:
            wait_for(tmp_path / "sink.tsv", 25, process)
            server.stop()
            time.sleep(1)
            server.start()
            assert process.wait(timeout=120) == 0
    counts = show.deliveries(run_id)["counts"]
    received = Counter(recipient for recipient, _ in arrived(tmp_path / "sink.tsv"))
    assert max(received.values()) == 1
    assert sum(counts.values()) == PEOPLE
    assert set(counts) <= {"accepted", "unknown"}
    assert counts.get("unknown", 0) <= ChannelSettings.model_fields["connections"].default
    assert counts["accepted"] <= len(received) <= PEOPLE
    assert show.plan(run_id)["state"] == "completed"
    assert audit.verify_all().whole


def test_the_console_says_so(server: Postgres, tmp_path: Path) -> None:
    """While the database is away a page is one sentence with the status 503, and afterwards it is there again."""
    plans.opened(tmp_path / "netlift")
    browser = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
    browser.force_login(people.user(plans.AUTHOR))
    assert browser.get("/").status_code == 200
    server.stop()
    try:
        connections.close_all()
        away = browser.get("/")
        assert away.status_code == 503
        assert away["Content-Type"].startswith("text/plain")
        assert "does not answer" in away.content.decode()
        assert server.password not in away.content.decode()
    finally:
        server.start()
    assert browser.get("/").status_code == 200
