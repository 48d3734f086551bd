"""To unsubscribe by a link: done once, at once, whatever became of the campaign, the person or the database."""

from __future__ import annotations

import threading
from pathlib import Path
from unittest import mock

import pytest
from django.db import OperationalError, connections

from netlift.campaigns.testing import Sink
from netlift.store import audit, feedback, keys, store_folder, tokens, vault
from netlift.store.models import AuditEvent, Delivery, Event, Run, Suppression
from netlift.store.tokens import OptOut
from netlift.workflow import decide, opt_out, privacy
from netlift.workflow.launch import launch, start
from netlift.workflow.worker import work
from tests.workflow import plans
from tests.workflow.plans import OPERATOR


@pytest.fixture
def two_runs(tmp_path: Path, both_databases: str) -> list[str]:
    """Two runs to the same 18 people, both waiting to be sent."""
    plans.opened(tmp_path / "netlift")
    runs = [plans.approved(tmp_path / f"run{i}") for i in (1, 2)]
    for run in runs:
        start(run, actor=OPERATOR)
    return runs


def token(customer: str = "c0001", run: str = "1", channel: str = "email") -> str:
    """The link of a customer in a run."""
    row = Delivery.objects.get(customer_id=customer, run_id=run)
    return tokens.opt_out(OptOut(row.pk, keys.keyed_hash("customer", customer), channel))


def states(customer: str = "c0001") -> list[str]:
    """The customer's rows in all runs."""
    return list(Delivery.objects.filter(customer_id=customer).order_by("run_id").values_list("state", flat=True))


def test_one_click_holds_in_every_run(two_runs: list[str]) -> None:
    """The person's rows of all runs are cancelled, others' are not; time, source and evidence are kept, nobody is named."""
    Delivery.objects.filter(customer_id="c0001", run_id=two_runs[1]).update(state="retry")
    assert opt_out.opt_out(token(), way="one-click")
    assert (states(), states("c0002")) == (["cancelled", "cancelled"], ["ready", "ready"])
    assert vault.suppressed("email") == {"c0001"}
    assert vault.suppressed("sms") == frozenset()
    (event,) = Event.objects.all()
    assert (event.kind, event.source, event.run, event.channel) == ("opt-out", "one-click", int(two_runs[0]), "email")
    assert set(event.evidence) == {"link", "received"}
    assert Suppression.objects.filter(reason="unsubscribed by one click (RFC 8058), run 1").exists()
    acts = list(AuditEvent.objects.filter(act__in=("opt-out", "suppress")).order_by("pk"))
    assert [act.act for act in acts] == ["suppress", "opt-out"]
    assert all(keys.keyed_hash("customer", "c0001") in act.details and "c0001" not in act.details for act in acts)
    assert audit.verify().whole


def test_said_twice_it_is_done_once(two_runs: list[str]) -> None:
    """The second time nothing is added; "everything" afterwards is another wish."""
    link = token()
    for _ in range(3):
        assert opt_out.opt_out(link, way="one-click")
    assert (Event.objects.count(), Suppression.objects.count(), AuditEvent.objects.filter(act="opt-out").count()) == (1, 2, 1)
    opt_out.opt_out(link, way="page", everything=True)
    assert (Event.objects.count(), sorted(vault.suppressed("sms"))) == (2, ["c0001"])


def test_five_at_once_are_one(two_runs: list[str]) -> None:
    """Five requests at the same moment leave one event and one suppression of each hash."""
    link = token()

    def ask() -> None:
        opt_out.opt_out(link, way="one-click")
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Event.objects.count(), Suppression.objects.count(), list((store_folder() / "waiting").glob("*"))) == (1, 2, [])


def test_it_works_when_the_campaign_is_stopped_or_gone(two_runs: list[str]) -> None:
    """A stopped campaign's link works, and so does one whose rows and run are deleted."""
    decide.stop(two_runs[0], actor=OPERATOR)
    assert opt_out.opt_out(token("c0002"), way="one-click")
    gone = token("c0003")
    Delivery.objects.filter(run_id=two_runs[0]).delete()
    Run.objects.filter(pk=two_runs[0]).update(state="cancelled")
    assert opt_out.opt_out(gone, way="one-click")
    assert vault.suppressed("email") == {"c0002", "c0003"}
    assert states("c0003") == ["cancelled"]
    assert Event.objects.get(subject=keys.keyed_hash("customer", "c0003")).run is None


def test_it_works_when_the_person_was_erased(two_runs: list[str]) -> None:
    """The link of somebody who was erased is answered as any other, and the keyed hash stays suppressed."""
    link = token()
    privacy.erase("c0001", actor=_privacy())
    assert opt_out.opt_out(link, way="one-click")
    person = keys.keyed_hash("customer", "c0001")
    assert {(s.hash == person, s.channel) for s in Suppression.objects.filter(hash=person)} == {(True, "")}


def _privacy() -> str:
    from netlift.store import people

    people.add("pia", "privacy")
    return "pia"


def test_whoever_unsubscribes_gets_nothing_more(tmp_path: Path) -> None:
    """The next claim, of any run, leaves the person out; the others get both messages."""
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        for i in (1, 2):
            start(plans.approved(tmp_path / f"run{i}", port=sink.port), actor=OPERATOR)
        opt_out.opt_out(token(), way="one-click")
        work(once=True)
        got = [recipient for recipient, _ in sink.received]
    assert "c0001@example.com" not in got
    assert (got.count("c0002@example.com"), len(got)) == (2, 34)


def test_a_request_outlives_the_database(two_runs: list[str]) -> None:
    """While the database is away the request is kept as a file, and a worker does it afterwards."""
    link = token()
    with mock.patch.object(feedback, "note", side_effect=OperationalError("the connection is lost")):
        assert opt_out.opt_out(link, way="one-click")
    assert (states(), vault.suppressed()) == (["ready", "ready"], frozenset())
    (kept,) = (store_folder() / "waiting").glob("*.json")
    assert kept.stat().st_mode & 0o77 == 0
    assert "c0001" not in kept.read_text()
    assert opt_out.do_waiting() == 1
    assert (states(), list((store_folder() / "waiting").glob("*"))) == (["cancelled", "cancelled"], [])


def test_a_request_that_waits_is_done_before_the_next_claim(tmp_path: Path) -> None:
    """Also where a launch, and no worker, sends."""
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        run = plans.approved(tmp_path / "run", port=sink.port)
        link = tokens.opt_out(OptOut(1, keys.keyed_hash("customer", "c0001"), "email"))
        with mock.patch.object(feedback, "note", side_effect=OperationalError("the connection is lost")):
            opt_out.opt_out(link, way="one-click")
        launch(run, actor=OPERATOR)
        got = [recipient for recipient, _ in sink.received]
    assert (len(got), "c0001@example.com" in got) == (17, False)


def test_a_stranger_s_link_changes_nothing(two_runs: list[str]) -> None:
    """It is said that it is none, and neither row nor event comes of it."""
    assert not opt_out.opt_out("forged", way="one-click")
    link = token()
    assert not opt_out.opt_out(link[:-1] + ("B" if link.endswith("A") else "A"), way="one-click")
    assert (Event.objects.count(), Suppression.objects.count()) == (0, 0)
