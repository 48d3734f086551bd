"""Mailboxes on a real Dovecot, and as a Maildir: everything is read, nothing changes but by `remove`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from netlift.campaigns import bounces, open_mailbox
from netlift.errors import InputError, NetliftError, SettingsError
from netlift.settings import InboxSettings
from tests.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.servers import free_port

KINDS = ("maildir", "imap", "pop3")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One that this machine signed for itself, and its key."""
    folder, key, now = tmp_path_factory.mktemp("certificate"), ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    files = folder / "c.pem", folder / "k.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    return files


@pytest.fixture(scope="module")
def running(certificate: tuple[Path, Path]) -> Iterator[Dovecot]:
    """The server of this module."""
    with dovecot(certificate=certificate) as server:
        yield server


@pytest.fixture
def server(running: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    """The same with three mails in it."""
    monkeypatch.setenv("BOUNCES_SECRET", PASSWORD)
    for part in ("new", "cur"):
        for path in (running.maildir / part).glob("*"):
            path.unlink()
    for i in (1, 2, 3):
        running.put(f"100{i}.m", f"Subject: mail {i}\r\n\r\n.body {i}\r\n".encode())
    return running


def settings(server: Dovecot, kind: str, **changes: Any) -> InboxSettings:
    """[inbox] for it."""
    if kind == "maildir":
        return InboxSettings(**{"kind": "maildir", "path": str(server.maildir), **changes})
    given = {"port": getattr(server, kind), "tls": False, "user": USER, "password_env": "BOUNCES_SECRET", "reply_timeout": 5}
    return InboxSettings(**{"kind": kind, **given, **changes})


def subjects(mailbox: Any) -> dict[str, str]:
    """Key of every mail by the last word of its subject."""
    return {letter.raw.split(b"\r\n")[0].split()[-1].decode(): letter.key for letter in mailbox.letters()}


@pytest.mark.parametrize("kind", KINDS)
def test_reading_changes_nothing(server: Dovecot, kind: str) -> None:
    """Twice in turn the same three mails are read, and they are there afterwards."""
    for _ in range(2):
        with closing(open_mailbox(settings(server, kind), Path())) as mailbox:
            assert sorted(subjects(mailbox)) == ["1", "2", "3"]
    assert server.mails() == ["1001.m", "1002.m", "1003.m"]


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_what_was_named_is_removed(server: Dovecot, kind: str) -> None:
    """The second mail goes, the others stay."""
    with closing(open_mailbox(settings(server, kind), Path())) as mailbox:
        mailbox.remove([])
        mailbox.remove([subjects(mailbox)["2"]])
    with closing(open_mailbox(settings(server, kind), Path())) as mailbox:
        assert sorted(subjects(mailbox)) == ["1", "3"]
    assert server.mails() == ["1001.m", "1003.m"]


@pytest.mark.parametrize("kind", KINDS)
def test_long_mail_is_cut_and_an_empty_mailbox_is_empty(server: Dovecot, kind: str) -> None:
    """Of 3 MB the first is read; without mails nothing is."""
    server.put("1004.m", b"Subject: mail 4\r\n\r\n" + b"x" * 7000 + b"\r\n" + (b"y" * 70 + b"\r\n") * 43_000)
    with closing(open_mailbox(settings(server, kind), Path())) as mailbox:
        letters = list(mailbox.letters())
        assert max(len(letter.raw) for letter in letters) == bounces.LONGEST
        mailbox.remove([letter.key for letter in letters])
    with closing(open_mailbox(settings(server, kind), Path())) as mailbox:
        assert list(mailbox.letters()) == []


def test_what_others_marked_stays_theirs(server: Dovecot) -> None:
    """A mail that somebody else marked as deleted is neither read nor expunged."""
    import imaplib

    session = imaplib.IMAP4("127.0.0.1", server.imap)
    session.login(USER, PASSWORD)
    session.select("INBOX")
    session.store("1", "+FLAGS", r"(\Deleted)")
    session.logout()
    with closing(open_mailbox(settings(server, "imap"), Path())) as mailbox:
        found = subjects(mailbox)
        assert len(found) == 2
        mailbox.remove([next(iter(found.values()))])
    assert len(server.mails()) == 2


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_over_tls_only_a_trusted_server(
    server: Dovecot, certificate: tuple[Path, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that nobody vouches for is refused; with its authority known it is read."""
    told = settings(server, kind, tls=True, port=getattr(server, f"{kind}s"))
    with pytest.raises(SettingsError, match="no certificate that can be trusted"):
        open_mailbox(told, Path())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert ssl.get_default_verify_paths().cafile == str(certificate[0])
    with closing(open_mailbox(told, Path())) as mailbox:
        assert sorted(subjects(mailbox)) == ["1", "2", "3"]


def test_a_server_that_speaks_something_else(server: Dovecot) -> None:
    """POP3 where IMAP is expected."""
    with pytest.raises(NetliftError, match=r"^The mailbox on 127.0.0.1:\d+ "):
        open_mailbox(settings(server, "imap", port=server.pop3), Path())


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_what_goes_wrong_is_one_sentence(server: Dovecot, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, a wrong password; the secret is never shown."""
    with pytest.raises(InputError, match=r"^The mailbox on 127.0.0.1:\d+ does not answer \(ConnectionRefusedError\)"):
        open_mailbox(settings(server, kind, port=free_port()), Path())
    monkeypatch.setenv("BOUNCES_SECRET", "wrong secret")
    with pytest.raises(SettingsError, match="refused a step; check user, password and mailbox") as error:
        open_mailbox(settings(server, kind), Path())
    assert "wrong secret" not in str(error.value)


def test_a_mailbox_that_is_not_there(server: Dovecot, tmp_path: Path) -> None:
    """Of IMAP another name, of a Maildir a folder without `new`."""
    with pytest.raises(SettingsError, match="refused a step"):
        open_mailbox(settings(server, "imap", mailbox='no "such" one'), Path())
    with pytest.raises(InputError, match="is no Maildir"):
        open_mailbox(InboxSettings(kind="maildir", path="none"), tmp_path)


def test_a_path_is_relative_to_the_settings(server: Dovecot) -> None:
    """As every path of netlift.toml."""
    with closing(open_mailbox(InboxSettings(kind="maildir", path="mail"), server.folder)) as mailbox:
        assert sorted(subjects(mailbox)) == ["1", "2", "3"]
