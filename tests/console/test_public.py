"""Pages for strangers: no sign-in, no cookie, the same answers for right and wrong links, and only a post changes anything."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from netlift.campaigns.testing import Sink
from netlift.console.middleware import POLICY
from netlift.console.public import LONGEST_FORM
from netlift.store import keys, tokens, vault
from netlift.store.models import AuditEvent, Delivery, Event, Suppression
from netlift.store.tokens import OptOut
from netlift.workflow.launch import launch, start
from tests.workflow import plans
from tests.workflow.plans import OPERATOR

PUBLIC_URL = "https://mail.shop.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def run_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of 18 messages that wait to be sent."""
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", PUBLIC_URL)
    monkeypatch.setenv("NETLIFT_WEBHOOK_SECRET", SECRET)
    plans.opened(tmp_path / "netlift")
    run = plans.approved(tmp_path / "run")
    start(run, actor=OPERATOR)
    return run


@pytest.fixture
def stranger() -> Client:
    """Somebody's mail program: no cookies, and Django's check of forms is on."""
    return Client(SERVER_NAME="localhost", enforce_csrf_checks=True)


def link(customer: str = "c0001") -> str:
    """The path of a customer's unsubscribe link."""
    row = Delivery.objects.get(customer_id=customer)
    return "/p/u/" + tokens.opt_out(OptOut(row.pk, keys.keyed_hash("customer", customer), "email"))


def kept() -> tuple[int, int, int, int]:
    """How much the store holds: events, suppressions, acts, rows that wait."""
    return (
        Event.objects.count(),
        Suppression.objects.count(),
        AuditEvent.objects.count(),
        Delivery.objects.filter(state="ready").count(),
    )


FORGED = "/p/u/" + "A" * 82


@pytest.mark.parametrize(
    "posted",
    [
        {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"},
        {"data": ONE_CLICK},  # multipart/form-data, as the test client writes it
        {"data": "List-Unsubscribe=One-Click", "content_type": "text/plain"},
    ],
    ids=["form", "multipart", "untold"],
)
def test_one_click(run_id: str, stranger: Client, posted: dict[str, Any]) -> None:
    """RFC 8058: a post without cookie or sign-in, in either encoding, is answered with 200 at once, and it is done."""
    response = stranger.post(link(), **posted)
    assert (response.status_code, response.cookies, "Location" in response.headers) == (200, {}, False)
    assert vault.suppressed("email") == {"c0001"}
    assert Delivery.objects.get(customer_id="c0001").state == "cancelled"
    before = kept()
    assert stranger.post(link(), **posted).content == response.content
    assert kept() == before


def test_right_and_wrong_links_get_the_same_answers(run_id: str, stranger: Client) -> None:
    """Byte by byte, to a look, a click and a choice; a forged link changes nothing."""
    before = kept()
    for ask in (
        stranger.get,
        lambda path: stranger.post(path, {}),
        stranger.options,
    ):
        assert _told(ask(FORGED)) == _told(ask(link()))
    assert kept() == before
    forged = [_told(stranger.post(FORGED, data)) for data in (ONE_CLICK, {"take_off": "channel"}, {"take_off": "everything"})]
    assert kept() == before
    assert [_told(stranger.post(link(), data)) for data in (ONE_CLICK, {"take_off": "channel"}, {"take_off": "everything"})] == forged


def _told(response: Any) -> tuple[int, bytes, dict[str, str]]:
    return response.status_code, response.content, dict(response.headers)


def test_looking_changes_nothing(run_id: str, stranger: Client) -> None:
    """GET, HEAD, OPTIONS, and other methods and bodies leave the store as it is; none of them redirects or sets a cookie."""
    before, path = kept(), link()
    responses = [
        stranger.get(path),
        stranger.head(path),
        stranger.options(path),
        stranger.put(path, "List-Unsubscribe=One-Click"),
        stranger.delete(path),
        stranger.get(path + "?List-Unsubscribe=One-Click"),
        stranger.post(path, {"List-Unsubscribe": "no"}),
        stranger.post(path, {"take_off": "nothing"}),
        stranger.post(path, "x" * (LONGEST_FORM + 1), content_type="application/x-www-form-urlencoded"),
        stranger.post(path, b"--x\r\nbroken", content_type="multipart/form-data; boundary=x"),
        stranger.post(path, b"broken", content_type="multipart/form-data"),
    ]
    assert [r.status_code for r in responses] == [200, 200, 200, 405, 405, 200, 400, 400, 400, 400, 400]
    assert all(r.cookies == {} and "Location" not in r.headers for r in responses)
    assert kept() == before


def test_everything(run_id: str, stranger: Client) -> None:
    """The choice on the page holds on every channel."""
    page = stranger.post(link(), {"take_off": "everything"}).content.decode()
    assert "no more advertising" in page
    assert vault.suppressed("phone") == {"c0001"}


@pytest.mark.parametrize(
    ("header", "customer", "told"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "c0001", "de"),
        ("en-GB", "c0002", "en"),
        ("fr,es;q=0.5", "c0001", "en"),
        ("en;q=0.1, de", "c0001", "de"),
        ("de;q=0", "c0001", "en"),
        ("", "c0001", "en"),
        ("", "c0002", "de"),  # as the contact data say
        ("de;q=x,,;;=", "c0001", "en"),
    ],
)
def test_the_page_speaks_the_reader_s_language(run_id: str, stranger: Client, header: str, customer: str, told: str) -> None:
    """What the browser asks for, else what the person's contact data say, else English."""
    vault.put([{"customer_id": "c0002", "email": "c0002@example.com", "language": "de-AT"}])
    page = stranger.get(link(customer), headers={"Accept-Language": header}).content.decode()
    assert f'<html lang="{told}">' in page
    assert ("Abmelden" in page) == (told == "de")


def test_the_page_is_plain_and_strict(run_id: str, stranger: Client) -> None:
    """Nothing foreign, no script, no style inside; the address is told to nobody; no id or address stands in it."""
    response = stranger.get(link())
    page = response.content.decode()
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response.headers["Cache-Control"]
    assert not re.search(r"<script|<style| style=|://|c0001|example\.com", page)


def test_the_header_of_a_signed_message_works(tmp_path: Path, stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the letter that arrived: signed with DKIM, its header folded at 78 characters, verified, unfolded, posted to."""
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", PUBLIC_URL)
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        launch(plans.approved(tmp_path / "run", port=sink.port), actor=OPERATOR)
        letter = next(raw for raw in sink.letters if b"c0003@example.com" in raw)
    folded = re.sub(rb"(?mi)^(List-Unsubscribe: <[^>]+>,) ", rb"\1\r\n ", letter)
    signed = _sign(folded) + folded
    assert dkim.verify(signed, dnsfunc=lambda _name, **_: PUBLISHED)
    mail = message_from_bytes(signed, policy=policy.default.clone(max_line_length=None))
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (address,) = re.findall(r"<(https://[^>]+)>", mail["List-Unsubscribe"])
    parts = urlsplit(address)
    assert (f"{parts.scheme}://{parts.netloc}", parts.query) == (PUBLIC_URL, "")
    assert stranger.post(parts.path, mail["List-Unsubscribe-Post"], content_type="application/x-www-form-urlencoded").status_code == 200
    assert vault.suppressed("email") == {"c0003"}


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLISHED = b"v=DKIM1; k=rsa; p=" + base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def _sign(letter: bytes) -> bytes:
    pem = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    names = [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"List-Unsubscribe", b"List-Unsubscribe-Post"]
    signed: bytes = dkim.sign(letter, b"s", b"shop.example", pem, include_headers=names, canonicalize=(b"relaxed", b"relaxed"))
    return signed


# --- the webhook ----------------------------------------------------------------------------------------------------


def post(stranger: Client, body: bytes, **changes: Any) -> Any:
    """A signed webhook; `changes`: at, secret, name, signature."""
    at, name = str(changes.get("at", int(time.time()))), changes.get("name", "msg_1")
    secret = base64.b64decode(changes.get("secret", SECRET).removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(secret, f"{name}.{at}.".encode() + body, "sha256")).decode()
    headers = {"Webhook-Id": name, "Webhook-Timestamp": at, "Webhook-Signature": changes.get("signature", f"v1,{signature}")}
    return stranger.post("/p/hooks/events", body, content_type=changes.get("kind", "application/json"), headers=headers)


def told_of(*events: dict[str, Any]) -> bytes:
    """The body."""
    return json.dumps({"events": events}).encode()


def event(customer: str, kind: str, **more: Any) -> dict[str, Any]:
    """One event about a customer's message."""
    row = Delivery.objects.get(customer_id=customer)
    return {"id": f"{kind}-{customer}", "type": kind, "message_id": row.message_id, **more}


@pytest.fixture
def accepted(run_id: str) -> str:
    """The same run, all of it accepted by the relay."""
    Delivery.objects.filter(state="ready").update(state="accepted")
    return run_id


def test_what_a_provider_tells(accepted: str, stranger: Client) -> None:
    """Delivered, bounced for a bad address, for a policy, a complaint, an opt-out: on their rows, with what follows for the person."""
    body = told_of(
        event("c0001", "delivered"),
        event("c0002", "hard bounce", status="5.1.1", recipient="C0002@example.com"),
        event("c0003", "hard bounce", status="5.7.1", recipient="c0003@example.com"),
        event("c0004", "complaint"),
        event("c0005", "opt-out"),
        event("c0006", "delayed", status="4.2.2"),
        {"id": "x", "type": "delivered", "message_id": "<nobody@shop.example>"},
    )
    response = post(stranger, body)
    assert (response.status_code, response.json()) == (200, {"applied": 6, "known": 0, "unknown": 1})
    found = {c: Delivery.objects.get(customer_id=c).state for c in ("c0001", "c0002", "c0003", "c0004", "c0005", "c0006")}
    assert list(found.values()) == ["delivered", "bounced", "bounced", "complained", "accepted", "accepted"]
    assert [sorted(vault.suppressed(channel)) for channel in ("email", "sms")] == [["c0002", "c0004", "c0005"], ["c0004"]]


def test_told_five_times_it_is_done_once(accepted: str, stranger: Client) -> None:
    """The same events again, under the same and other ids of the post, change nothing."""
    body = told_of(event("c0002", "hard bounce", status="5.1.1", recipient="c0002@example.com"), event("c0004", "complaint"))
    post(stranger, body)
    before = kept()
    for i in range(5):
        assert post(stranger, body, name=f"msg_{i}").json() == {"applied": 0, "known": 2, "unknown": 0}
    assert kept() == before


def test_the_order_makes_no_difference(accepted: str, stranger: Client) -> None:
    """Complaint, bounce and delivery in any order end in the worst of them."""
    orders = {
        "c0001": ("complaint", "hard bounce", "delivered"),
        "c0002": ("delivered", "complaint", "hard bounce"),
        "c0003": ("hard bounce", "delivered"),
        "c0004": ("delivered", "hard bounce"),
    }
    for customer, order in orders.items():
        for kind in order:
            post(stranger, told_of(event(customer, kind, status="5.7.1")))
    ends = [Delivery.objects.get(customer_id=customer).state for customer in orders]
    assert ends == ["complained", "complained", "bounced", "bounced"]


def test_forged_posts_change_nothing(accepted: str, stranger: Client) -> None:
    """Another's secret, no signature, a changed body, an old or a future one: 401 each, and nothing has changed."""
    body, before, now = told_of(event("c0004", "complaint")), kept(), int(time.time())
    other = "whsec_" + base64.b64encode(b"x" * 24).decode()
    answers = [
        post(stranger, body, secret=other),
        post(stranger, body, signature=""),
        post(stranger, body, signature="v1,"),
        post(stranger, body, signature="v2,abc v1,ä"),
        post(stranger, body, signature="v1," + "A" * 44),
        post(stranger, body, at=now - 301),
        post(stranger, body, at=now + 310),
        post(stranger, body, at="soon"),
        stranger.post("/p/hooks/events", body, content_type="application/json"),
    ]
    assert {a.status_code for a in answers} == {401}
    assert stranger.get("/p/hooks/events").status_code == 405
    assert kept() == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[]",
        b'{"events": 1}',
        b'{"events": [1]}',
        b'{"events": [{"id": "a", "type": "party"}]}',
        b'{"events": [{"id": "\\ud800", "type": "delivered"}]}',
        b'{"events": [{"id": "", "type": "delivered"}]}',
        b'{"events": ' + b"[" * 100_000,
        json.dumps({"events": [{"id": "a", "type": "delivered"}] * 1001}).encode(),
    ],
    ids=range(11),
)
def test_what_cannot_be_read_is_told(accepted: str, stranger: Client, body: bytes) -> None:
    """Signed but wrong: 400 with a sentence, and nothing has changed."""
    before = kept()
    response = post(stranger, body)
    assert response.status_code == 400
    assert response.json()["error"].endswith(".")
    assert kept() == before


def test_odd_events_are_about_no_message(accepted: str, stranger: Client) -> None:
    """Message ids and recipients of any kind find no row, and never raise."""
    odd = [{"id": "a", "type": "complaint", "message_id": m} for m in ("", "\x00", "<\ud800>", 7, None, "<" + "a" * 9999 + ">", "< >", "%")]
    assert post(stranger, told_of(*odd)).json() == {"applied": 0, "known": 0, "unknown": len(odd)}


def test_ten_megabytes_are_refused(accepted: str, stranger: Client) -> None:
    """Whether signed or not."""
    assert post(stranger, b"x" * 10_000_000).status_code == 413


def test_without_a_secret_there_is_no_webhook(accepted: str, stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """404; and a secret that is none is told by name and never shown."""
    monkeypatch.delenv("NETLIFT_WEBHOOK_SECRET")
    assert post(stranger, told_of()).status_code == 404
    for wrong in ("whsec_abc", "whsec_" + base64.b64encode(b"short").decode(), "not base64 at all!"):
        monkeypatch.setenv("NETLIFT_WEBHOOK_SECRET", wrong)
        response = post(stranger, told_of())
        assert response.status_code == 400
        assert "NETLIFT_WEBHOOK_SECRET" in response.json()["error"]
        assert wrong not in response.json()["error"]


def test_a_returned_mail_may_be_posted(accepted: str, stranger: Client) -> None:
    """The same report as a mailbox would hold, with the same effect; posted again it changes nothing."""
    row = Delivery.objects.get(customer_id="c0002")
    report = (
        f"To: bounces+{tokens.return_path(row.pk)}@shop.test\r\nMessage-ID: <r1@mx.test>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; c0002@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert post(stranger, report.encode(), kind="message/rfc822").json() == {"applied": 1, "known": 0, "unknown": 0}
    assert post(stranger, report.encode(), kind="message/rfc822").json() == {"applied": 0, "known": 1, "unknown": 0}
    assert (Delivery.objects.get(pk=row.pk).state, sorted(vault.suppressed("email"))) == ("bounced", ["c0002"])
    assert post(stranger, b"Subject: hello\r\n\r\nhello", kind="message/rfc822").json() == {"applied": 0, "known": 0, "unknown": 1}
