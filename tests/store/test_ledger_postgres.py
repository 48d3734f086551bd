"""The ledger on PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from netlift.records import Message, Receipt
from netlift.store import ledger, people, vault
from netlift.store.models import Run
from netlift.store.rates import Rates

PEOPLE = 120


@pytest.fixture
def run(owner: str) -> Run:
    """A run that is being sent."""
    return Run.objects.create(name="x", author=people.user(owner), state="sending")


def of(run: Run) -> ledger.RunLedger:
    """The run's ledger."""
    return ledger.RunLedger(
        run.pk, "email", {"Wine": Message("Wine", "email", "a@x.example", "Hi", "Hi")}, address_field="email", limits=Rates()
    )


@pytest.mark.parametrize("both_databases", ["postgres"], indirect=True)
def test_claims_of_many_workers(run: Run) -> None:
    """Six workers at once claim, commit and record everybody exactly once."""
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
