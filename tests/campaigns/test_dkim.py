from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import dkim as reference
import hypothesis
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns import dkim
from netlift.campaigns.dkim import body_hash, new_key, record, relaxed_body, signature, signers, signing_input
from netlift.errors import SettingsError
from netlift.settings import ChannelSettings, DkimSettings
from tests.campaigns.letters import settings

# RFC 8463 appendix A: the key pair of A.1 (that of RFC 8032 section 7.1, test 1), the mail and its signature of A.3
SECRET = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
HEADERS = (
    ("From", b" Joe SixPack <joe@football.example.com>"),
    ("To", b" Suzie Q <suzie@shopping.example.net>"),
    ("Subject", b" Is dinner ready?"),
    ("Date", b" Fri, 11 Jul 2003 21:00:37 -0700 (PDT)"),
    ("Message-ID", b" <20030712040037.46341.5F8J@football.example.com>"),
)
BODY = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
BODY_HASH = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
NAMES = ("from", "to", "subject", "date", "message-id", "from", "subject", "date")
TAGS = (
    b" v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
)
SIGNATURE = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="


def test_the_body_hash_of_the_rfc() -> None:
    """RFC 8463 appendix A.3, tag bh."""
    assert body_hash(BODY) == BODY_HASH


def test_the_signature_of_the_rfc() -> None:
    """RFC 8463 appendix A.3, tag b of Ed25519, which is the same for everybody who signs."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(SECRET)
    signed = signing_input(HEADERS, NAMES, TAGS)
    assert base64.b64encode(key.sign(hashlib.sha256(signed).digest())).decode() == SIGNATURE
    raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert record(raw) == f"v=DKIM1; k=ed25519; p={PUBLIC}"  # A.2


@pytest.mark.parametrize(
    ("body", "relaxed"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376 section 3.4.5
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"no line end", b"no line end\r\n"),
        (b"a\t\r\n", b"a\r\n"),
        (b" \r\n\r\n", b""),
    ],
)
def test_the_relaxed_body(body: bytes, relaxed: bytes) -> None:
    """Runs of blanks, blanks at line ends, empty lines at the end."""
    assert relaxed_body(body) == relaxed


def test_relaxed_headers_of_the_rfc() -> None:
    """RFC 6376 section 3.4.5: names in small letters, folded lines in one, blanks as one."""
    headers = (("A", b" X"), ("B ".strip(), b" Y\t\r\n\tZ  "))
    assert signing_input(headers, ("a", "b"), b"x")[: len(b"a:X\r\nb:Y Z\r\n")] == b"a:X\r\nb:Y Z\r\n"


def test_of_two_headers_the_last_is_signed_first() -> None:
    """RFC 6376 section 5.4.2; a name beyond those that are there adds nothing."""
    headers = (("From", b" first"), ("From", b" second"))
    assert signing_input(headers, ("from", "from", "from"), b"").startswith(b"from:second\r\nfrom:first\r\ndkim-signature:")


def signer(kind: str) -> tuple[dkim.Signer, bytes]:
    """A new key, and its record in the DNS."""
    pem = new_key(kind)
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, (rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey))
    return dkim.Signer("shop.example", "s1", key), record(pem).encode()


RSA, RSA_RECORD = signer("rsa")
ED25519, ED25519_RECORD = signer("ed25519")


def verified(mail: bytes, published: bytes) -> bool:
    """What dkimpy says of the first signature; of Ed25519, for which it wants one more library, its parts say it."""
    if b"k=ed25519" in published:
        return _verified_by_parts(mail, base64.b64decode(published.rpartition(b"p=")[2]))
    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return published

    answer = bool(reference.verify(mail, dnsfunc=dns))
    assert asked == [b"s1._domainkey.shop.example."]
    return answer


class Collected:
    """In place of a hash: all that would be hashed."""

    def __init__(self) -> None:
        self.all = b""

    def update(self, more: bytes) -> None:
        """Add to it."""
        self.all += more


def _verified_by_parts(mail: bytes, public: bytes) -> bool:
    """dkimpy's reading of mail and tags and its canonical forms, with the signature checked by `cryptography`."""
    headers, body = reference.rfc822_parse(mail)
    mine = next(header for header in headers if header[0].lower() == b"dkim-signature")
    tags = reference.parse_tag_value(mine[1])
    forms = CanonicalizationPolicy.from_c_value(tags[b"c"])
    if base64.b64encode(hashlib.sha256(forms.canonicalize_body(body)).digest()) != tags[b"bh"]:
        return False
    hashed = Collected()
    names = [name.strip().lower() for name in tags[b"h"].split(b":")]
    reference.hash_headers(hashed, forms, forms.canonicalize_headers(headers), names, mine, tags)
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(tags[b"b"]), hashlib.sha256(hashed.all).digest())
    except InvalidSignature:
        return False
    return True


VALUES = st.text(alphabet="abc XYZ\t,;<>@=", min_size=1, max_size=60).map(lambda text: b" x" + text.encode() + b"\r\n y")
PARTS = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"word", b".", b"==="]), max_size=30)
BODIES = PARTS.map(lambda parts: b"".join(parts) + b"\r\n")  # as SMTP sends it


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@hypothesis.settings(deadline=None)
@given(subject=VALUES, body=BODIES)
def test_dkimpy_verifies(kind: str, subject: bytes, body: bytes) -> None:
    """Whatever headers and body are, the reference accepts the signature, and no longer after a change."""
    by, published = (RSA, RSA_RECORD) if kind == "rsa" else (ED25519, ED25519_RECORD)
    headers = (("Subject", subject), ("From", b" Shop <news@shop.example>"), ("List-Unsubscribe", b" <https://x.example/u>"))
    plain = b"".join(name.encode() + b":" + value + b"\r\n" for name, value in headers) + b"\r\n" + body
    mail = signature(by, headers, body_hash(body)) + plain
    assert verified(mail, published)
    assert not verified(mail.replace(b"news@", b"evil@"), published)
    assert not verified(mail + b"more", published)


def test_a_second_from_breaks_the_signature() -> None:
    """From is signed once more than it is there (RFC 6376 section 8.15)."""
    headers = (("From", b" news@shop.example"),)
    mail = signature(RSA, headers, body_hash(b"x\r\n")) + b"From: news@shop.example\r\n\r\nx\r\n"
    assert verified(mail, RSA_RECORD)
    assert b"h=from:from;" in mail
    assert not verified(b"From: boss@shop.example\r\n" + mail, RSA_RECORD)


def test_no_line_of_the_signature_is_long() -> None:
    """The signature is folded below 78 characters."""
    told = signature(RSA, [(name, b" x") for name in dkim.SIGNED], body_hash(b""), at=1528637909)
    assert max(map(len, told.split(b"\r\n"))) <= 78
    assert b"t=1528637909" in told


def new_pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """The key as a file."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def keyed(**where: str) -> ChannelSettings:
    """A channel with this key."""
    return settings(1, dkim=[{"selector": "s1", **where}])


def test_keys_from_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PEM from a file; PEM, PEM with written line ends, or its base64 alone from the environment; the sender's domain is usual."""
    pem = new_key("ed25519")
    (tmp_path / "key.pem").write_bytes(pem)
    lines = pem.decode().strip().splitlines()
    monkeypatch.setenv("PEM", pem.decode())
    monkeypatch.setenv("ONE_LINE", "\\n".join(lines))
    monkeypatch.setenv("BARE", "".join(lines[1:-1]))
    found = [*signers(keyed(key_file=str(tmp_path / "key.pem")))]
    for name in ("PEM", "ONE_LINE", "BARE"):
        found += signers(keyed(key_env=name))
    raw = {record(new_pem(s.key)) for s in found}
    assert len(raw) == 1
    assert {(s.domain, s.selector, s.algorithm) for s in found} == {("shop.example", "s1", "ed25519-sha256")}
    assert signers(keyed(key_env="PEM", domain="mail.shop.example"))[0].domain == "mail.shop.example"


def test_keys_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in one sentence, never with the key."""
    weak = rsa.generate_private_key(65537, 1024)
    other = ec.generate_private_key(ec.SECP256R1())
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    locked = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    for text, sentence in (
        (weak.private_bytes(*plain).decode(), "RSAPrivateKey of 1024 bits; use RSA of 2048 bits or Ed25519"),
        (other.private_bytes(*plain).decode(), "use RSA of 2048 bits or Ed25519"),
        (weak.private_bytes(*locked).decode(), "is no private key in PEM without a password"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "is no private key in PEM"),
        ("hunter2!", "holds no private key in PEM"),
    ):
        monkeypatch.setenv("KEY", text)
        with pytest.raises(SettingsError, match=sentence) as caught:
            signers(keyed(key_env="KEY"))
        assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingsError, match="is not set"):
        signers(keyed(key_env="MISSING"))
    with pytest.raises(SettingsError, match="cannot be read"):
        signers(keyed(key_file=str(tmp_path / "none.pem")))


def test_a_key_is_in_one_place() -> None:
    """Neither none nor two."""
    for where in ({}, {"key_env": "A", "key_file": "b"}):
        with pytest.raises(ValueError, match="needs either key_env or key_file"):
            DkimSettings(selector="s1", **where)
