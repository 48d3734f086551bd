"""The channel `smtp` against Postfix's sink, which offers PIPELINING and can be told to misbehave; and over TLS."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from netlift.campaigns.channels import smtp
from netlift.errors import SettingsError
from tests.campaigns.crowd import Crowd
from tests.campaigns.letters import delivery
from tests.campaigns.test_sessions import sent


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries to connect follow each other at once."""
    monkeypatch.setattr(smtp, "CONNECT_PAUSE", 0.01)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def sink(*options: str) -> Iterator[Crowd]:
    """Postfix's sink with these options (man 1 smtp-sink); the answer has its port."""
    port = free_port()
    with subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", "-h", "sink.example", *options, f"127.0.0.1:{port}", "64"]) as process:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        try:
            yield Crowd(port=port)
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("options", "state", "reason"),
    [
        ((), "accepted", "250 2.0.0 Ok"),
        (("-p",), "accepted", "250 2.0.0 Ok"),  # without PIPELINING
        (("-r", "rcpt", "-b", "451 4.7.1 slow down"), "retry", "451 4.7.1 slow down"),
        (("-f", "rcpt", "-B", "550 5.1.1 no such user"), "failed", "550 5.1.1 no such user"),
        (("-f", ".", "-B", "554 5.7.1 spam"), "failed", "554 5.7.1 spam"),
        (("-q", "rcpt"), "retry", "connection lost before the message was sent"),
        (("-q", "."), "unknown", "connection lost after the message was sent and before the server's answer"),
        (("-Q", "DATA"), "retry", "421"),
    ],
)
def test_whatever_the_sink_does(options: tuple[str, ...], state: str, reason: str) -> None:
    """Every one of thirty messages over four sessions ends as it must, with the server's word for it."""
    with sink(*options) as server:
        found, _ = sent(server, [delivery(i) for i in range(30)], connections=4)
    assert Counter(r.state for r in found.values()) == {state: 30}
    assert all(r.reason.startswith(reason) for r in found.values())


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*plain))
    return folder / "cert.pem", folder / "key.pem"


class Box:
    """Keeps recipients, and whether they came over TLS."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bool]] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: ARG002, N802 - as aiosmtpd calls it
        """Take it."""
        self.came += [(to, getattr(session, "ssl", None) is not None) for to in envelope.rcpt_tos]  # type: ignore[attr-defined]
        return "250 2.0.0 ok"


@contextlib.contextmanager
def over_tls(folder: Path) -> Iterator[tuple[Crowd, Box, Path]]:
    """A server that wants STARTTLS."""
    cert, key = certificate(folder)
    context, box = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Box()
    context.load_cert_chain(cert, key)
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True)
    controller.start()
    try:
        yield Crowd(port=controller.port), box, cert
    finally:
        controller.stop()


def test_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several sessions, each encrypted before the first message."""
    with over_tls(tmp_path) as (server, box, cert):
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        found, _ = sent(server, [delivery(i) for i in range(10)], connections=3, tls=True)
    assert Counter(r.state for r in found.values()) == {"accepted": 10}
    assert sorted(box.came) == sorted((f"c{i}@example.com", True) for i in range(10))


def test_a_certificate_that_nobody_knows(tmp_path: Path) -> None:
    """Nothing is sent to a server that cannot prove who it is."""
    with over_tls(tmp_path) as (server, box, _), pytest.raises(SettingsError, match="no certificate that can be trusted"):
        sent(server, [delivery(1)], tls=True)
    assert box.came == []
