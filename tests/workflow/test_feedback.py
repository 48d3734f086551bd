"""What reports do to rows and people: the right row or none, the address that came back and no other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from netlift.campaigns import bounces
from netlift.records import Returned
from netlift.settings import InboxSettings
from netlift.store import feedback as stored
from netlift.store import tokens, vault
from netlift.store.models import AuditEvent, Delivery, Event, Suppression
from netlift.workflow import feedback
from netlift.workflow.launch import start
from tests.campaigns.returned import block, complaint, report
from tests.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.workflow import plans
from tests.workflow.plans import OPERATOR


@pytest.fixture(autouse=True)
def accepted(tmp_path: Path) -> None:
    """A run of 18 messages that the relay took, and another with the same people that waits."""
    plans.opened(tmp_path / "netlift")
    for name in ("run1", "run2"):
        start(plans.approved(tmp_path / name), actor=OPERATOR)
    Delivery.objects.filter(run_id=1, state="ready").update(state="accepted")


def row(customer: str, run: int = 1) -> Delivery:
    """A customer's row."""
    return Delivery.objects.get(customer_id=customer, run_id=run)


def back(customer: str) -> str:
    """The header that names the return address of a customer's message."""
    return f"To: bounces+{tokens.return_path(row(customer).pk)}@shop.example\r\n"


def original(customer: str) -> str:
    """The returned headers of a customer's message."""
    return f"From: news@shop.example\r\nMessage-ID: {row(customer).message_id}\r\n"


def about(address: str, action: str = "failed", status: str = "5.1.1") -> str:
    """What is said of one recipient."""
    return f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"


def taken(raw: bytes) -> str:
    """What becomes of a mail."""
    with transaction.atomic():
        return feedback.take(bounces.read(raw), source="mailbox", kinds=Counter())


def states(run: int = 1) -> Counter[str]:
    """Rows by state."""
    return Counter(Delivery.objects.filter(run_id=run).values_list("state", flat=True))


def test_by_return_address_or_message_id() -> None:
    """Either suffices; both together agree."""
    assert taken(report(about("c0001@example.com"), headers=back("c0001"), original="")) == "applied"
    assert taken(report(about("c0002@example.com"), original=original("c0002"))) == "applied"
    assert taken(report(about("c0003@example.com"), headers=back("c0003"), original=original("c0003"))) == "applied"
    assert [row(c).state for c in ("c0001", "c0002", "c0003")] == ["bounced"] * 3
    assert vault.suppressed("email") == {"c0001", "c0002", "c0003"}
    assert [row(c, 2).state for c in ("c0001", "c0002", "c0003", "c0004")] == ["cancelled"] * 3 + ["ready"]


@pytest.mark.parametrize("case", ["no name", "forged", "two rows", "other message", "gone"])
def test_in_doubt_no_row(case: str) -> None:
    """A report that names nobody, a stranger, or several messages changes nothing and stays in the mailbox."""
    token = tokens.return_path(row("c0001").pk)
    raw = {
        "no name": report(about("c0001@example.com"), original=""),
        "forged": report(about("c0001@example.com"), headers="To: bounces+" + "a" * 32 + "@shop.example\r\n", original=""),
        "two rows": report(about("c0001@example.com"), headers=back("c0001") + back("c0002").replace("To", "Delivered-To")),
        "other message": report(about("c0001@example.com"), headers=back("c0001"), original=original("c0002")),
        "gone": report(about("c0001@example.com"), headers=f"To: b+{tokens.return_path(10**6)}@x\r\n", original=""),
    }[case]
    assert token
    assert taken(raw) == "unknown"
    assert (states(), Event.objects.count(), Suppression.objects.count()) == (Counter(accepted=18, excluded=2), 0, 0)


@pytest.mark.parametrize(
    ("status", "address"),
    [
        ("5.7.1", "c0001@example.com"),
        ("5.2.2", "c0001@example.com"),
        ("5.4.4", "c0001@example.com"),
        ("5.1.8", "c0001@example.com"),  # blames the sender's address
        ("5.1.1", "forwarded@elsewhere.example"),  # the address in the vault may be a good one
        ("4.4.7", "c0001@example.com"),
    ],
)
def test_no_good_address_is_given_up(status: str, address: str) -> None:
    """The row bounced, and the person is written to again."""
    assert taken(report(about(address, status=status), headers=back("c0001"))) == "applied"
    assert (row("c0001").state, row("c0001", 2).state, vault.suppressed()) == ("bounced", "ready", frozenset())


def test_a_new_address_is_not_the_one_that_came_back() -> None:
    """Who has another address by now keeps it."""
    vault.put([{"customer_id": "c0001", "email": "new@example.com"}])
    assert taken(report(about("c0001@example.com"), headers=back("c0001"))) == "applied"
    assert vault.suppressed() == frozenset()


def test_a_delay_is_only_noted() -> None:
    """The row stays as it is."""
    assert taken(report(about("c0001@example.com", "delayed", "4.2.2"), headers=back("c0001"))) == "applied"
    assert row("c0001").state == "accepted"
    assert Event.objects.get().kind == "delayed"


def test_of_several_recipients_the_person_s_own_counts() -> None:
    """Of a list that bounced for one and reached the other: what is said of the address in the vault, else nothing follows."""
    two = (about("c0001@example.com", "delivered", "2.0.0"), about("x@example.com"))
    assert taken(report(*two, headers=back("c0001"))) == "applied"
    assert row("c0001").state == "delivered"
    assert taken(report(*two, headers=back("c0002"))) == "applied"
    assert (row("c0002").state, vault.suppressed()) == ("accepted", frozenset())
    both = (about("x@example.com"), about("c0003@example.com"))
    assert taken(report(*both, headers=back("c0003"))) == "applied"
    assert vault.suppressed("email") == {"c0003"}


def test_a_complaint_ends_everything() -> None:
    """On every channel and in every run, and its act names nobody."""
    assert taken(complaint(original=original("c0001"))) == "applied"
    assert (row("c0001").state, row("c0001", 2).state) == ("complained", "cancelled")
    assert vault.suppressed("phone") == {"c0001"}
    assert "c0001" not in AuditEvent.objects.get(act="suppress").details


def test_no_spam_and_failed_authentication_are_only_noted() -> None:
    """Nobody wished for anything."""
    for kind in ("not-spam", "auth-failure"):
        assert taken(complaint(kind, original=original("c0001"))) == "applied"
    assert (row("c0001").state, vault.suppressed()) == ("accepted", frozenset())


def test_any_order_ends_the_same() -> None:
    """Delivered, delayed, bounced and complained in every order end as complained."""
    told = [
        report(about("c0001@example.com", "delivered", "2.0.0"), headers=back("c0001")),
        report(about("c0001@example.com", "delayed", "4.0.0"), headers=back("c0001")),
        report(about("c0001@example.com", "failed", "5.7.1"), headers=back("c0001")),
        complaint(original=original("c0001")),
    ]
    draw = random.Random(1)
    for _ in range(10):
        Event.objects.all().delete()
        Delivery.objects.filter(pk=row("c0001").pk).update(state="accepted")
        for raw in draw.sample(told * 2, 8):
            taken(raw)
        assert row("c0001").state == "complained"
        assert Event.objects.count() == 4


@pytest.mark.parametrize("state", ["excluded", "planned", "failed", "cancelled"])
def test_rows_that_were_never_sent_stay(state: str) -> None:
    """Whatever a report says."""
    Delivery.objects.filter(pk=row("c0001").pk).update(state=state)
    taken(report(about("c0001@example.com"), headers=back("c0001")))
    assert row("c0001").state == state


def test_a_late_report_stops_a_second_attempt() -> None:
    """A row that is to be sent once more, or is claimed for it, is not sent when its first copy came back or arrived."""
    for customer, state, action in (("c0001", "ready", "failed"), ("c0002", "claimed", "delivered"), ("c0003", "unknown", "failed")):
        Delivery.objects.filter(pk=row(customer).pk).update(state=state)
        taken(report(about("a@b.example", action, "5.1.1" if action == "failed" else "2.0.0"), headers=back(customer)))
    assert [row(c).state for c in ("c0001", "c0002", "c0003")] == ["bounced", "delivered", "bounced"]


def test_a_thousand_broken_reports_never_reach_a_wrong_row() -> None:
    """Reports about c0001, cut and overwritten at random: whatever comes of them, no other row, address or person changes."""
    draw = random.Random(8)
    good = (
        report(about("c0001@example.com"), headers=back("c0001"), original=original("c0001")),
        report(block("failed", "5.1.1"), about("c0001@example.com", "delivered", "2.0.0"), headers=back("c0001")),
        complaint(original=original("c0001")),
    )
    outcomes = Counter[str]()
    for _ in range(1000):
        raw = bytearray(draw.choice(good))
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(raw))
            raw[at : at + draw.randrange(12)] = draw.choice((b"", b"\r\n", draw.randbytes(4), b"c0002", b"5.7.1"))
        outcomes[taken(bytes(raw))] += 1
    assert outcomes["applied"] > 20
    assert outcomes["unknown"] > 100
    others = Delivery.objects.exclude(customer_id="c0001").filter(run_id=1)
    assert Counter(others.values_list("state", flat=True)) == Counter(accepted=17, excluded=2)
    assert vault.suppressed() <= {"c0001"}
    assert set(Event.objects.values_list("subject", flat=True)) == {stored.customer_subject("c0001")}


def test_a_message_id_is_compared_letter_by_letter() -> None:
    """And the empty one of excluded rows is nobody's."""
    assert stored.row_of(Returned("delivered", "", (), (), row("c0001").message_id.upper())) is None
    assert stored.row_of(Returned("delivered", "", (), (), "")) is None


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """A real mail server."""
    with dovecot() as running:
        yield running


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_over_a_mail_server(server: Dovecot, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports go out of the mailbox when they are committed, the letter and the automatic answer stay."""
    monkeypatch.setenv("BOUNCES_SECRET", PASSWORD)
    for path in [*(server.maildir / "new").glob("*"), *(server.maildir / "cur").glob("*")]:
        path.unlink()
    server.put("1001.m", report(about("c0001@example.com"), headers=back("c0001")))
    server.put("1002.m", b"Subject: hello\r\n\r\nhello")
    server.put("1003.m", complaint(original=original("c0002")))
    server.put("1004.m", b"Auto-Submitted: auto-replied\r\n\r\naway")
    told = {"kind": kind, "port": getattr(server, kind), "tls": False, "user": USER, "password_env": "BOUNCES_SECRET"}
    config = plans.settings().model_copy(update={"inbox": InboxSettings(**told)})
    found = feedback.read_inbox(config, actor=OPERATOR)
    assert found["kinds"] == {"hard bounce": 1, "complaint": 1}
    assert (found["automatic"], found["unknown"], server.mails()) == (1, 1, ["1002.m", "1004.m"])
    assert feedback.read_inbox(config, actor=OPERATOR)["applied"] == 0
