"""The verdict in the transaction that claims: only this one counts for sending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from netlift.errors import Refused
from netlift.records import Message
from netlift.settings import ReviewSettings, RulesSettings
from netlift.store import consents, ledger, permission, vault
from netlift.store.models import Delivery, Run, Terms

MESSAGE = Message("Wine", "email", "a@shop.example", "Hi", "Hello")
NOW = timezone.now()
GIVEN = {
    "channel": "email",
    "status": "given",
    "given_at": NOW - timedelta(days=90),
    "confirmed_at": NOW - timedelta(days=90),
    "confirmed_from": "203.0.113.7",
    "wording": "v1",
    "facts": "signed seller not_condition",
}
IDS = [f"c{i}" for i in range(6)]


def sending(owner: str, channel: str = "email", *, rules: RulesSettings | None = None, window: dict[str, Any] | None = None) -> Run:
    """A run that is being sent to six people who agreed, in Germany."""
    content = {"window": window or {"start": None, "end": None}}
    made = Run.objects.create(name="x", author=User.objects.get(username=owner), state="sending", content=content)
    vault.put({"customer_id": c, "email": f"{c}@example.com", "phone": f"+49151123456{c[1]}", "country": "DE"} for c in IDS)
    consents.fill({**GIVEN, "customer_id": c, "channel": channel} for c in IDS)
    ledger.fill(made.pk, [ledger.Row(c, channel, "Wine", "treated", "", f"<{c}@x>") for c in IDS])
    permission.keep(made.pk, ReviewSettings(), rules or RulesSettings())
    return made


def book(run: Run, channel: str = "email") -> ledger.RunLedger:
    """The run's ledger."""
    return ledger.RunLedger(run.pk, channel, {"Wine": MESSAGE}, address_field="phone" if channel == "sms" else "email")


def reasons(run: Run) -> dict[str, int]:
    """People by the reason why they are left out."""
    return ledger.exclusions(run.pk)


def test_whoever_agreed_is_claimed(owner: str) -> None:
    """All six."""
    assert [one.customer_id for one in book(sending(owner)).claim(10)] == IDS


def withdrawn(customer: str) -> None:
    """By a link."""
    consents.withdraw(customer, "email", source="link", actor="oscar")


def withdrawn_at_the_source(customer: str) -> None:
    """A row that the next `prepare` reads, without any suppression."""
    consents.fill([{**GIVEN, "customer_id": customer, "status": "withdrawn", "given_at": timezone.now()}])


@pytest.mark.parametrize("opt_out", [withdrawn, withdrawn_at_the_source])
def test_an_opt_out_before_the_claim(owner: str, opt_out: Callable[[str], None]) -> None:
    """Not claimed, and its row says why."""
    run = sending(owner)
    opt_out("c2")
    assert [one.customer_id for one in book(run).claim(10)] == [c for c in IDS if c != "c2"]
    assert not Delivery.objects.filter(customer_id="c2", state__in=("ready", "claimed")).exists()


@pytest.mark.parametrize("opt_out", [withdrawn, withdrawn_at_the_source])
def test_an_opt_out_between_claim_and_handing_over(owner: str, opt_out: Callable[[str], None]) -> None:
    """The body does not go on the wire; given back, it is never claimed again: 0 messages after the opt-out."""
    run = sending(owner)
    batch = book(run).claim(10)
    opt_out("c3")
    may = book(run).committing(batch, ())
    assert may == frozenset(one.delivery_id for one in batch if one.customer_id != "c3")
    book(run).release(batch[0].token)
    assert book(run).claim(10) == []
    assert Delivery.objects.get(run=run, customer_id="c3").state in {"excluded", "cancelled"}


@pytest.mark.parametrize("opt_out", [withdrawn, withdrawn_at_the_source])
def test_an_opt_out_between_two_bodies_of_a_claim(owner: str, opt_out: Callable[[str], None]) -> None:
    """Who claimed need not judge again for each body, but for news."""
    run = sending(owner)
    rows = book(run)
    batch = rows.claim(10)
    assert rows.committing(batch[:3], ()) == {one.delivery_id for one in batch[:3]}
    opt_out("c4")
    assert rows.committing(batch[3:], ()) == {one.delivery_id for one in batch[3:] if one.customer_id != "c4"}


def test_quiet_hours_that_begin_after_the_claim(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second before 18:00 in Berlin a text may still leave, a second later none does."""
    last = datetime(2027, 1, 12, 16, 59, 59, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: last)
    rows = book(sending(owner, "sms"), "sms")
    batch = rows.claim(10)
    assert len(rows.committing(batch[:3], ())) == 3
    monkeypatch.setattr(timezone, "now", lambda: last + timedelta(seconds=1))
    assert rows.committing(batch[3:], ()) == frozenset()


@pytest.mark.parametrize(
    ("after", "news", "holds"),
    [
        (timedelta(0), (7,), True),
        (timedelta(seconds=1.9), (7,), True),
        (timedelta(seconds=2), (7,), False),
        (timedelta(seconds=-1), (7,), False),
        (timedelta(seconds=1), (8,), False),
        (timedelta(seconds=1), (None,), False),
    ],
)
def test_how_long_verdicts_hold(after: timedelta, news: tuple[int | None, ...], *, holds: bool) -> None:
    """Two seconds of the same minute, without news."""
    at = datetime(2027, 1, 12, 18, 59, 30, tzinfo=UTC)
    assert permission.Judged(at, (7,)).holds(at + after, news) is holds
    assert not permission.Judged(at.replace(second=59), (7,)).holds(at.replace(second=59) + timedelta(seconds=1), (7,))


def test_two_runs_that_claim_the_same_people_at_the_same_time(owner: str) -> None:
    """With one contact allowed in seven days, everybody is claimed for exactly one of the two, in both databases."""
    runs = [sending(owner) for _ in range(2)]
    ids = [f"d{i:03d}" for i in range(200)]
    vault.put({"customer_id": c, "email": f"{c}@example.com", "country": "DE"} for c in ids)
    consents.fill({**GIVEN, "customer_id": c} for c in ids)
    for run in runs:
        permission.keep(run.pk, ReviewSettings(max_contacts_7d=1), RulesSettings())
        ledger.fill(run.pk, [ledger.Row(c, "email", "Wine", "treated", "", f"<{c}.{run.pk}@x>") for c in ids])
    got: list[str] = []
    together = threading.Barrier(2)

    def worker(run: Run) -> None:
        rows, mine = book(run), []
        together.wait()
        while batch := rows.claim(7):
            mine += [one.customer_id for one in batch]
        got.extend(mine)
        connection.close()

    threads = [threading.Thread(target=worker, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted([*IDS, *ids])
    assert sum(reasons(run).get("contact cap 7 days (CONTACT_PRESSURE)", 0) for run in runs) == 206


def test_the_words_and_the_rule_are_in_the_ledger(owner: str) -> None:
    """Nobody is left out silently: expired, never confirmed, never agreed."""
    run = sending(owner, rules=RulesSettings(consent_months=6, double_opt_in=True))
    for customer, changes in (("c0", {"given_at": NOW - timedelta(days=300)}), ("c1", {"confirmed_at": None})):
        consents.forget(customer)
        consents.fill([{**GIVEN, "customer_id": customer, **changes}])
    consents.forget("c2")
    assert [one.customer_id for one in book(run).claim(10)] == ["c3", "c4", "c5"]
    assert reasons(run) == {
        "consent expired (CONSENT_AGE)": 1,
        "address was never confirmed (DOI)": 1,
        "no consent for email (CONSENT)": 1,
    }
    assert sum(ledger.counts(run.pk).values()) == 6


def test_quiet_hours_put_a_row_off(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At night `later`: the row waits until the morning, is not due before, and behind the window is left out."""
    night, morning = datetime(2027, 1, 12, 22, 0, tzinfo=UTC), datetime(2027, 1, 13, 9, 0, tzinfo=UTC)  # Tuesday; 10:00 in Berlin
    monkeypatch.setattr(timezone, "now", lambda: night)
    run = sending(owner, "sms")
    assert book(run, "sms").claim(10) == []
    assert set(Delivery.objects.values_list("state", "not_before", "attempts")) == {("ready", morning, 0)}
    assert book(run, "sms").next_due() == morning
    monkeypatch.setattr(timezone, "now", lambda: morning)
    assert len(book(run, "sms").claim(10)) == 6


def test_what_would_leave_after_the_window_is_left_out(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never sent late."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2027, 1, 12, 22, 0, tzinfo=UTC))
    run = sending(owner, "sms", window={"start": None, "end": "2027-01-13T08:00:00+00:00"})
    assert book(run, "sms").claim(10) == []
    assert reasons(run) == {"quiet hours until the campaign ends (QUIET_HOURS)": 6}


def test_contacts_of_all_runs_are_capped_at_the_claim(owner: str) -> None:
    """Five others in seven days: the sixth is suppressed with the reason; what is only waiting elsewhere does not count here."""
    others = [sending(owner) for _ in range(6)]
    for other in others[:5]:
        Delivery.objects.filter(run=other, customer_id="c0").update(state="accepted", changed_at=timezone.now())
    Delivery.objects.filter(run=others[0], customer_id="c1").update(state="unknown", changed_at=timezone.now())
    run = others[5]
    assert [one.customer_id for one in book(run).claim(10)] == IDS[1:]
    assert reasons(run) == {"contact cap 7 days (CONTACT_PRESSURE)": 1}
    week, month = permission.planned(timezone.now())["c0"]
    assert (week, month) == (5, 5)
    assert permission.planned(timezone.now())["c1"][0] == 6  # one unknown, one claimed, four that wait


def test_contacts_made_elsewhere_count_too(owner: str) -> None:
    """Those of the table `contacted`."""
    run = sending(owner)
    consents.fill_contacts([("c0", f"k{i}", timezone.now() - timedelta(days=i)) for i in range(5)])
    consents.fill_contacts([("c1", f"k{i}", timezone.now() - timedelta(days=40 + i)) for i in range(5)])
    assert [one.customer_id for one in book(run).claim(10)] == IDS[1:]


def test_a_contact_keeps_a_consent_from_growing_old(owner: str) -> None:
    """24 months count from the last message that arrived."""
    run = sending(owner)
    other = sending(owner)
    for customer in ("c0", "c1"):
        consents.forget(customer)
        consents.fill([{**GIVEN, "customer_id": customer, "given_at": NOW - timedelta(days=800)}])
    Delivery.objects.filter(run=other, customer_id="c0").update(state="accepted", changed_at=NOW - timedelta(days=100))
    assert [one.customer_id for one in book(run).claim(10)] == [c for c in IDS if c != "c1"]


def test_a_number_on_a_do_not_call_list(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody in India: no list, an old one, a fresh one that has another number, and one that has his."""
    noon = datetime(2027, 1, 12, 7, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    run = sending(owner, "sms")
    who = ["c0"]
    known = {"c0": {"phone": "+919812345678", "country": "IN", "region": "MH"}}

    def rule() -> str:
        return permission.verdicts(run.pk, "sms", who, known, now=noon)["c0"].reason

    assert rule() == "do-not-call list of IN was never imported"
    consents.import_list("IN", ["+919800000000"], dated=datetime(2026, 12, 1, tzinfo=UTC).date(), actor="oscar")
    assert rule() == "do-not-call list of IN is too old"
    consents.import_list("IN", ["+919800000000"], dated=noon.date(), actor="oscar")
    assert rule() == ""
    consents.import_list("IN", ["+91 98123 45678"], dated=noon.date(), actor="oscar")
    assert rule() == "on the do-not-call list of IN"


def test_a_run_without_rules_or_with_older_packs_is_not_launched(owner: str) -> None:
    """Refuse by default."""
    run = sending(owner)
    permission.check(run.pk)
    Terms.objects.filter(run=run).update(packs={"DE": 99})
    with pytest.raises(Refused, match="The rule pack DE is version 1, and version 99 was approved"):
        permission.check(run.pk)
    Terms.objects.all().delete()
    with pytest.raises(Refused, match="was prepared without the rules of channels and countries; prepare it again"):
        permission.check(run.pk)


@pytest.mark.parametrize(("state", "counts"), [("accepted", True), ("delivered", True), ("complained", True), ("bounced", False)])
def test_what_came_back_counts_as_it_arrived(owner: str, state: str, counts: bool) -> None:  # noqa: FBT001
    """A message of another run that arrived is a contact, whatever was told of it since; one that came back is none."""
    sending(owner)
    Delivery.objects.filter(customer_id="c0").update(state=state)
    met = permission.touches({consents.person("c0"): "c0"}, "email", now=timezone.now())
    assert (len(met["c0"].moments) if "c0" in met else 0, permission.planned(timezone.now()).get("c0")) == (
        (1, (1, 1)) if counts else (0, None)
    )
    assert ("c0" in permission.last_contacts()) == counts
