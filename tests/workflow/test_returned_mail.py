"""A run through a real Postfix: what comes back from it lands on the right rows, and the relay's log closes what is unknown."""

from __future__ import annotations

import gzip
import shutil
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from netlift.errors import InputError, Refused, SettingsError
from netlift.settings import parse
from netlift.store import audit, tokens, vault
from netlift.store.models import AuditEvent, Delivery, Event
from netlift.workflow import feedback, show
from netlift.workflow.launch import launch
from netlift.workflow.unknown import resolve_by_log
from tests.postfix import Postfix, postfix
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, OPERATOR

ADDRESSES = {
    "c0000": "u1@cust.test",
    "c0001": "u2@cust.test",
    "c0002": "anybody@gone.test",
    "c0003": "somebody@policy.test",
    "c0004": "patient@full.test",
    "c0005": "one@nowhere.test",
    "c0006": "zz@cust.test",
}
SUBSCRIBED = {c: a for c, a in ADDRESSES.items() if c not in {"c0002", "c0006"}}


@pytest.fixture(scope="module")
def relay() -> Iterator[Postfix]:
    """A relay of this module's own."""
    with postfix() as server:
        yield server


@pytest.fixture
def sent(tmp_path: Path, relay: Postfix) -> Iterator[str]:
    """A run of seven messages that went through the relay; all that could come back has come back."""
    plans.opened(tmp_path / "netlift")
    config = plans.settings(relay.port, bounces="bounces@shop.test")
    run_id = plans.approved(tmp_path / "run", plans.plan(plans.audience(7, 0)), config=config)
    vault.put({"customer_id": c, "email": a, "name": "Somebody", "country": "US"} for c, a in ADDRESSES.items())
    shutil.rmtree(relay.bounces, ignore_errors=True)
    launch(run_id, actor=OPERATOR)
    relay.wait_for(5)
    yield run_id
    shutil.rmtree(relay.bounces, ignore_errors=True)


def inbox(relay: Postfix) -> Any:
    """Settings with the relay's Maildir."""
    told = {"kind": "maildir", "path": str(relay.bounces)}
    project = {"name": "Shop", "currency": "USD"}
    return parse({"project": project, "tables": {"customers": {"path": "c.csv"}}, "inbox": told}, folder=Path(), sha256="0")


def states() -> dict[str, str]:
    """The state of everybody's row."""
    return dict(Delivery.objects.values_list("customer_id", "state").order_by("customer_id"))


def mails(relay: Postfix) -> int:
    """How many mails are in the mailbox."""
    return len([*(relay.bounces / "new").glob("*"), *(relay.bounces / "cur").glob("*")])


def test_each_report_lands_on_its_row(sent: str, relay: Postfix) -> None:
    """5.1.1 bounces and gives the address up, 5.7.1 and 5.4.4 bounce, 4.2.2 is only noted; then the mailbox is empty."""
    told = feedback.read_inbox(inbox(relay), actor=OPERATOR)
    assert told == {
        "mails": 5,
        "applied": 5,
        "known": 0,
        "automatic": 0,
        "unknown": 0,
        "kinds": {"hard bounce": 4, "delayed": 1},
    }
    assert states() == {
        "c0000": "accepted",
        "c0001": "accepted",
        "c0002": "bounced",
        "c0003": "bounced",
        "c0004": "accepted",
        "c0005": "bounced",
        "c0006": "bounced",
    }
    reasons = dict(Delivery.objects.filter(state="bounced").values_list("customer_id", "reason"))
    assert reasons == {c: f"hard bounce {s}" for c, s in (("c0002", "5.1.1"), ("c0003", "5.7.1"), ("c0005", "5.4.4"), ("c0006", "5.1.1"))}
    assert vault.suppressed("email") == {"c0002", "c0006"}
    assert mails(relay) == 0
    assert {one["kind"]: one["people"] for one in show.came_back(sent)} == {"delayed": 1, "hard bounce": 4}
    assert audit.verify().whole
    told_of = " ".join(AuditEvent.objects.values_list("details", flat=True)) + " ".join(map(str, Event.objects.values_list("evidence")))
    assert not any(secret in told_of for pair in ADDRESSES.items() for secret in pair)


def test_nothing_is_taken_out_before_it_is_committed(sent: str, relay: Postfix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing fails, mailbox, rows and suppressions are as they were; a second run with a copy of the mails changes nothing."""
    copy = relay.folder / "copy"
    shutil.copytree(relay.bounces, copy)
    before = states()
    with monkeypatch.context() as broken:
        broken.setattr(audit, "record", _full)
        with pytest.raises(OSError, match="disk full"):
            feedback.read_inbox(inbox(relay), actor=OPERATOR)
    assert (states(), mails(relay), Event.objects.count(), vault.suppressed()) == (before, 5, 0, frozenset())
    feedback.read_inbox(inbox(relay), actor=OPERATOR)
    after, events = states(), Event.objects.count()
    shutil.rmtree(relay.bounces)
    copy.rename(relay.bounces)
    again = feedback.read_inbox(inbox(relay), actor=OPERATOR)
    assert (again["applied"], again["known"], mails(relay)) == (0, 5, 0)
    assert (states(), Event.objects.count()) == (after, events)


def _full(*_given: object, **_more: object) -> None:
    raise OSError("disk full")


def test_a_report_of_success_and_what_is_no_report(sent: str, relay: Postfix) -> None:
    """Asked for with NOTIFY=SUCCESS it makes the row delivered; an automatic answer and a letter stay in the mailbox, counted."""
    feedback.read_inbox(inbox(relay), actor=OPERATOR)
    row = Delivery.objects.get(customer_id="c0000")
    back = f"bounces+{tokens.return_path(row.pk)}@shop.test"
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = "news@shop.test", "u1@cust.test", "Hello", row.message_id
    letter.set_content("Hello")
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"], answer["Auto-Submitted"] = "u1@cust.test", back, "Away: Hello", "auto-replied"
    answer.set_content("I am away.")
    question = EmailMessage()
    question["From"], question["To"], question["Subject"] = "u1@cust.test", back, "A question"
    question.set_content("When do you open?")
    with smtplib.SMTP("127.0.0.1", relay.port) as session:
        session.ehlo()
        session.sendmail(back, ["u1@cust.test"], letter.as_bytes(), ["RET=HDRS"], ["NOTIFY=SUCCESS,FAILURE,DELAY"])
        session.sendmail("u1@cust.test", [back], answer.as_bytes())
        session.sendmail("u1@cust.test", [back], question.as_bytes())
    relay.wait_for(3)
    told = feedback.read_inbox(inbox(relay), actor=OPERATOR)
    assert (told["kinds"], told["automatic"], told["unknown"], mails(relay)) == ({"delivered": 1}, 1, 1, 2)
    assert states()["c0000"] == "delivered"


def test_unknown_rows_are_found_in_the_relay_s_log(sent: str, relay: Postfix, tmp_path: Path) -> None:
    """What the relay took is accepted or bounced, also from a packed log; what is not in the log stays unknown."""
    Delivery.objects.filter(customer_id__in=["c0000", "c0002", "c0004"]).update(state="unknown")
    Delivery.objects.filter(customer_id="c0005").update(state="unknown", message_id="<never-sent@shop.example>")
    packed = tmp_path / "mail.log.1.gz"
    packed.write_bytes(gzip.compress(relay.log.read_bytes()))
    told = resolve_by_log(sent, [packed], actor=OPERATOR)
    assert (told["resolved"], told["found"]) == (3, {"accepted": 2, "bounced": 1})
    assert {c: states()[c] for c in ("c0000", "c0002", "c0004", "c0005")} == {
        "c0000": "accepted",
        "c0002": "bounced",
        "c0004": "accepted",
        "c0005": "unknown",
    }
    assert Delivery.objects.get(customer_id="c0002").reason == "the relay's log tells: bounced 5.1.1"
    assert resolve_by_log(sent, [relay.log], actor=OPERATOR)["resolved"] == 0
    assert AuditEvent.objects.filter(act="resolve").count() == 1


def test_wrong_orders_are_told(sent: str, relay: Postfix, tmp_path: Path) -> None:
    """No operator, no [inbox], no Maildir, no log: one sentence each, and nothing changes."""
    before = states()
    with pytest.raises(Refused, match="may not read the mailbox"):
        feedback.read_inbox(inbox(relay), actor=AUTHOR)
    with pytest.raises(Refused, match="may not resolve unknown"):
        resolve_by_log(sent, [relay.log], actor=AUTHOR)
    with pytest.raises(SettingsError, match=r"no \[inbox\]; add it"):
        feedback.read_inbox(plans.settings(), actor=OPERATOR)
    none = inbox(relay)
    none = none.model_copy(update={"inbox": none.inbox.model_copy(update={"path": str(tmp_path / "none")})})
    with pytest.raises(InputError, match="is no Maildir"):
        feedback.read_inbox(none, actor=OPERATOR)
    with pytest.raises(InputError, match="cannot be read"):
        resolve_by_log(sent, [tmp_path / "none.log"], actor=OPERATOR)
    assert states() == before
