from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from netlift.errors import Busy, InputError
from netlift.store import outages, runs
from netlift.store.models import Run
from tests.store.servers import StoreServer

on_postgres = pytest.mark.parametrize("both_databases", ["postgres"], indirect=True)


@pytest.fixture
def two_runs(owner: str) -> tuple[str, str]:
    """Two runs."""
    return runs.create(name="one", author=owner), runs.create(name="two", author=owner)


def changed_crosswise(first: str, second: str, together: threading.Barrier, errors: list[Exception]) -> None:
    """Lock two runs one after the other, with a pause between."""
    try:
        with transaction.atomic():
            runs.locked(first)
            together.wait(timeout=20)
            runs.locked(second)
    except DatabaseError as error:
        errors.append(error)
    finally:
        connections.close_all()


@on_postgres
def test_a_deadlock_is_one_sentence(two_runs: tuple[str, str]) -> None:
    """Of two transactions that wait for each other, one goes on; the other is told to try again."""
    together, errors = threading.Barrier(2), list[Exception]()
    threads = [threading.Thread(target=changed_crosswise, args=(*order, together, errors)) for order in (two_runs, two_runs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = errors
    told = outages.told(error)
    assert isinstance(told, Busy)
    assert "Another process changed the same things" in str(told)
    assert not outages.is_lost(error)


@on_postgres
def test_a_cut_connection_is_told_and_made_anew(two_runs: tuple[str, str], store_server: StoreServer) -> None:
    """Django's connection is broken, the sentence says so, and after closing it the store is there again."""
    store_server.server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'netlift'")
    with pytest.raises(OperationalError) as caught:
        runs.get(two_runs[0])
    assert outages.is_lost(caught.value)
    told = outages.told(caught.value)
    assert isinstance(told, InputError)
    assert "does not answer" in str(told)
    connections.close_all()
    assert runs.get(two_runs[0]).name == "one"


@on_postgres
def test_a_value_that_is_too_long_is_told_without_it(owner: str) -> None:
    """PostgreSQL's own words name the limit, not the value."""
    with pytest.raises(DatabaseError) as caught:
        runs.create(name="x" * 300, author=owner)
    assert "cannot keep a value (value too long for type character varying(200))" in str(outages.told(caught.value))


@on_postgres
def test_faults_of_netlift_are_no_outage(owner: str) -> None:
    """A statement that makes no sense stays an error with its traceback."""
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")
    assert outages.told(caught.value) is None
    assert outages.told(ValueError("x")) is None


def test_a_lock_needs_a_transaction(owner: str) -> None:
    """Outside of one it would be gone at once."""
    run_id = runs.create(name="x", author=owner)
    with pytest.raises(RuntimeError, match="must be locked in the transaction"):
        runs.locked(run_id)
    with transaction.atomic():
        assert runs.locked(run_id) == Run.objects.get()
