"""The ledger on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections

from netlift.records import Message, Receipt
from netlift.store import ledger, vault
from netlift.store.models import Bucket, Contact, Delivery, Run, Suppression
from netlift.store.rates import Rates
from tests.servers import postgres

PEOPLE = 120


@pytest.fixture
def run(owner: str) -> Iterator[Run]:
    """A run that is being sent, in a store on PostgreSQL. The vault's key stays in the data directory."""
    usual = connections.settings["default"]
    with postgres() as server:
        connections.close_all()
        del connections["default"]
        given = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": server.port, "USER": server.owner}
        options = {"NAME": server.database, "PASSWORD": server.password, "OPTIONS": {}}
        connections.settings["default"] = {**usual, **given, **options}
        try:
            yield _made()
        finally:
            connections.close_all()
            del connections["default"]
            connections.settings["default"] = usual


def _made() -> Run:
    call_command("migrate", "auth", verbosity=0)
    with connection.schema_editor() as editor:
        for model in (Run, Delivery, Contact, Suppression, Bucket):
            editor.create_model(model)
    return Run.objects.create(name="x", author=User.objects.create(username="ada"), state="sending")


def of(run: Run) -> ledger.RunLedger:
    """The run's ledger."""
    return ledger.RunLedger(
        run.pk, "email", {"Wine": Message("Wine", "email", "a@x.example", "Hi", "Hi")}, address_field="email", limits=Rates()
    )


def test_claims_of_many_workers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six workers at once claim, commit and record everybody exactly once."""
    monkeypatch.setenv("NETLIFT_VAULT_KEY", Fernet.generate_key().decode())
    ids = [f"c{i:03d}" for i in range(PEOPLE)]
    vault.put({"customer_id": c, "email": f"{c}@x.example"} for c in ids)
    ledger.fill(run.pk, (ledger.Row(c, "email", "Wine", "", "", f"<{c}@x>", "d") for c in ids))
    got: list[str] = []

    def worker() -> None:
        book = of(run)
        while batch := book.claim(8):
            may = book.committing(batch, ())
            got.extend(one.customer_id for one in batch if one.delivery_id in may)
            book.record(batch[0].token, [Receipt(one.delivery_id, "accepted", "250 ok") for one in batch])
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got))
    while batch := of(run).claim(8):  # what was locked by another when the last worker looked
        of(run).record(batch[0].token, [Receipt(one.delivery_id, "accepted", "250 ok") for one in batch])
        got.extend(one.customer_id for one in batch)
    assert sorted(got) == ids
    assert ledger.counts(run.pk) == {"accepted": PEOPLE}
