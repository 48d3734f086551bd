from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from email import message_from_bytes, policy

import pytest

from netlift.campaigns import open_channel
from netlift.campaigns.channels import smtp
from netlift.campaigns.channels.smtp import Smtp
from netlift.campaigns.testing import Sink
from netlift.errors import InputError, SettingsError
from netlift.records import Delivery, Receipt
from tests.campaigns.letters import delivery, every, settings
from tests.campaigns.servers import DRIP, HANG_UP, SILENCE, scripted


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries to connect follow each other at once."""
    monkeypatch.setattr(smtp, "CONNECT_PAUSE", 0.01)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as server:
        yield server


def sent(port: int, batch: Sequence[Delivery], *, may: bool = True) -> tuple[list[Receipt], list[int]]:
    """Receipts, and which messages were announced as committing."""
    committed: list[int] = []

    def committing(group: Sequence[Delivery]) -> frozenset[int]:
        committed.extend(one.delivery_id for one in group)
        return every(group) if may else frozenset()

    with closing(Smtp(settings(port, reply_timeout=1))) as channel:
        return list(channel.send(batch, committing)), committed


def test_letters_arrive_as_written(sink: Sink) -> None:
    """Headers, both bodies' lines and the leading dot come out as they went in."""
    name = "Zoë \N{WAVING HAND SIGN} " + "long " * 40
    receipts, committed = sent(sink.port, [delivery(1, fields={"name": name.strip()}), delivery(2)])
    assert [(r.delivery_id, r.state) for r in receipts] == [(1, "accepted"), (2, "accepted")]
    assert committed == [1, 2]
    assert sink.received == [("c1@example.com", "<m1@shop.example>"), ("c2@example.com", "<m2@shop.example>")]
    first = message_from_bytes(sink.letters[0], policy=policy.default)
    assert first["Subject"] == f"A letter for {name.strip()}"
    assert (first["From"], first["To"]) == ("Shop <news@shop.example>", "c1@example.com")
    assert first["List-Unsubscribe"] == "<mailto:news@shop.example?subject=unsubscribe>"
    assert first["Date"].datetime
    footer = "\r\n-- \r\nShop\r\nUnsubscribe: mailto:news@shop.example?subject=unsubscribe\r\n"
    assert first.get_content().replace("\r\n", "\n") == f"Hello {name.strip()}\n.dot\n{footer}".replace("\r\n", "\n")
    assert all(byte < 128 for byte in sink.letters[0])


def test_one_session_for_many() -> None:
    """A batch needs one connection, and refusals do not end it."""
    with scripted(rcpt=b"550 no such user") as script:
        receipts, committed = sent(script.port, [delivery(i) for i in range(3)])
    assert script.heard.count("ehlo") == 1
    assert [r.state for r in receipts] == ["failed"] * 3
    assert committed == []


@pytest.mark.parametrize(
    ("command", "answer", "state"),
    [
        ("mail", b"421 closing", "retry"),
        ("mail", b"450 later", "retry"),
        ("mail", b"550 no", "failed"),
        ("rcpt", b"451 greylisted", "retry"),
        ("rcpt", b"552 full", "failed"),
        ("rcpt", b"550-no\r\n550-such\r\n550 user", "failed"),
        ("data", b"452 no space", "retry"),
        ("data", b"554 no valid recipients", "failed"),
        ("data", b"250 this is not how it goes", "retry"),
        ("rcpt", b"nonsense", "retry"),
        ("mail", HANG_UP, "retry"),
        ("rcpt", HANG_UP, "retry"),
        ("data", HANG_UP, "retry"),
        ("data", SILENCE, "retry"),
        ("rcpt", DRIP, "retry"),
    ],
)
def test_before_the_body_everything_is_certain(command: str, answer: bytes, state: str) -> None:
    """Refused or lost before the body: for now or for good, never unknown, and the body was never begun."""
    with scripted(**{command: answer}) as script:
        receipts, committed = sent(script.port, [delivery(1)])
    assert [r.state for r in receipts] == [state]
    assert committed == []
    assert script.bodies == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"250 2.0.0 Ok: queued as 4B2", "accepted"),
        (b"421 closing", "retry"),
        (b"451 busy", "retry"),
        (b"554 5.7.1 spam", "failed"),
        (HANG_UP, "unknown"),
        (SILENCE, "unknown"),
        (DRIP, "unknown"),
        (b"nonsense", "unknown"),
        (b"250-" + b"x" * 80_000, "unknown"),
    ],
)
def test_after_the_body(answer: bytes, state: str) -> None:
    """Only the server's clear answer counts; everything else after the body is unknown."""
    with scripted(body=answer) as script:
        receipts, committed = sent(script.port, [delivery(1)])
    assert [r.state for r in receipts] == [state]
    assert committed == [1]
    assert len(script.bodies) == 1


def test_drip_does_not_hold_up_longer_than_the_limit() -> None:
    """A byte every 50 ms would go on for ever; the whole reply has one second."""
    with scripted(body=DRIP) as script:
        began = time.monotonic()
        sent(script.port, [delivery(1)])
    assert time.monotonic() - began < 3


def test_after_a_lost_connection_the_next_message_gets_a_new_one() -> None:
    """One lost connection costs one message."""
    with scripted(mail=b"421 closing") as script:
        receipts, _ = sent(script.port, [delivery(i) for i in range(3)])
    assert script.heard.count("ehlo") == 3
    assert len(receipts) == 3


def test_message_that_may_not_be_committed_is_abandoned() -> None:
    """After 354 nothing but a lost connection takes the announcement back; no body, no receipt, nothing of the rest."""
    with scripted() as script:
        receipts, committed = sent(script.port, [delivery(1), delivery(2)], may=False)
    assert receipts == []
    assert committed == [1]
    assert script.bodies == []
    assert script.heard == ["ehlo", "mail", "rcpt", "data"]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b"550 5.1.1 <c1@example.com>: c1@example.com unknown", "550 5.1.1 <address>: <address> unknown"),
        (b"550 5.1.1 no mailbox C1 here", "550 5.1.1 no mailbox <address> here"),
        (b"550 5.1.1 c1=40example.com, c1 at example.com", "550 5.1.1 <address>=40example.com, <address> at example.com"),
        (b"550 5.1.1 c12 and xc1 are others", "550 5.1.1 c12 and xc1 are others"),
    ],
)
def test_answers_are_kept_without_addresses(answer: bytes, kept: str) -> None:
    """The server repeats the address or the name in it; the ledger does not."""
    with scripted(rcpt=answer) as script:
        receipts, _ = sent(script.port, [delivery(1)])
    assert receipts[0].reason == kept


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b", "a b@example.com", "a@b@c", "a@example.com\r\nBcc: x@y.z", "<a@b.c>", "a@b.c,d@e.f"]
)
def test_wrong_addresses_are_seen(address: str) -> None:
    """What is no single plain address is refused, before launch and again when sending."""
    assert Smtp(settings(1)).problem(address) == "invalid address"
    assert sent(1, [delivery(1, address=address)])[0] == [Receipt(1, "failed", "invalid address")]


def test_right_addresses_pass() -> None:
    """Ordinary and unusual ones."""
    assert [Smtp(settings(1)).problem(a) for a in ("a@example.com", "a.b+c_d@sub.example.co.uk", "o'neil@example.com")] == [None] * 3


def test_fields_that_changed_after_the_launch() -> None:
    """Somebody whose name was deleted meanwhile gets no letter with a hole in it."""
    assert sent(1, [delivery(1, fields={})])[0] == [Receipt(1, "failed", "missing field name")]


def test_nobody_answers() -> None:
    """A wrong port is one clear sentence."""
    with pytest.raises(InputError, match=r"No mail server answers at 127\.0\.0\.1:1 "):
        open_channel(settings(1)).open()


def test_server_without_encryption() -> None:
    """Encryption that was asked for is never left out silently."""
    with scripted() as script, pytest.raises(SettingsError, match="cannot do what the channel asks for"):
        open_channel(settings(script.port, tls=True)).open()


def test_refused_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password is told without the password."""
    monkeypatch.setenv("SECRET", "hunter2")
    answers = {"ehlo": b"250-hi\r\n250 AUTH PLAIN", "auth": b"535 5.7.8 no"}
    with scripted(**answers) as script, pytest.raises(SettingsError, match="refused the sign-in of 'shop'") as caught:
        open_channel(settings(script.port, user="shop", password_env="SECRET")).open()
    assert "hunter2" not in str(caught.value)


def test_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the right password the session is open."""
    monkeypatch.setenv("SECRET", "hunter2")
    with scripted(ehlo=b"250-hi\r\n250 AUTH PLAIN", auth=b"235 ok") as script:
        channel = Smtp(settings(script.port, user="shop", password_env="SECRET"))
        channel.open()
        assert [r.state for r in channel.send([delivery(1)], every)] == ["accepted"]
        channel.close()
    assert script.heard[:2] == ["ehlo", "auth"]
