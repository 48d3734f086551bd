from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from netlift.records import Delivery, Message, Receipt
from netlift.store import ledger, vault
from netlift.store.models import Contact, Run
from netlift.store.models import Delivery as Row

MESSAGE = Message("Wine", "email", "a@shop.example", "Hi", "Hello")


@pytest.fixture
def run(owner: str) -> Run:
    """A run that is being sent: 20 people ready, one excluded."""
    made = Run.objects.create(name="x", author=User.objects.get(username=owner), state="sending")
    ids = [f"c{i:02d}" for i in range(20)]
    vault.put({"customer_id": c, "email": f"{c}@example.com"} for c in ids)
    ledger.fill(made.pk, [ledger.Row(c, "email", "Wine", "treated", "", f"<{c}@x>") for c in ids])
    ledger.fill(made.pk, [ledger.Row("out", "", "", "", "no consent", "")])
    return made


def of(run: Run) -> ledger.RunLedger:
    """The run's ledger."""
    return ledger.RunLedger(run.pk, "email", {"Wine": MESSAGE}, address_field="email")


def state(delivery: Delivery) -> str:
    """The state of a delivery's row."""
    return Row.objects.get(pk=delivery.delivery_id).state


def late() -> None:
    """Let every lease run out."""
    Row.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_from_claim_to_the_end(run: Run) -> None:
    """Claimed, committing, accepted; failed and unknown beside it; everybody is counted."""
    book = of(run)
    first, second, third = batch = book.claim(3)
    assert (first.address, first.customer_id, first.message) == ("c00@example.com", "c00", MESSAGE)
    assert ledger.counts(run.pk) == {"claimed": 3, "excluded": 1, "ready": 17}
    assert book.committing([first], ())
    assert state(first) == "committing"
    assert book.committing([second], [Receipt(first.delivery_id, "accepted", "250 ok")])
    book.record(second.token, [Receipt(second.delivery_id, "unknown", "lost"), Receipt(third.delivery_id, "failed", "550 no")])
    assert [state(one) for one in batch] == ["accepted", "unknown", "failed"]
    assert ledger.counts(run.pk) == {"accepted": 1, "excluded": 1, "failed": 1, "ready": 17, "unknown": 1}
    assert ledger.open_rows(run.pk) == book.open_rows() == 17
    assert ledger.exclusions(run.pk) == {"no consent": 1}
    keys = {"customer_id", "channel", "state", "attempts", "message_id", "reason"}
    assert all(set(row) == keys for row in ledger.rows(run.pk))
    assert len(list(ledger.rows(run.pk))) == 21


def test_no_person_twice_in_one_wave(run: Run) -> None:
    """The database itself refuses a second row for a person and channel, whatever the offer."""
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.fill(run.pk, [ledger.Row("c00", "email", "Meat", "B", "", "<other@x>")])


def test_claims_never_overlap(run: Run) -> None:
    """Four workers at once claim everybody once."""
    got: list[str] = []

    def worker() -> None:
        while batch := of(run).claim(3):
            got.extend(one.customer_id for one in batch)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"c{i:02d}" for i in range(20)]


def test_dead_before_the_body(run: Run) -> None:
    """What was claimed only is sent by the next one, and the late process may not begin it."""
    mine = of(run).claim(8)
    late()
    again = of(run).claim(8)
    assert [one.customer_id for one in again] == [one.customer_id for one in mine]
    assert not of(run).committing([mine[0]], ())
    assert of(run).committing([again[0]], ())


def test_dead_after_the_body_began(run: Run) -> None:
    """What was committing is unknown, never claimed again, and listed with its reason."""
    mine = of(run).claim(8)
    of(run).committing([mine[0]], ())
    late()
    assert mine[0].customer_id not in {one.customer_id for one in of(run).claim(20)}
    row = Row.objects.get(pk=mine[0].delivery_id)
    assert (row.state, row.attempts) == ("unknown", 1)
    assert "may or may not have arrived" in row.reason


def test_late_truth_is_taken(run: Run) -> None:
    """A process that slept through its lease still knows what the server said."""
    mine = of(run).claim(2)
    of(run).committing([mine[0]], ())
    late()
    ledger.lapse()
    assert state(mine[0]) == "unknown"
    of(run).record(mine[0].token, [Receipt(mine[0].delivery_id, "accepted", "250 ok")])
    assert state(mine[0]) == "accepted"


def test_committing_renews_the_lease_of_the_claim(run: Run) -> None:
    """A slow batch is not taken away while its process is alive."""
    mine = of(run).claim(8)
    late()
    Row.objects.filter(pk=mine[0].delivery_id).update(lease_until=timezone.now() + timedelta(seconds=9))
    of(run).committing([mine[0]], ())
    ledger.lapse()
    assert {state(one) for one in mine[1:]} == {"claimed"}


def test_a_lease_is_renewed_when_old(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A young lease is left alone, an old one renewed; what is on the wire has a whole one."""

    def leases(delivery: Delivery) -> datetime:
        return Row.objects.get(pk=delivery.delivery_id).lease_until or timezone.now()

    book = of(run)
    first, second, third = book.claim(3)
    ends = timezone.now() + timedelta(seconds=3)
    Row.objects.filter(state="claimed").update(lease_until=ends)
    book.committing([first], ())
    assert leases(first) > ends
    assert leases(third) == ends
    monkeypatch.setattr(ledger, "RENEWAL", 1e9)  # older than next to nothing
    book.committing([second], ())
    assert leases(third) > ends


@pytest.mark.parametrize("field", ["customer_id", "email"])
@pytest.mark.parametrize(("channel", "may"), [("", False), ("email", False), ("sms", True)])
def test_suppressed_by_any_hash(run: Run, *, field: str, channel: str, may: bool) -> None:
    """Who is suppressed, by id or by an address that another customer shares, gets no body; another channel is not ours."""
    book = of(run)
    vault.put([{"customer_id": "other", "email": "c00@example.com"}])
    first, second = book.claim(2)
    vault.suppress("c00" if field == "customer_id" else "other", reason="asked", actor="ada", channel=channel)
    assert book.committing([first, second], ()) == frozenset({second.delivery_id} | ({first.delivery_id} if may else set()))


def test_stop_is_read_at_every_claim_and_body(run: Run) -> None:
    """After a stop nothing more is claimed or begun; what was open is cancelled."""
    mine = of(run).claim(8)
    of(run).committing([mine[0]], ())
    with transaction.atomic():
        assert ledger.cancel_open(run.pk, reason="stopped by anna") == 19
        Run.objects.update(state="stopped")
    assert of(run).claim(8) == []
    assert not of(run).committing([mine[1]], ())
    assert of(run).next_due() is None
    assert ledger.counts(run.pk) == {"cancelled": 19, "committing": 1, "excluded": 1}


def test_refusal_after_the_end_is_no_open_row(run: Run) -> None:
    """A message refused for now when the run was stopped meanwhile does not wait for ever."""
    mine = of(run).claim(1)
    of(run).committing([mine[0]], ())
    Run.objects.update(state="stopped")
    of(run).record(mine[0].token, [Receipt(mine[0].delivery_id, "retry", "451 later")])
    row = Row.objects.get(pk=mine[0].delivery_id)
    assert (row.state, row.reason) == ("failed", "not tried again because the run had ended: 451 later")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: vault.suppress("c01", reason="asked", actor="anna", channel="email"), "suppressed after the approval"),
        (lambda: vault.suppress("c01", reason="asked", actor="anna"), "suppressed after the approval"),
        (lambda: Contact.objects.filter(customer_id="c01").delete(), "no address any more"),
        (lambda: vault.put([{"customer_id": "c01", "phone": "+1 212 555 0100"}]), "no address any more"),
    ],
)
def test_suppressed_or_erased_after_the_launch(run: Run, change: Callable[[], object], reason: str) -> None:
    """Whoever objects or is erased while a run is being sent gets nothing more."""
    change()
    assert [one.customer_id for one in of(run).claim(3)] == ["c00", "c02"]
    row = Row.objects.get(customer_id="c01")
    assert (row.state, row.reason) == ("cancelled", reason)


def test_suppressed_between_claim_and_body(run: Run) -> None:
    """Whoever objects while a batch is held gets nothing more either."""
    book = of(run)
    mine = book.claim(3)
    vault.suppress("c01", reason="asked", actor="anna")
    assert book.committing([mine[0]], ())
    assert not book.committing([mine[1]], ())
    book.release(mine[0].token)
    assert [one.customer_id for one in book.claim(3)] == ["c02", "c03"]
    assert Row.objects.get(customer_id="c01").reason == "suppressed after the approval"


def test_suppressed_on_another_channel(run: Run) -> None:
    """Who wants no calls still gets letters."""
    vault.suppress("c01", reason="asked", actor="anna", channel="phone")
    assert len(of(run).claim(3)) == 3


def test_second_attempts_wait_and_end(run: Run) -> None:
    """Refused for now: later and later, and after the last attempt failed."""
    Row.objects.exclude(customer_id="c00").update(state="accepted")
    book = of(run)
    waits = []
    for _ in range(len(ledger.BACK_OFF) + 1):
        (one,) = book.claim(8)
        book.record(one.token, [Receipt(one.delivery_id, "retry", "451 later")])
        row = Row.objects.get(pk=one.delivery_id)
        if row.state == "retry":
            assert row.not_before
            assert row.not_before == book.next_due()
            assert book.claim(8) == []
            waits.append((row.not_before - timezone.now()).total_seconds())
            Row.objects.filter(pk=row.pk).update(not_before=timezone.now())
    assert all(0.7 * expected < wait < 1.3 * expected for wait, expected in zip(waits, ledger.BACK_OFF, strict=True))
    assert (row.state, row.attempts, row.reason) == ("failed", 6, "given up after 6 attempts: 451 later")
    assert book.next_due() is None


def test_released_messages_are_ready_again(run: Run) -> None:
    """What was claimed and not tried is given back at once; what is committing is not."""
    mine = of(run).claim(3)
    of(run).committing([mine[0]], ())
    of(run).release(mine[0].token)
    assert ledger.counts(run.pk) == {"committing": 1, "excluded": 1, "ready": 19}


def test_next_due(run: Run) -> None:
    """Now while something is ready, else when the first lease ends."""
    book = of(run)
    assert (book.next_due() or timezone.now()) <= timezone.now()
    book.claim(20)
    due = book.next_due()
    assert due
    assert 25 < (due - timezone.now()).total_seconds() <= 30


def test_lease_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """NETLIFT_LEASE_SECONDS shortens the lease."""
    monkeypatch.setenv("NETLIFT_LEASE_SECONDS", "2")
    book = of(run)
    book.claim(20)
    due = book.next_due()
    assert due
    assert (due - timezone.now()).total_seconds() <= 2


def test_is_due(run: Run) -> None:
    """A worker looks at a run when something is due or everything ended, not while all wait or are held."""
    assert ledger.is_due(run.pk)
    of(run).claim(20)
    assert not ledger.is_due(run.pk)
    Row.objects.filter(state="claimed").update(state="retry", not_before=timezone.now() + timedelta(seconds=60))
    assert not ledger.is_due(run.pk)
    Row.objects.filter(customer_id="c05").update(not_before=timezone.now())
    assert ledger.is_due(run.pk)
    Row.objects.update(state="accepted")
    assert ledger.is_due(run.pk)


def test_a_sign_of_life_holds_what_is_claimed(run: Run) -> None:
    """A renewed claim ends a whole lease from now; rows of other claims and committing ones stay as they are."""
    book = of(run)
    mine, other = book.claim(3), book.claim(3)
    book.committing(mine[:1], ())
    Row.objects.exclude(token="").update(lease_until=timezone.now() + timedelta(seconds=1))
    book.renew(mine[0].token)
    late = Row.objects.filter(lease_until__gt=timezone.now() + timedelta(seconds=20))
    assert set(late.values_list("pk", flat=True)) == {d.delivery_id for d in mine[1:]}
    assert other


def test_held_claims(run: Run) -> None:
    """Claims of which something is being handed over, or unknown, are named; others are not."""
    book = of(run)
    first, second, third = book.claim(2), book.claim(2), book.claim(2)
    book.committing(first, ())
    book.record(second[0].token, [Receipt(second[0].delivery_id, "unknown", "no answer")])
    assert book.held() == {first[0].token, second[0].token}
    book.record(third[0].token, [Receipt(third[0].delivery_id, "accepted", "250")])
    assert book.held() == {first[0].token, second[0].token}


def test_what_was_put_off_together_comes_back_together(run: Run) -> None:
    """A batch that was refused as one is due at one moment, so that it is claimed as one again."""
    book = of(run)
    mine = book.claim(20)
    book.record(mine[0].token, [Receipt(d.delivery_id, "retry", "later") for d in mine])
    assert Row.objects.filter(state="retry").values("not_before").distinct().count() == 1
