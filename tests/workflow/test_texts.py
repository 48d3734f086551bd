"""A campaign by text message: sent through the ledger, what the provider tells of it, and what people answer."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from netlift.campaigns.testing.texts import ACCOUNT, TOKEN, Provider
from netlift.errors import Refused
from netlift.settings import Settings, parse
from netlift.store import consents, tokens, vault
from netlift.store.models import AuditEvent, Consent, Delivery, Event
from netlift.workflow import letters, show
from netlift.workflow.launch import launch, start
from netlift.workflow.texts import answered, answers_address, told
from netlift.workflow.worker import work
from tests.workflow import plans
from tests.workflow.plans import OPERATOR

PUBLIC_URL = "https://mail.shop.example"
NOON = datetime(2027, 1, 13, 17, 0, tzinfo=UTC)  # a Wednesday in New York


def settings(provider: Provider, kind: str) -> Settings:
    """A netlift.toml with a channel of texts."""
    own = {"twilio": {"url": provider.url, "account": ACCOUNT, "token_env": "SMS_TOKEN"}}
    own["kannel"] = {"url": f"{provider.url}/cgi-bin/sendsms", "user": "netlift", "password_env": "SMS_TOKEN"}
    section = {
        "kind": kind,
        "sender": "+12125550100",
        "country": "US",
        "stop_answer": "No more texts.",
        "price": 0.01,
        "prices": {"DE": 0.09},
        **own[kind],
    }
    project = {"name": "Shop", "currency": "USD", "country": "US"}
    return parse({"project": project, "tables": {"customers": {"path": "c.csv"}}, "channels": {"sms": section}}, folder=Path(), sha256="0")


def approved(folder: Path, provider: Provider, *, kind: str = "twilio", people: int = 20) -> str:
    """An approved campaign by text to that many people less two held out, all in New York."""
    return plans.approved_texts(folder, settings(provider, kind), people)


number = plans.number


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store at noon, with a public address and the secret of both interfaces."""
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", PUBLIC_URL)
    monkeypatch.setenv("SMS_TOKEN", TOKEN)
    plans.opened(tmp_path / "netlift")
    consents.import_list("US", ["+12125559999"], dated=NOON.date(), actor=OPERATOR)
    return tmp_path / "run"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider without faults."""
    with Provider() as server:
        yield server


def signature(path: str, form: dict[str, str]) -> str:
    """As Twilio signs."""
    signed = PUBLIC_URL + path + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()


def post(path: str, form: dict[str, str], *, signed: str | None = None) -> Any:
    """A request of Twilio's."""
    given = signature(path, form) if signed is None else signed
    return Client(SERVER_NAME="localhost").post(path, form, headers={"X-Twilio-Signature": given})


@pytest.mark.parametrize("kind", ["twilio", "kannel"])
def test_everybody_who_may_gets_one_text(opened: Path, provider: Provider, kind: str) -> None:
    """18 of 20 people, two held out; each text has its own address for what becomes of it."""
    told_of = launch(approved(opened, provider, kind=kind), actor=OPERATOR)
    assert (told_of["state"], told_of["counts"]) == ("completed", {"accepted": 18, "excluded": 2})
    assert len({to for to, _, _ in provider.received}) == 18
    assert len({url for _, _, url in provider.received}) == 18
    assert all(url.startswith(f"{PUBLIC_URL}/p/s/") for _, _, url in provider.received)


def test_what_broke_off_is_unknown_and_never_sent_again(opened: Path) -> None:
    """Nobody twice; what arrived is what the ledger says was accepted or is unknown."""
    with Provider(drop=0.3, seed=2) as provider:
        run_id = approved(opened, provider, people=60)
        launch(run_id, actor=OPERATOR)
        counts = show.counts(run_id)
        assert counts["unknown"] >= 5
        assert len(provider.received) == counts["accepted"] + counts["unknown"] == 58
        assert len({to for to, _, _ in provider.received}) == 58


def test_no_text_at_night(opened: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """At ten in the evening in New York everybody waits for the morning."""
    run_id = approved(opened, provider)
    monkeypatch.setattr(timezone, "now", lambda: NOON.replace(day=14, hour=3))
    start(run_id, actor=OPERATOR)
    monkeypatch.setattr("netlift.workflow.worker.campaigns.PATIENCE", 0.0)
    work(once=True)
    assert show.counts(run_id) == {"excluded": 2, "ready": 18}
    assert {row.not_before.hour for row in Delivery.objects.filter(state="ready") if row.not_before} == {15}  # ten in the morning
    assert provider.received == []


def test_what_twilio_tells_is_signed_and_done_once(opened: Path, provider: Provider) -> None:
    """Delivered, failed and a landline land on their rows; wrong signatures and other addresses change nothing."""
    run_id = approved(opened, provider)
    launch(run_id, actor=OPERATOR)
    paths = [urlsplit(url).path for _, _, url in provider.received]
    assert post(paths[0], {"MessageStatus": "sent"}).json() == {"told": "nothing"}
    assert post(paths[0], {"MessageStatus": "delivered"}).json() == {"told": "applied"}
    assert post(paths[0], {"MessageStatus": "delivered"}).json() == {"told": "known"}
    assert post(paths[1], {"MessageStatus": "undelivered", "ErrorCode": "30003"}).json() == {"told": "applied"}
    assert post(paths[2], {"MessageStatus": "delivered"}, signed="wrong").status_code == 401
    assert post(paths[2], {"MessageStatus": "delivered"}, signed="").status_code == 401
    forged = signature(paths[2], {"MessageStatus": "delivered"})
    assert post(paths[2], {"MessageStatus": "failed"}, signed=forged).status_code == 401
    assert post("/p/s/" + "a" * 32, {"MessageStatus": "delivered"}).json() == {"told": "nothing"}
    assert show.counts(run_id) == {"accepted": 16, "bounced": 1, "delivered": 1, "excluded": 2}


def test_what_kannel_tells(opened: Path, provider: Provider) -> None:
    """Taken by the centre is no end; delivered is; failed is a bounce."""
    run_id = approved(opened, provider, kind="kannel")
    launch(run_id, actor=OPERATOR)
    first, second = (urlsplit(url).path for _, _, url in provider.received[:2])
    browser = Client(SERVER_NAME="localhost")
    assert provider.received[0][2].endswith("?status=%d&id=%F")
    for path, status, expected in ((first, "8", "nothing"), (first, "1", "applied"), (first, "1", "known"), (second, "2", "applied")):
        assert browser.get(f"{path}?status={status}&id=17").json() == {"told": expected}
    assert show.counts(run_id) == {"accepted": 16, "bounced": 1, "delivered": 1, "excluded": 2}


def test_who_told_the_provider_to_stop_is_taken_off(opened: Path) -> None:
    """Twilio's 21610: failed, and suppressed for texts from then on."""
    with Provider(stopped=frozenset({"+12125550004"})) as provider:
        run_id = approved(opened, provider)
        launch(run_id, actor=OPERATOR)
    assert show.counts(run_id) == {"accepted": 17, "excluded": 2, "failed": 1}
    assert Delivery.objects.get(customer_id="c0004").reason == "this person told the provider to stop"
    assert vault.suppressed("sms", ["c0003", "c0004"]) == {"c0004"}


def test_parts_and_cost_are_known_before(opened: Path, provider: Provider) -> None:
    """Everybody's own text is counted: one long name costs two parts, and one foreign number its own price."""
    run_id = approved(opened, provider)
    vault.put([{"customer_id": "c0001", "name": "x" * 120, "phone": number(1), "country": "US", "region": "NY"}])
    vault.put([{"customer_id": "c0002", "name": "Jörg", "phone": "+49 30 901820", "country": "DE"}])
    found = letters.examine(run_id, actor=OPERATOR)
    assert found["texts"] == {"sms": {"parts": {1: 17, 2: 1}, "cost": pytest.approx(18 * 0.01 + 0.09)}}
    assert [one["problems"] for one in found["messages"]] == [[]]
    assert letters.preview(run_id, "c0002", actor=OPERATOR)["text"].startswith("Hello Jörg, wine")


def test_the_address_for_answers(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For operators alone, and only where a provider could reach it."""
    assert answers_address("sms", actor=OPERATOR) == f"{PUBLIC_URL}/p/t/sms/{tokens.answers('sms')}"
    with pytest.raises(Refused, match="that takes the role operator"):
        answers_address("sms", actor=plans.AUTHOR)
    monkeypatch.delenv("NETLIFT_PUBLIC_URL")
    with pytest.raises(Refused, match="set NETLIFT_PUBLIC_URL"):
        answers_address("sms", actor=OPERATOR)


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Stopp", "ARRÊT", "unsubscribe"])
def test_stop_is_done_at_once(opened: Path, provider: Provider, word: str) -> None:
    """Consent and number are taken off for texts and calls, what waits is cancelled, and it is answered once."""
    run_id = approved(opened, provider)
    start(run_id, actor=OPERATOR)
    path, form = f"/p/t/sms/{tokens.answers('sms')}", {"From": "+12125550003", "Body": word, "MessageSid": "SM1"}
    assert "<Message>No more texts.</Message>" in post(path, form).content.decode()
    assert "<Message>" not in post(path, form).content.decode()
    assert "<Message>" not in post(path, {**form, "MessageSid": "SM2"}).content.decode()  # or two machines would never end
    assert Delivery.objects.get(customer_id="c0003").state == "cancelled"
    assert set(Consent.objects.filter(status="withdrawn").values_list("channel", flat=True)) == {"sms", "phone"}
    assert vault.suppressed("sms", ["c0003"]) == {"c0003"}
    launch(run_id, actor=OPERATOR)
    assert "+12125550003" not in {to for to, _, _ in provider.received}
    assert not any("5550003" in one for one in AuditEvent.objects.values_list("details", flat=True))
    assert Event.objects.filter(kind="opt-out").count() == 1


@pytest.mark.parametrize(
    ("word", "answer"),
    [("HELP", "Answer STOP to get no more texts from us."), ("Hilfe!", "Answer STOP"), ("please stop by tomorrow", ""), ("thanks", "")],
)
def test_other_answers(opened: Path, provider: Provider, word: str, answer: str) -> None:
    """HELP is answered; what only holds the word takes nobody off."""
    approved(opened, provider, kind="kannel")
    found = answered("sms", tokens.answers("sms"), {"from": "+12125550003", "text": word, "id": "1"}, path="/")
    assert found.startswith(answer)
    assert bool(found) == bool(answer)
    assert vault.suppressed("sms", ["c0003"]) == frozenset()


def test_answers_come_through_their_address_alone(opened: Path, provider: Provider) -> None:
    """Another channel's token, none, or a wrong signature of Twilio's: refused, and nobody is taken off."""
    approved(opened, provider)
    form = {"From": "+12125550003", "Body": "STOP", "MessageSid": "SM1"}
    for path in (f"/p/t/sms/{tokens.answers('email')}", "/p/t/sms/x", f"/p/t/other/{tokens.answers('other')}"):
        assert post(path, form).status_code == 401
    assert post(f"/p/t/sms/{tokens.answers('sms')}", form, signed="x").status_code == 401
    assert vault.suppressed("sms", ["c0003"]) == frozenset()
    assert told("x", {"status": "1"}, path="/") == "nothing"
