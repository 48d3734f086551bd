from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from contextlib import closing

import pytest

from netlift.campaigns import OPTED_OUT, open_channel
from netlift.campaigns.testing.texts import ACCOUNT, TOKEN, Provider
from netlift.errors import InputError, SettingsError
from netlift.records import Delivery, Message, Receipt
from netlift.settings import AnyChannel, channel_settings

MESSAGE = Message("Wine", "sms", "+12125550100", "", "Hello {{ name }}, wine from small growers. STOP ends this.")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret of both interfaces."""
    monkeypatch.setenv("SMS_TOKEN", TOKEN)


def channel(kind: str, at: str, **more: object) -> AnyChannel:
    """A channel of texts to a provider on this machine."""
    own = {"twilio": {"url": at, "account": ACCOUNT, "token_env": "SMS_TOKEN"}}
    own["kannel"] = {"url": f"{at}/cgi-bin/sendsms", "user": "netlift", "password_env": "SMS_TOKEN"}
    return channel_settings({"kind": kind, "sender": "+12125550100", "country": "US", **own[kind], **more})


def delivery(i: int, phone: str = "", name: str = "Ann") -> Delivery:
    """A claimed message."""
    url = f"https://mail.shop.example/p/s/token{i}"
    return Delivery(i, "t", f"c{i}", phone or f"+1212555{i:04d}", {"name": name}, MESSAGE, f"<{i}@sms>", 0, status_url=url)


def sent(settings: AnyChannel, batch: Sequence[Delivery], *, forbidden: frozenset[int] = frozenset()) -> dict[int, Receipt]:
    """What became of a batch."""
    with closing(open_channel(settings)) as texts:
        found = list(texts.send(batch, lambda group: frozenset(one.delivery_id for one in group) - forbidden))
    assert len({one.delivery_id for one in found}) == len(found)
    return {one.delivery_id: one for one in found}


@pytest.fixture(params=["twilio", "kannel"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both interfaces."""
    return str(request.param)


def test_messages_arrive_as_they_were_written(kind: str) -> None:
    """Number in E.164 however it was spaced, text with the fields, and where to tell what becomes of it."""
    with Provider() as provider:
        found = sent(channel(kind, provider.url), [delivery(1, "212 555 0001"), delivery(2, name="Zoë 😀")])
    assert {one.state for one in found.values()} == {"accepted"}
    told = {to: (text, url) for to, text, url in provider.received}
    assert told.keys() == {"+12125550001", "+12125550002"}
    assert told["+12125550002"][0] == "Hello Zoë 😀, wine from small growers. STOP ends this."
    assert told["+12125550001"][1].startswith("https://mail.shop.example/p/s/token1")


def test_faults_are_told_apart(kind: str) -> None:
    """Busy is certain and tried again; what was on the wire when the connection broke is unknown, and arrived exactly once."""
    with Provider(busy=0.2, drop=0.2, seed=3) as provider:
        found = sent(channel(kind, provider.url), [delivery(i) for i in range(100)])
    states = {state: {n for n, one in found.items() if one.state == state} for state in ("accepted", "retry", "unknown", "failed")}
    arrived = [int(to[-4:]) for to, _, _ in provider.received]
    assert len(arrived) == len(set(arrived))
    assert set(arrived) == states["accepted"] | states["unknown"]
    assert len(states["retry"]) > 5
    assert len(states["unknown"]) > 5
    assert states["failed"] == set()


def test_nobody_answers(kind: str) -> None:
    """Nothing was sent: everything is tried again, and opening says so in a sentence without the secret."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    found = sent(channel(kind, url), [delivery(1)])
    assert found[1] == Receipt(1, "retry", "no connection to the provider")
    with closing(open_channel(channel(kind, url))) as texts, pytest.raises(InputError, match="does not answer"):
        texts.open()


def test_a_wrong_secret_is_told_before_anything_is_sent(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening refuses; a message that is sent all the same waits, because it is certain that it was refused."""
    with Provider() as provider:
        with closing(open_channel(channel(kind, provider.url))) as texts:
            texts.open()
        monkeypatch.setenv("SMS_TOKEN", "wrong")
        with closing(open_channel(channel(kind, provider.url))) as texts, pytest.raises(SettingsError, match="refuses"):
            texts.open()
        assert sent(channel(kind, provider.url), [delivery(1)])[1].state == "retry"
    assert provider.received == []


def test_who_answered_stop_at_the_provider(kind: str) -> None:
    """Twilio's 21610 is told by a reason of its own; Kannel knows no such thing."""
    with Provider(stopped=frozenset({"+12125550001"}) if kind == "twilio" else frozenset()) as provider:
        found = sent(channel(kind, provider.url), [delivery(1)])
    assert found[1].reason == (OPTED_OUT if kind == "twilio" else "202 0: Accepted for delivery")


def test_what_is_not_allowed_is_not_sent(kind: str) -> None:
    """Where a claim was lost or the run stopped, the message and the rest of the batch stay."""
    with Provider() as provider:
        found = sent(channel(kind, provider.url, connections=2), [delivery(i) for i in range(6)], forbidden=frozenset({3}))
    assert set(found) == {0, 1, 2}
    assert {to[-4:] for to, _, _ in provider.received} == {"0000", "0001", "0002"}


@pytest.mark.parametrize("phone", ["", "12", "ann@example.com", "+1 555 01", "+4930", "00", "+999123456789"])
def test_numbers_that_are_none(phone: str) -> None:
    """They are excluded before, and fail without a request where contact data changed after."""
    settings = channel("kannel", "http://127.0.0.1:9")
    with closing(open_channel(settings)) as texts:
        assert texts.problem(phone) == "invalid telephone number"
    assert sent(settings, [delivery(1, phone or " ")])[1] == Receipt(1, "failed", "invalid telephone number")


def test_a_text_of_too_many_parts_is_not_sent() -> None:
    """Because of one person's long name nobody pays for five parts."""
    found = sent(channel("kannel", "http://127.0.0.1:9", most_parts=2), [delivery(1, name="x" * 400)])
    assert found[1] == Receipt(1, "failed", "longer than 2 parts")


def test_no_number_and_no_secret_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Kannel's addresses hold both."""
    caplog.set_level(logging.INFO)
    with Provider() as provider:
        sent(channel(kind, provider.url), [delivery(7)])
    assert "5550007" not in caplog.text
    assert TOKEN.split()[1] not in caplog.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sender": "a sender too long"}, "is no sender of texts"),
        ({"sender": "Shop"}, "nobody can answer STOP"),
        ({"sender": "+1 212 555 0100"}, "is no sender of texts"),
        ({"url": "http://sms.example.com/x"}, "http is allowed only on this machine"),
        ({"prices": {"usa": 1}}, "is no price of a country"),
        ({"test_recipients": ["212"]}, "is no number"),
        ({"account": "AC1"}, "account"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, object], told: str) -> None:
    """Each is one sentence."""
    with pytest.raises(ValueError, match=told):
        channel("twilio", "http://127.0.0.1:9", **changes)
