"""Calls, tokens and slots: what is repeated, what never is, and what an error tells."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.channels.acoustic import envelope, faults, operations, slots
from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.channels.acoustic.slots import slot
from netlift.campaigns.testing.acoustic import CLIENT, DATABASE, Acoustic
from netlift.errors import Busy, InputError, SettingsError
from netlift.settings import AcousticSettings
from tests.campaigns.acoustic import organisations
from tests.campaigns.acoustic.organisations import settings

Make = Callable[[AcousticSettings], Client]


@pytest.fixture
def made() -> Iterator[Make]:
    """Makes clients and closes them."""
    with contextlib.ExitStack() as stack:
        yield lambda given: stack.enter_context(contextlib.closing(Client(given)))


def test_one_token_for_everybody(server: Acoustic, made: Make) -> None:
    """Twenty calls of four threads and two clients need one token; the file that holds it is the owner's only."""
    clients = [made(settings(server)) for _ in range(2)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: operations.templates(clients[i % 2]), range(20)))
    assert (server.calls("token"), server.calls("GetMailingTemplates")) == (1, 20)
    kept = clients[0].folder / "token.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert max(at_once for _, at_once in server.log) <= 3


def test_an_old_token_is_renewed_before_it_ends(client: Client, server: Acoustic) -> None:
    """Older than three hours, or with less than ten minutes to live, it is asked for anew without a fault in between."""
    for change in ({"asked": time.time() - 3 * 3600 - 1}, {"ends": time.time() + 599}):
        operations.templates(client)
        kept = client.folder / "token.json"
        kept.write_text(json.dumps({**json.loads(kept.read_text()), **change}))
        before = server.calls("token")
        operations.templates(client)
        assert server.calls("token") == before + 1


def test_a_refused_sign_in_is_told_without_secrets(server: Acoustic, made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret is asked about once, and the message names what to check, never the secret."""
    monkeypatch.setenv("ACOUSTIC_SECRET", "wrong s3cret")
    with pytest.raises(faults.AuthLost, match=r"\(401, invalid_client\); check client_id, client secret and refresh token") as told:
        made(settings(server)).sign_in()
    assert "s3cret" not in str(told.value)
    assert server.calls("token") == 1


def test_a_token_that_never_counts_is_told(client: Client, server: Acoustic) -> None:
    """Fault 145 to a fresh token, too, is no reason to go on asking."""
    server.faults.order("GetMailingTemplates", "fault", errorid=145, times=9)
    with pytest.raises(faults.AuthLost, match="session of a fresh token is invalid"):
        operations.templates(client)
    assert server.calls("GetMailingTemplates") == 2


@pytest.mark.parametrize("rejection", ["throttled", "busy", "reset", "fault"])
def test_the_eleventh_request_is_rejected_and_comes_again(
    tmp_path: Path, made: Make, monkeypatch: pytest.MonkeyPatch, rejection: Any
) -> None:
    """Ten strangers keep the organisation busy: however the eleventh is rejected, what may be repeated is, and succeeds."""
    with organisations.organisation(tmp_path / "v", monkeypatch, rejection=rejection) as server:
        client = made(settings(server, reply_timeout=5))
        client.sign_in()
        server.slow = 0.15
        with ThreadPoolExecutor(10) as strangers:
            busy = [strangers.submit(server.enter, "stranger") for _ in range(10)]
            assert all(one.result() for one in busy)
            threading.Timer(0.05, strangers.map, (lambda _: server.leave(), range(10))).start()
            assert operations.templates(client) == {"2001"}
        assert server.calls("GetMailingTemplates") >= 1


def test_never_more_than_the_slots(tmp_path: Path) -> None:
    """Forty threads and three processes share two slots of one folder; a killed process gives its slot back."""
    most, now, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal most, now
        with slot(tmp_path, 2):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.005)
            with lock:
                now -= 1

    with ThreadPoolExecutor(40) as threads:
        list(threads.map(work, range(40)))
    assert most == 2
    code = (
        "import sys, time; from pathlib import Path; from netlift.campaigns.channels.acoustic.slots import slot\n"
        "with slot(Path(sys.argv[1]), 2):\n print(1, flush=True); time.sleep(60)"
    )
    holders = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ}) for _ in range(2)]
    try:
        for holder in holders:
            assert holder.stdout
            holder.stdout.readline()
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Busy, match="All 2 connections"):
            patch.setattr(slots, "PATIENCE", 0.1)
            with slot(tmp_path, 2):
                pass
        holders[0].kill()
        with slot(tmp_path, 2):
            pass
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
            assert holder.stdout
            holder.stdout.close()


@pytest.mark.parametrize(
    ("what", "wrong"),
    [("reset", faults.Ambiguous), ("fault", faults.Ambiguous), ("empty", faults.Ambiguous), ("throttled", faults.Throttled)],
)
def test_what_cannot_be_taken_back_is_asked_once(client: Client, server: Acoustic, what: Any, wrong: type[Exception]) -> None:
    """A double opt-in may send a mail: whatever is lost, it is not asked for again."""
    server.faults.order("DoubleOptInRecipient", what)
    with pytest.raises(wrong):
        operations.double_opt_in(client, {"EMAIL": "a@example.com"})
    assert server.calls("DoubleOptInRecipient") == 1


def test_nobody_there(server: Acoustic, made: Make) -> None:
    """An address at which nobody listens is told with what to check; nothing was sent."""
    client = made(settings(server))
    client.sign_in()
    away = made(settings(server, url="http://127.0.0.1:9", token_url=f"{server.url}/oauth/token"))
    with pytest.raises(faults.Unreached, match=r"at http://127.0.0.1:9 cannot be reached \(ConnectError\); check the channel's url"):
        operations.templates(away)


def test_people_one_by_one(client: Client, server: Acoustic) -> None:
    """A contact is added, brought up to date, opted out and in again; an unknown one is told by False."""
    database = server.organisation.databases[DATABASE]
    number = operations.add_recipient(client, {"EMAIL": "a@example.com", "CUSTOMER_ID": "a", "FIRST_NAME": "<Zoë> & Co"})
    assert operations.add_recipient(client, {"EMAIL": "new@example.com", "CUSTOMER_ID": "a"}) == number
    assert database.contacts[number].values == {"EMAIL": "new@example.com", "CUSTOMER_ID": "a", "FIRST_NAME": "<Zoë> & Co"}
    assert operations.opt_out(client, "new@example.com")
    assert database.contacts[number].opted_out
    operations.add_recipient(client, {"EMAIL": "new@example.com", "CUSTOMER_ID": "a"})
    assert database.contacts[number].opted_out, "only the person can change it"
    assert operations.double_opt_in(client, {"EMAIL": "new@example.com"}) == number
    assert not database.contacts[number].opted_out
    assert not operations.opt_out(client, "nobody@example.com")


def test_no_error_tells_whom_it_was_about(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The platform's text names an address; netlift's error and the log do not."""
    with caplog.at_level(logging.DEBUG), pytest.raises(faults.Rejected, match="refuses AddRecipient with fault 51") as told:
        operations.add_recipient(client, {"EMAIL": "a@example.com", "Name": "Zoë Personal"})
    everything = f"{told.value}{caplog.text}"
    assert "a@example.com" not in everything
    assert "Personal" not in everything
    assert CLIENT["client_secret"] not in everything
    fault = envelope.answer(
        b"<Envelope><Body><Fault><FaultString>No +49 170 1234567 or x@y.de or Zoe P.</FaultString></Fault></Body></Envelope>"
    )
    assert fault is not None
    assert str(faults.rejected("X", fault, ["Zoe P."])).count("<") == 3


@given(
    st.dictionaries(st.from_regex(r"[A-Z]{1,5}", fullmatch=True), st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))))
)
def test_every_text_survives_a_request(values: dict[str, str]) -> None:
    """What goes into an envelope comes out of a parser as it was; what XML cannot carry is refused without telling it."""
    elements = list(values.items())
    try:
        found = envelope.answer(envelope.request("Operation", elements))
    except InputError:
        assert any(envelope.NO_XML.search(value) for value in values.values())
        return
    assert found is not None
    assert [(one.tag, one.text or "") for one in found[0][0]] == elements


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"<Envelope><Bo",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><Envelope><Body>&a;</Body></Envelope>",
        b"\xff\xfe",
        b"<Envelope/>",
    ],
)
def test_what_is_no_answer(body: bytes) -> None:
    """Cut off, another page, a DTD with an entity, no XML at all: none of it is an answer, none an error of its own."""
    assert envelope.answer(body) is None


@pytest.mark.parametrize("word", ["TRUE", "true", "SUCCESS", "yes", " true "])
def test_success_has_many_spellings(word: str) -> None:
    """All that the platform was seen to write; anything else is a failure."""
    found = envelope.answer(f"<Envelope><Body><RESULT><SUCCESS>{word}</SUCCESS></RESULT></Body></Envelope>".encode())
    assert found is not None
    assert envelope.succeeded(found)
    other = envelope.answer(b"<Envelope><Body><RESULT><SUCCESS>maybe</SUCCESS></RESULT></Body></Envelope>")
    assert other is not None
    assert not envelope.succeeded(other)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "c.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(key.private_bytes(*plain))
    return folder / "c.pem", folder / "k.pem"


def test_over_https(tmp_path: Path, made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that ca_file vouches for is trusted, the same one without it is not."""
    pem = certificate(tmp_path)
    with organisations.organisation(tmp_path / "v", monkeypatch, certificate=pem) as server:
        assert operations.templates(made(settings(server, ca_file=str(pem[0])))) == {"2001"}
        (made(settings(server)).folder / "token.json").unlink()
        with pytest.raises(faults.Throttled, match="gives no token"):
            operations.templates(made(settings(server)))
        with pytest.raises(SettingsError, match="ca_file '/nowhere' cannot be used"):
            made(settings(server, ca_file="/nowhere"))
