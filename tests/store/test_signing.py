from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key

from netlift.errors import SettingsError
from netlift.store import signing
from netlift.store.signing import Head

HEAD, AT = Head(7, "ab" * 32), "2026-05-04T09:30:00.000000+00:00"

# RFC 8032, section 7.1, test 1: the secret key, and the signature of the empty message
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
OF_NOTHING = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)


def test_the_signature_is_that_of_rfc_8032() -> None:
    """The algorithm is Ed25519 as published."""
    assert Ed25519PrivateKey.from_private_bytes(SECRET).sign(b"") == OF_NOTHING


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    """A second start finds it; only its owner can read it."""
    signing.make_key(tmp_path)
    first = (tmp_path / "audit.key").read_bytes()
    (tmp_path / "audit.pub").unlink()
    signing.make_key(tmp_path)
    assert (tmp_path / "audit.key").read_bytes() == first
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600


def test_who_has_the_public_key_can_check_without_netlift(tmp_path: Path) -> None:
    """The exported PEM and the documented bytes are enough."""
    signing.make_key(tmp_path)
    signed = signing.sign(HEAD, AT, tmp_path)
    public = load_pem_public_key((tmp_path / "audit.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    message = f'netlift audit head\n{{"at":"{AT}","events":7,"hash":"{HEAD.hash}"}}'
    import base64

    public.verify(base64.b64decode(signed.signature), message.encode())


@pytest.mark.parametrize(
    "change", [{"events": 8}, {"hash": "ac" * 32}, {"at": AT.replace("2026", "2027")}, {"signature": "AAAA"}, {"signature": "not base64 é"}]
)
def test_every_part_is_signed(tmp_path: Path, change: dict[str, Any]) -> None:
    """Whatever is changed, the signature does not fit any more."""
    signing.make_key(tmp_path)
    signed = signing.sign(HEAD, AT, tmp_path)
    assert signing.is_ours(signed, tmp_path)
    assert not signing.is_ours(replace(signed, **change), tmp_path)


def test_another_key_is_another_signature(tmp_path: Path) -> None:
    """A head of another data directory is not ours, also where somebody exchanges the public key's file."""
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        signing.make_key(tmp_path / name)
    theirs = signing.sign(HEAD, AT, tmp_path / "theirs")
    (tmp_path / "ours" / "audit.pub").write_bytes((tmp_path / "theirs" / "audit.pub").read_bytes())
    assert not signing.is_ours(theirs, tmp_path / "ours")


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    """Where heads were signed before, a new key would make them all look forged: the loss is told instead."""
    signing.make_key(tmp_path)
    (tmp_path / "audit.key").unlink()
    signing.make_key(tmp_path)
    with pytest.raises(SettingsError, match="put it back from the backup"):
        signing.sign(HEAD, AT, tmp_path)


def test_line_and_back(tmp_path: Path) -> None:
    """A head survives being written as JSON; anything else is none."""
    signing.make_key(tmp_path)
    signed = signing.sign(HEAD, AT, tmp_path)
    assert signing.parse(signing.line(signed)) == signed
    for wrong in ("", "{}", "[1]", "null", '{"events": true, "hash": "", "at": "", "signature": ""}', signing.line(signed)[:-1]):
        assert signing.parse(wrong) is None


@pytest.mark.parametrize("content", [b"", b"no key", "ec"])
def test_a_key_that_is_none_is_named(tmp_path: Path, content: bytes | str) -> None:
    """A damaged key, or one of another kind, is one sentence."""
    if isinstance(content, str):
        from cryptography.hazmat.primitives.asymmetric import ec

        content = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "audit.key").write_bytes(content)
    with pytest.raises(SettingsError, match=r"audit\.key' (cannot be read|is of another kind)"):
        signing.sign(HEAD, AT, tmp_path)
