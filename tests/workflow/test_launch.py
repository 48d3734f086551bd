from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from netlift.campaigns.channels import smtp
from netlift.campaigns.testing import Sink
from netlift.errors import InputError, NotFound, Refused
from netlift.records import Message, Plan
from netlift.store import audit, jobs, ledger, people, rates, runs, vault
from netlift.store.models import AuditEvent, Delivery, Job, Run, Vote
from netlift.workflow import decide, show
from netlift.workflow.launch import launch, start
from netlift.workflow.worker import work
from tests.store import stores
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, MEMBERS, OPERATOR


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries to connect and second attempts follow at once."""
    monkeypatch.setattr(smtp, "CONNECT_PAUSE", 0.01)
    monkeypatch.setattr(ledger, "BACK_OFF", (0.1, 0.1, 0.1))
    monkeypatch.setattr(rates, "SETTLE", timedelta(0))
    monkeypatch.setattr(rates, "SLOWED_RATE", 1e4)


@pytest.fixture
def folder(tmp_path: Path, both_databases: str) -> Path:
    """A store with people; the answer is a folder for the run."""
    plans.opened(tmp_path / "netlift")
    return tmp_path / "run"


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as server:
        yield server


def rows(run_id: str) -> dict[str, tuple[str, str]]:
    """State and reason of everybody."""
    return {row["customer_id"]: (row["state"], row["reason"]) for row in show.deliveries(run_id)["rows"]}


def test_everybody_approved_gets_one_letter(folder: Path, sink: Sink) -> None:
    """Contacted people get theirs, held out and excluded ones none, each with a row that says so."""
    run_id = plans.approved(folder, plans.plan(plans.audience(20, 2, {"c0003": "no consent"})), port=sink.port)
    told = launch(run_id, actor=OPERATOR)
    assert told["counts"] == {"accepted": 17, "excluded": 3}
    assert told["excluded"] == {"holdout": 2, "no consent": 1}
    assert told["sentence"] == "Run 1 is completed: 17 accepted, 3 excluded."
    assert Counter(recipient for recipient, _ in sink.received) == {f"c{i:04d}@example.com": 1 for i in range(18) if i != 3}
    assert rows(run_id)["c0019"] == ("excluded", "holdout")
    assert show.plan(run_id)["state"] == "completed"
    assert show.sent_at(run_id).tzinfo is None
    acts = list(AuditEvent.objects.filter(run=1).order_by("-pk").values_list("act", "actor")[:2])
    assert acts == [("complete", "netlift"), ("launch", OPERATOR)]
    assert audit.verify().whole


def test_launched_once(folder: Path, sink: Sink) -> None:
    """A completed run cannot be launched again."""
    run_id = plans.approved(folder, port=sink.port)
    launch(run_id, actor=OPERATOR)
    with pytest.raises(Refused, match="Run 1 is completed and cannot be launched"):
        launch(run_id, actor=OPERATOR)
    assert len(sink.received) == 18


def test_dry_run_sends_and_keeps_nothing(folder: Path) -> None:
    """It says what would happen, without a mail server and without a trace."""
    run_id = plans.approved(folder, port=1)
    told = launch(run_id, actor=OPERATOR, dry_run=True)
    assert (told["dry_run"], told["counts"], told["state"]) == (True, {"ready": 18, "excluded": 2}, "approved")
    assert told["sentence"] == "Run 1 would be launched: 18 ready, 2 excluded. Nothing was sent."
    assert Delivery.objects.count() == 0


def test_dry_run_of_a_run_that_is_being_sent(folder: Path, sink: Sink) -> None:
    """A dry run never sends, at whatever point the run is."""
    run_id = plans.approved(folder, port=sink.port)
    start(run_id, actor=OPERATOR)
    told = launch(run_id, actor=OPERATOR, dry_run=True)
    assert (told["dry_run"], told["counts"], sink.received) == (True, {"excluded": 2, "ready": 18}, [])
    assert told["sentence"] == "Run 1 is being sent: 2 excluded, 18 ready. A dry run sends nothing."


def test_launched_twice_by_way_of_the_database(folder: Path, sink: Sink) -> None:
    """A sent run that is put back to approved, even without its ledger, is not sent again: the audit trail remembers."""
    run_id = plans.approved(folder, port=sink.port)
    launch(run_id, actor=OPERATOR)
    Run.objects.update(state="approved")
    Delivery.objects.all().delete()
    with pytest.raises(Refused, match="was launched already"):
        launch(run_id, actor=OPERATOR)
    assert len(sink.received) == 18


def test_nothing_starts_on_a_broken_audit_trail(folder: Path, sink: Sink) -> None:
    """Where an event was changed, nobody can tell what was approved."""
    run_id = plans.approved(folder, port=sink.port)
    stores.drop_triggers()
    AuditEvent.objects.filter(pk=3).update(actor="eve")
    with pytest.raises(Refused, match="The audit trail is not whole: Event 3"):
        launch(run_id, actor=OPERATOR)
    assert (sink.received, runs.get(run_id).state) == ([], "approved")


@pytest.mark.parametrize("state", ["draft", "in_review", "changes_requested", "rejected", "stopped", "preparing"])
def test_only_approved_plans(folder: Path, state: str) -> None:
    """No state but approved leads to sending."""
    run_id = plans.approved(folder)
    Run.objects.update(state=state)
    with pytest.raises(Refused, match=r"cannot be launched|is being prepared"):
        launch(run_id, actor=OPERATOR)
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize("name", [AUTHOR, *MEMBERS])
def test_only_operators(folder: Path, name: str) -> None:
    """Authors and members do not launch."""
    run_id = plans.approved(folder)
    for act in (launch, start):
        with pytest.raises(Refused, match="may not launch plans"):
            act(run_id, actor=name)
    with pytest.raises(NotFound):
        launch("77", actor=OPERATOR)


def change_message(run_id: str, folder: Path) -> None:
    """One character of the text."""
    run = runs.get(run_id)
    run.content["messages"][0]["text"] += "!"
    run.save()


def change_person(run_id: str, folder: Path) -> None:
    """Somebody held out is to be contacted."""
    table = pq.read_table(folder / "audience.parquet")
    arms = ["treated"] * table.num_rows
    pq.write_table(table.set_column(table.schema.get_field_index("arm"), "arm", [arms]), folder / "audience.parquet")


def change_channel(run_id: str, folder: Path) -> None:
    """Everybody is to be reached on a channel that nobody approved."""
    table = pq.read_table(folder / "audience.parquet")
    names = ["sms"] * table.num_rows
    pq.write_table(table.set_column(table.schema.get_field_index("channel"), "channel", [names]), folder / "audience.parquet")


def delete_audience(run_id: str, folder: Path) -> None:
    """The file is gone."""
    (folder / "audience.parquet").unlink()


def break_audience(run_id: str, folder: Path) -> None:
    """The file is cut off."""
    whole = (folder / "audience.parquet").read_bytes()
    (folder / "audience.parquet").write_bytes(whole[: len(whole) // 2])


def number_people(run_id: str, folder: Path) -> None:
    """Ids are no longer text."""
    table = pq.read_table(folder / "audience.parquet")
    ids = [0.5 + i for i in range(table.num_rows)]
    pq.write_table(table.set_column(table.schema.get_field_index("customer_id"), "customer_id", [ids]), folder / "audience.parquet")


def unseat(run_id: str, folder: Path) -> None:
    """A member who voted was deactivated."""
    plans.deactivate(MEMBERS[0])


def change_hash(run_id: str, folder: Path) -> None:
    """The stored hash is made to fit a changed content, but nobody voted for that hash."""
    from netlift.workflow.approval import approval_hash

    run = runs.get(run_id)
    run.content["budget"] = "1.0"
    run.approval_hash = approval_hash(run.content)
    run.save()


def forge_votes(run_id: str, folder: Path) -> None:
    """The votes are taken back, and others are written straight into the database."""
    Vote.objects.update(void=True)
    run = runs.get(run_id)
    for member in (MEMBERS[0], MEMBERS[2]):
        user = people.user(member)
        Vote.objects.create(run=run, voter=user, seat=user, vote="approve", version=run.version, approval_hash=run.approval_hash)


def forge_content_and_votes(run_id: str, folder: Path) -> None:
    """A changed content, with the hash and the votes made to fit."""
    change_hash(run_id, folder)
    Vote.objects.update(approval_hash=runs.get(run_id).approval_hash)


def change_author(run_id: str, folder: Path) -> None:
    """The one who prepared the plan is a member and has voted, and the database names somebody else as the author."""
    run = runs.get(run_id)
    run.author = people.user(MEMBERS[2])
    run.state = "in_review"
    run.save()
    people.add(AUTHOR, "reviewer")
    Vote.objects.filter(voter__username=MEMBERS[0]).delete()
    plans.approve(run_id, actor=AUTHOR)


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (change_message, "is not what was approved"),
        (change_person, "is not the one that was approved"),
        (change_channel, "is not the one that was approved"),
        (delete_audience, "cannot be read"),
        (break_audience, "cannot be read"),
        (unseat, "is in review and cannot be launched"),
        (change_hash, "is in review and cannot be launched"),
        (forge_votes, "has 1 approvals that count, and needs 2"),
        (forge_content_and_votes, "has 0 approvals that count, and needs 2"),
        (change_author, "has 1 approvals that count, and needs 2"),
        (number_people, "cannot be read"),
    ],
)
def test_what_is_not_what_was_approved(folder: Path, sink: Sink, tamper: Callable[[str, Path], None], message: str) -> None:
    """Whatever was changed after the approval, nothing is sent."""
    run_id = plans.approved(folder, port=sink.port)
    tamper(run_id, folder)
    for dry_run in (True, False):
        with pytest.raises(Refused, match=message) as caught:
            launch(run_id, actor=OPERATOR, dry_run=dry_run)
        assert caught.value.exit_code == 3
    assert (sink.received, Delivery.objects.count()) == ([], 0)
    assert runs.get(run_id).state == ("in_review" if "in review" in message else "approved")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (plans.plan(country=""), "names no country"),
        (plans.plan(consent=plans.texts([None, *["form"] * 19])), "1 people of run 1 would be contacted without a consent"),
        (plans.plan(messages=()), "went back to the committee: 18 of the 18 approved people"),
        (plans.plan(plans.audience(20, 20)), "the most frequent reason is 'holdout' \\(20 people\\)"),
    ],
)
def test_plans_that_must_not_be_sent(folder: Path, sink: Sink, plan: Plan, message: str) -> None:
    """No country, no consent, no message or nobody left: refused even when approved."""
    run_id = plans.approved(folder, plan, port=sink.port)
    with pytest.raises(Refused, match=message):
        launch(run_id, actor=OPERATOR)
    assert (sink.received, Delivery.objects.count()) == ([], 0)


def test_channel_without_settings(folder: Path) -> None:
    """A channel that netlift.toml does not know cannot be used."""
    everybody = plans.audience()
    everybody.channel[0] = "sms"
    run_id = plans.approved(folder, plans.plan(everybody))
    with pytest.raises(Refused, match=r"the channel 'sms', which has no \[channels.sms\]"):
        launch(run_id, actor=OPERATOR)


def test_template_that_does_too_much(folder: Path, sink: Sink) -> None:
    """A message with code in it is found before anything is sent."""
    message = Message("Wine", "email", "a@shop.example", "Hi", "{{ ''.__class__ }}")
    run_id = plans.approved(folder, plans.plan(messages=(message,)), port=sink.port)
    with pytest.raises(InputError, match="cannot be used"):
        launch(run_id, actor=OPERATOR)
    assert runs.get(run_id).state == "approved"


def test_people_who_cannot_be_written_to(folder: Path, sink: Sink) -> None:
    """Each is excluded with a reason, and the others get their letters."""
    run_id = plans.approved(folder, plans.plan(plans.audience(140)), port=sink.port)
    vault.put(
        [
            {"customer_id": "c0000", "email": "c0000@example.com"},
            {"customer_id": "c0001", "name": "No Address"},
            {"customer_id": "c0002", "email": "two at example.com", "name": "Wrong Address"},
            {"customer_id": "c0004", "email": "C0003@example.com", "name": "Shares Address"},
            {"customer_id": "c0005", "email": "c0005@example.com", "name": "Line\nBreak"},
        ]
    )
    vault.suppress("c0006", reason="asked", actor=OPERATOR, channel="email")
    launch(run_id, actor=OPERATOR)
    found = rows(run_id)
    assert {c: reason for c, (state, reason) in found.items() if state == "excluded"} == {
        "c0000": "missing field name",
        "c0001": "no address",
        "c0002": "invalid address",
        "c0004": "same address as another customer",
        "c0005": "line break in the subject",
        "c0006": "suppressed",
        "c0138": "holdout",
        "c0139": "holdout",
    }
    assert len(sink.received) == 132
    assert len(found) == 140


def test_server_away_leaves_the_plan_approved(folder: Path) -> None:
    """Nothing is begun when nobody answers; the sentence says what to do."""
    run_id = plans.approved(folder, port=1)
    with pytest.raises(InputError, match=r"No mail server answers at 127\.0\.0\.1:1"):
        launch(run_id, actor=OPERATOR)
    assert runs.get(run_id).state == "approved"


def test_faults_all_come_to_an_end(folder: Path) -> None:
    """With refusals for now and for good and lost answers, everybody ends, nobody twice, unknown ones are listed."""
    with Sink(refuse=0.3, reject=0.1, drop=0.1, seed=2) as sink:
        run_id = plans.approved(folder, plans.plan(plans.audience(60, 0)), port=sink.port)
        told = launch(run_id, actor=OPERATOR)
    assert set(told["counts"]) == {"accepted", "failed", "unknown"}
    assert sum(told["counts"].values()) == 60
    assert "may have arrived and are held" in told["sentence"]
    arrived = Counter(recipient.split("@")[0] for recipient, _ in sink.received)
    assert set(arrived.values()) == {1}
    assert {c for c, (state, _) in rows(run_id).items() if state in {"accepted", "unknown"}} == set(arrived)


def test_same_letter_has_the_same_message_id(folder: Path, sink: Sink) -> None:
    """The Message-ID in the ledger is the one that the receiver has, and tells nothing of the person."""
    run_id = plans.approved(folder, port=sink.port)
    launch(run_id, actor=OPERATOR)
    listed = {row["customer_id"]: row["message_id"] for row in show.deliveries(run_id)["rows"] if row["state"] == "accepted"}
    assert {recipient.split("@")[0]: message_id for recipient, message_id in sink.received} == listed
    assert all(message_id.endswith("@shop.example>") and customer_id not in message_id for customer_id, message_id in listed.items())


def test_worker_goes_on_where_a_launch_stopped(folder: Path, sink: Sink) -> None:
    """Started only, the run is sent by a worker; the second worker has nothing to do."""
    run_id = plans.approved(folder, port=sink.port)
    start(run_id, actor=OPERATOR)
    assert (sink.received, runs.get(run_id).state) == ([], "sending")
    (told,) = work(once=True)
    assert (told["state"], told["counts"]) == ("completed", {"accepted": 18, "excluded": 2})
    assert work(once=True) == []
    assert len(sink.received) == 18


def test_launch_goes_on_too(folder: Path, sink: Sink) -> None:
    """Calling launch on a run that is being sent finishes it, without a second letter to anybody."""
    run_id = plans.approved(folder, port=sink.port)
    start(run_id, actor=OPERATOR)
    Delivery.objects.filter(customer_id="c0000").update(state="accepted")
    assert launch(run_id, actor=OPERATOR)["counts"] == {"accepted": 18, "excluded": 2}
    assert len(sink.received) == 17


def test_worker_starts_queued_launches(folder: Path, sink: Sink) -> None:
    """A launch left for the worker is checked like any other, on the order of who left it."""
    run_id = plans.approved(folder, port=sink.port)
    jobs.enqueue("launch", actor=AUTHOR, run_id=run_id)
    jobs.enqueue("launch", actor=OPERATOR, run_id=run_id)
    jobs.enqueue("dance", actor=OPERATOR)
    (told,) = work(once=True)
    assert told["state"] == "completed"
    ended = list(Job.objects.order_by("pk").values_list("state", "error"))
    assert [state for state, _ in ended] == ["failed", "done", "failed"]
    assert "may not launch plans" in ended[0][1]
    assert "'dance' is not known" in ended[2][1]


def test_worker_says_what_is_wrong_and_goes_on_with_other_runs(folder: Path, sink: Sink) -> None:
    """A run whose server is away does not hold up another."""
    away = plans.approved(folder / "1", port=1)
    fine = plans.approved(folder / "2", port=sink.port)
    for run_id in (away, fine):
        start(run_id, actor=OPERATOR)
    first, second = work(once=True)
    assert (first["state"], first["counts"]) == ("sending", {"excluded": 2, "ready": 18})
    assert "No mail server answers" in first["error"]
    assert second["state"] == "completed"


def test_stop_while_sending(folder: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the fifth letter by anybody: at most the one on the wire still goes out, the rest is cancelled."""
    run_id = plans.approved(folder, config=plans.settings(sink.port, connections=1))
    committing = ledger.RunLedger.committing

    def stopping(*args: Any) -> frozenset[int]:
        if len(sink.received) == 5:
            decide.stop(run_id, actor=AUTHOR, reason="wrong price")
        return committing(*args)

    monkeypatch.setattr(ledger.RunLedger, "committing", stopping)
    told = launch(run_id, actor=OPERATOR)
    assert (told["state"], told["counts"]) == ("stopped", {"accepted": 5, "cancelled": 13, "excluded": 2})
    assert len(sink.received) == 5
    assert rows(run_id)["c0010"] == ("cancelled", "stopped by ada")
    with pytest.raises(Refused, match="Run 1 is stopped"):
        launch(run_id, actor=OPERATOR)


def test_approval_lost_while_sending(folder: Path, sink: Sink) -> None:
    """When a vote no longer counts, the run pauses and no worker goes on with it."""
    run_id = plans.approved(folder, port=sink.port)
    start(run_id, actor=OPERATOR)
    unseat(run_id, folder)
    assert work(once=True) == []
    assert (runs.get(run_id).state, sink.received) == ("paused", [])


def test_holdout_and_reason_stay_apart(folder: Path, sink: Sink) -> None:
    """Somebody excluded and drawn for the holdout is counted with the exclusion's reason."""
    everybody = plans.audience(20, 2)
    both = dataclasses.replace(everybody, excluded_reason=plans.texts([None] * 19 + ["too many contacts"]))
    run_id = plans.approved(folder, plans.plan(both), port=sink.port)
    assert launch(run_id, actor=OPERATOR)["excluded"] == {"holdout": 1, "too many contacts": 1}
