from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netlift import campaigns
from netlift.campaigns import dkim
from netlift.campaigns.channels import smtp
from netlift.campaigns.testing import Sink
from netlift.errors import InputError, NotFound, Refused
from netlift.records import Message
from netlift.store import audit, keys, people, vault
from netlift.store.models import AuditEvent
from netlift.workflow import letters, seeds
from netlift.workflow.launch import launch
from tests.campaigns.test_dkim import verified
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, MEMBERS, OPERATOR

WORDS = Message(
    "Wine", "email", "Shop <news@shop.example>", "For {{ name }}", "Dear {{ name }} of {{ city }}", "<text>Dear {{ name }}</text>"
)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries to connect follow at once."""
    monkeypatch.setattr(smtp, "CONNECT_PAUSE", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with people; the answer is a folder for the run."""
    plans.opened(tmp_path / "netlift")
    return tmp_path / "run"


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as server:
        yield server


def last() -> tuple[str, str, dict[str, Any]]:
    """The newest event of the trail: act, actor, details."""
    event = AuditEvent.objects.order_by("-pk")[0]
    return event.act, event.actor, json.loads(event.details)


def test_a_plan_is_examined(folder: Path) -> None:
    """Which fields a message uses, what is wrong with it, and how many of the approved people lack what."""
    run_id = plans.draft(folder, plans.plan(messages=(WORDS,)))
    vault.put({"customer_id": f"c{i:04d}", "email": f"c{i:04d}@example.com", "name": "Zoë", "city": "Bonn"} for i in range(15))
    told = letters.examine(run_id, actor=MEMBERS[0])
    assert told["messages"] == [
        {
            "offer": "Wine",
            "channel": "email",
            "fields": ["city", "name"],
            "problems": [],
            "remarks": ["The footer of the offer 'Wine' lacks a postal address: set postal_address of [channels.email]."],
        }
    ]
    assert told["lacking"] == {"missing field city": 3}  # of eighteen; two are held out


def test_mistakes_are_told_instead_of_counts(folder: Path) -> None:
    """A message that cannot be sent to anybody is shown with its problems, and a launch refuses it."""
    wrong = Message("Wine", "email", "Shop <news@shop.example>", "RE: wine", "{{ name }}", "<script></script>")
    run_id = plans.approved(folder, plans.plan(messages=(wrong,)))
    told = letters.examine(run_id, actor=AUTHOR)
    assert (len(told["messages"][0]["problems"]), told["lacking"]) == (2, {})
    with pytest.raises(InputError, match="looks like an answer"):
        launch(run_id, actor=OPERATOR, dry_run=True)


def test_a_message_as_one_person_gets_it(folder: Path, tmp_path: Path) -> None:
    """Shown with a masked address, written to a file that only its owner reads, and kept in the trail without the customer's id."""
    run_id = plans.draft(folder, config=plans.settings(postal_address="1 Main Street"))
    out = tmp_path / "seen.eml"
    seen = letters.preview(run_id, "c0003", out=out, actor=MEMBERS[0])
    assert (seen["address"], seen["subject"], seen["excluded"]) == ("c…@example.com", "A letter for Name c0003", None)
    assert seen["text"].endswith("-- \nShop · 1 Main Street\nUnsubscribe: mailto:news@shop.example?subject=unsubscribe\n")
    mail = message_from_bytes(out.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("c0003@example.com", "A letter for Name c0003")
    assert out.stat().st_mode & 0o777 == 0o600
    assert last() == ("preview", MEMBERS[0], {"customer": keys.keyed_hash("customer", "c0003")})


def test_previews_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    """Strangers, people without a message, without an address or a field; a file of another kind; somebody without a role."""
    run_id = plans.draft(folder, plans.plan(plans.audience(20, 2, {"c0001": "no consent"}), messages=(WORDS,)))
    vault.put(
        [{"customer_id": "c0002", "name": "Zoë", "email": None}, {"customer_id": "c0004", "email": "a@b.example", "name": "A", "city": "B"}]
    )
    for customer, error, told in (
        ("nobody", NotFound, "has no such customer"),
        ("c0001", InputError, "gets no message: no consent"),
        ("c0002", InputError, "has no address for email"),
        ("c0003", InputError, "cannot be written for this customer: missing field city"),
    ):
        with pytest.raises(error, match=told) as caught:
            letters.preview(run_id, customer, actor=AUTHOR)
        assert customer not in str(caught.value)
    for out in (tmp_path / "x.pdf", tmp_path / "none" / "x.eml"):
        with pytest.raises(InputError, match="cannot be written"):
            letters.preview(run_id, "c0004", out=out, actor=AUTHOR)
    people.add("dirk", "director")
    with pytest.raises(Refused, match="may not look at messages"):
        letters.preview(run_id, "c0004", actor="dirk")


def test_a_test_copy_goes_to_ones_own_domain(folder: Path, sink: Sink) -> None:
    """Marked, with placeholders, before anybody approved; kept in the trail with the address hashed."""
    run_id = plans.draft(folder, plans.plan(messages=(WORDS,)), port=sink.port)
    told = letters.send_test(run_id, "qa@shop.example", actor=AUTHOR)
    assert told == {"run_id": run_id, "to": "q…@shop.example", "messages": 1, "states": {"accepted": 1}}
    mail = message_from_bytes(sink.letters[0], policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text = mail.get_body(("plain",))
    assert text is not None
    assert (mail["Subject"], mail["To"]) == ("[TEST] For [name]", "qa@shop.example")
    assert text.get_content().startswith("Dear [name] of [city]")
    assert last() == ("test send", AUTHOR, {"to": vault.email_hash("qa@shop.example"), "messages": 1, "accepted": 1})


@pytest.mark.parametrize("to", ["qa@shop.example", "QA@SHOP.example", "anna@partner.example", "x@test.example"])
def test_where_test_copies_may_go(folder: Path, sink: Sink, to: str) -> None:
    """The sender's domain, and what test_recipients names."""
    run_id = plans.draft(folder, config=plans.settings(sink.port, test_recipients=["anna@partner.example", "@test.example"]))
    assert letters.send_test(run_id, to, actor=OPERATOR)["states"] == {"accepted": 1}


@pytest.mark.parametrize(
    "to",
    [
        "bob@partner.example",
        "x@sub.shop.example",
        "x@evilshop.example",
        "x@shop.example@evil.example",
        "x@shop.example\r\nBcc: y@evil.example",
        "@shop.example",
    ],
)
def test_where_test_copies_may_not_go(folder: Path, sink: Sink, to: str) -> None:
    """Nowhere else, whatever the address pretends."""
    run_id = plans.draft(folder, config=plans.settings(sink.port, test_recipients=["anna@partner.example", "@test.example"]))
    with pytest.raises(Refused, match="neither in the domain"):
        letters.send_test(run_id, to, actor=OPERATOR)
    assert sink.received == []


def test_who_may_send_test_copies(folder: Path, sink: Sink) -> None:
    """Authors and operators; a wrong message and a server that is away are told."""
    run_id = plans.draft(folder, port=sink.port)
    with pytest.raises(Refused, match="may not send test messages"):
        letters.send_test(run_id, "qa@shop.example", actor=MEMBERS[0])
    with pytest.raises(InputError, match="No mail server answers"):
        letters.send_test(plans.draft(folder, port=1), "qa@shop.example", actor=AUTHOR)
    assert sink.received == []


def test_seeds_get_a_copy_when_a_launch_begins(folder: Path, sink: Sink) -> None:
    """Once, without anybody's data, counted apart; one who is a customer gets none."""
    config = plans.settings(sink.port, seeds=["inbox@mail.example", "c0001@example.com"])
    run_id = plans.approved(folder, config=config)
    told = launch(run_id, actor=OPERATOR)
    assert told["counts"] == {"accepted": 18, "excluded": 2}
    (copy,) = [letter for letter, (to, _) in zip(sink.letters, sink.received, strict=True) if to == "inbox@mail.example"]
    assert b"Subject: A letter for [name]" in copy
    assert [to for to, _ in sink.received].count("c0001@example.com") == 1
    (event,) = audit.events(int(run_id), "seeds")
    assert event == (OPERATOR, {"accepted": 1, "customers": 1})


def test_seeds_never_hold_up_a_launch(folder: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """When their copies cannot be sent, the trail says so and everybody else gets theirs."""
    config = plans.settings(sink.port, seeds=["inbox@mail.example"])
    run_id = plans.approved(folder, config=config)
    away = plans.settings(1).channels["email"]
    stand_in = SimpleNamespace(open_channel=lambda _: campaigns.open_channel(away), trial_copy=campaigns.trial_copy)
    monkeypatch.setattr(seeds, "campaigns", stand_in)
    assert launch(run_id, actor=OPERATOR)["counts"] == {"accepted": 18, "excluded": 2}
    assert len(sink.received) == 18
    assert audit.events(int(run_id), "seeds") == [(OPERATOR, {"not sent": 1})]


def test_a_launch_signs_with_the_key_beside_netlift_toml(folder: Path, sink: Sink, tmp_path: Path) -> None:
    """The key's path is relative to the settings' folder; the receiver's check passes."""
    (tmp_path / "key.pem").write_bytes(pem := dkim.new_key("rsa"))
    config = plans.settings(sink.port, dkim=[{"selector": "s1", "key_file": "key.pem"}]).model_copy(update={"folder": tmp_path})
    run_id = plans.approved(folder, config=config)
    assert launch(run_id, actor=OPERATOR)["counts"] == {"accepted": 18, "excluded": 2}
    assert all(verified(mail, dkim.record(pem).encode()) for mail in sink.letters)
