"""What went wrong in other products, each under its name: the same event here ends as it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from netlift.campaigns.testing import Sink
from netlift.errors import Refused
from netlift.store import jobs, ledger, rates, runs, stops, store_folder, vault
from netlift.store.models import Delivery
from netlift.workflow import show
from netlift.workflow.launch import launch, start
from netlift.workflow.worker import work
from tests.workflow import plans
from tests.workflow.plans import OPERATOR

PEOPLE = 30


@dataclass(frozen=True, slots=True)
class Scene:
    """An approved run of 30 people and the server it goes to."""

    run_id: str
    sink: Sink

    def copies(self) -> Counter[str]:
        """How many letters each person has."""
        return Counter(recipient.split("@")[0] for recipient, _ in self.sink.received)


def paused_and_resumed(scene: Scene) -> None:
    """Stopped after some letters and gone on with, a campaign starts over for nobody."""
    start(scene.run_id, actor=OPERATOR)
    work(once=True, ended=lambda: len(scene.sink.received) >= 5)
    assert 5 <= len(scene.sink.received) < PEOPLE
    (store_folder() / stops.FILE).touch()
    work(once=True)
    (store_folder() / stops.FILE).unlink()
    work(once=True)


def shut_down_unsent(scene: Scene) -> None:
    """A shutdown leaves the campaign open as long as somebody has no letter."""
    start(scene.run_id, actor=OPERATOR)
    work(once=True, ended=lambda: len(scene.sink.received) >= 1)
    assert runs.get(scene.run_id).state == "sending"
    work(once=True)


def died_with_claims(scene: Scene) -> None:
    """What a dead process had fetched is neither skipped nor called finished."""
    start(scene.run_id, actor=OPERATOR)
    for _ in range(3):
        Delivery.objects.filter(state="ready").update(state="claimed", token="dead", lease_until=timezone.now() - timedelta(seconds=1))
        work(once=True, ended=lambda: len(scene.sink.received) >= 8)
        assert runs.get(scene.run_id).state == "sending"
    work(once=True)


def late_start(scene: Scene) -> None:
    """A restored snapshot with a start of yesterday sends nothing."""
    jobs.enqueue("launch", actor=OPERATOR, run_id=scene.run_id, start_at=timezone.now() - timedelta(days=1))
    work(once=True)
    assert scene.sink.received == []
    assert show.jobs()[0]["state"] == "expired"
    launch(scene.run_id, actor=OPERATOR)


def launched_again_and_again(scene: Scene) -> None:
    """Orders that overlap make one campaign, of as many letters as there are people."""
    for _ in range(3):
        jobs.enqueue("launch", actor=OPERATOR, run_id=scene.run_id)
    work(once=True)
    with pytest.raises(Refused, match="completed"):
        launch(scene.run_id, actor=OPERATOR)


def same_address_twice(scene: Scene) -> None:
    """Two customers with one address: one letter, and the other has a row with the reason, not a lost one."""
    vault.put([{"customer_id": "c0001", "email": "c0000@example.com", "name": "Twin"}])
    launch(scene.run_id, actor=OPERATOR)
    row = Delivery.objects.get(customer_id="c0001")
    assert (row.state, row.reason) == ("excluded", "same address as another customer")


FAILURES: dict[str, Callable[[Scene], None]] = {
    "listmonk 2070: resume starts over": paused_and_resumed,
    "listmonk 2278: shutdown marks finished with letters unsent": shut_down_unsent,
    "listmonk 3022: half sent and finished after three restarts": died_with_claims,
    "listmonk 1801: a late start sends": late_start,
    "mautic 8450: more letters than people": launched_again_and_again,
    "mautic 9880: runs that overlap send twice": launched_again_and_again,
    "mautic 14381: the same address in a batch overwrites a row": same_address_twice,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failures_of_others(tmp_path: Path, failure: str) -> None:
    """Everybody has one letter at most, everybody has a row that ended, and only then the run is completed."""
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        scene = Scene(plans.approved(tmp_path / "run", plans.plan(plans.audience(PEOPLE, 0)), port=sink.port), sink)
        FAILURES[failure](scene)
        copies = scene.copies()
    counts = show.counts(scene.run_id)
    assert set(copies.values()) == {1}
    assert set(counts) <= {"accepted", "excluded"}
    assert counts["accepted"] == len(copies)
    assert sum(counts.values()) == PEOPLE
    assert runs.get(scene.run_id).state == "completed"


@pytest.mark.parametrize(
    ("failure", "faults"),
    [
        ("listmonk 1109: an error and a retry make copies", (0.3, 0.0, 0.1)),
        ("mautic 7226: one refusal for good aborts the bookkeeping and all is sent again", (0.0, 0.2, 0.0)),
    ],
)
def test_faults_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str, faults: tuple[float, float, float]) -> None:
    """Refused now, refused for good, lost after the body: nobody twice, and each row tells what the server has."""
    monkeypatch.setattr(ledger, "BACK_OFF", (0.05,) * 6)
    monkeypatch.setattr(rates, "SETTLE", timedelta(0))
    monkeypatch.setattr(rates, "SLOWED_RATE", 1e4)
    plans.opened(tmp_path / "netlift")
    refuse, reject, drop = faults
    with Sink(seed=3, refuse=refuse, reject=reject, drop=drop) as sink:
        run_id = plans.approved(tmp_path / "run", plans.plan(plans.audience(PEOPLE, 0)), port=sink.port)
        launch(run_id, actor=OPERATOR)
        copies = Scene(run_id, sink).copies()
    states = {row["customer_id"]: row["state"] for row in show.rows(run_id)}
    assert set(copies.values()) == {1}
    assert set(states.values()) <= {"accepted", "failed", "unknown"}
    assert {c for c, state in states.items() if state in {"accepted", "unknown"}} == set(copies)
    assert runs.get(run_id).state == "completed"
