from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from netlift.campaigns.testing import Sink
from netlift.store import health, jobs, runs, stops, store_folder
from netlift.store.models import AuditEvent, Delivery, Job
from netlift.workflow import sending, show
from netlift.workflow.launch import launch, start
from netlift.workflow.worker import work
from tests.workflow import plans
from tests.workflow.plans import OPERATOR


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as server:
        yield server


@pytest.fixture
def run_id(tmp_path: Path, sink: Sink) -> str:
    """An approved run of 18 messages."""
    plans.opened(tmp_path / "netlift")
    return plans.approved(tmp_path / "run", port=sink.port)


def test_the_stop_file_stops_everything(run_id: str, sink: Sink) -> None:
    """As long as the file STOP is in the data directory nothing is sent; without it the run goes on."""
    start(run_id, actor=OPERATOR)
    (store_folder() / stops.FILE).touch()
    (told,) = work(once=True)
    assert (told["state"], told["counts"]["ready"], sink.received) == ("sending", 18, [])
    (store_folder() / stops.FILE).unlink()
    (told,) = work(once=True)
    assert (told["state"], len(sink.received)) == ("completed", 18)


def test_a_campaign_that_goes_wrong_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fifth of the receivers refusing for good, the run pauses by itself, and the audit trail says why."""
    monkeypatch.setattr(health, "LAST", 20)
    monkeypatch.setattr(sending, "CHECK_EVERY", 1)
    plans.opened(tmp_path / "netlift")
    with Sink(reject=0.5, seed=1) as sink:
        run_id = plans.approved(tmp_path / "run", plans.plan(plans.audience(60, 0)), port=sink.port)
        told = launch(run_id, actor=OPERATOR)
    assert told["state"] == "paused"
    assert told["counts"]["ready"] >= 30
    assert "errors among the last 20 messages" in AuditEvent.objects.get(act="auto-pause").details


def test_a_worker_that_drains_claims_nothing_more(tmp_path: Path, sink: Sink) -> None:
    """Asked to end after the third message of the only connection, it begins no other and gives the rest back."""
    plans.opened(tmp_path / "netlift")
    run_id = plans.approved(tmp_path / "run", config=plans.settings(sink.port, connections=1))
    start(run_id, actor=OPERATOR)
    work(once=True, ended=lambda: len(sink.received) >= 3)
    assert show.counts(run_id) == {"accepted": 3, "excluded": 2, "ready": 15}
    assert len(sink.received) == 3


def test_rates_reach_the_ledger(tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm-up plan of 5 messages sends five; the others wait for tomorrow and the run is not completed."""
    plans.opened(tmp_path / "netlift")
    usual = plans.settings
    monkeypatch.setattr(plans, "settings", lambda port: usual(port, warm_up=[5]))
    run_id = plans.approved(tmp_path / "run", port=sink.port)
    told = launch(run_id, actor=OPERATOR)
    assert (told["state"], told["counts"]) == ("sending", {"accepted": 5, "excluded": 2, "ready": 13})
    assert "wait for another attempt at 00:00 UTC" in told["sentence"]


def test_a_missed_start_is_never_made_up_for(run_id: str, sink: Sink) -> None:
    """A start that was due two hours ago expires (listmonk 1801); one that is due in an hour waits; one of now begins."""
    now = timezone.now()
    for hours in (-2, 1):
        jobs.enqueue("launch", actor=OPERATOR, run_id=run_id, start_at=now + timedelta(hours=hours))
    assert work(once=True) == []
    assert [job["state"] for job in show.jobs()] == ["queued", "expired"]
    assert "missed by more than 60 minutes" in show.jobs()[1]["error"]
    assert (runs.get(run_id).state, sink.received) == ("approved", [])
    jobs.enqueue("launch", actor=OPERATOR, run_id=run_id, start_at=now)
    (told,) = work(once=True)
    assert told["state"] == "completed"
    assert show.jobs()[0]["sent"] == 1


def test_rows_of_a_run_are_linked_to_domains_by_hash(run_id: str) -> None:
    """The ledger holds no domain that could name a person."""
    start(run_id, actor=OPERATOR)
    (domain,) = Delivery.objects.filter(state="ready").values_list("domain", flat=True).distinct()
    assert len(domain) == 32
    assert Job.objects.count() == 0
