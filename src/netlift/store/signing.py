"""Signed heads: how far the audit trail went at some moment, under an Ed25519 signature (RFC 8032) of this data directory.

The key is never in the database: who can rewrite every table still cannot sign a head of the rewritten trail.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from netlift.errors import SettingsError
from netlift.store.canonical import canonical
from netlift.store.secret_files import replace_secret, secret

KEY, PUBLIC = "audit.key", "audit.pub"


@dataclass(frozen=True, slots=True)
class Head:
    """How far the trail went at some moment."""

    events: int
    hash: str


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with its time (ISO 8601, UTC) and the signature over all three, in base64."""

    events: int
    hash: str
    at: str
    signature: str

    @property
    def head(self) -> Head:
        """What was signed, without time."""
        return Head(self.events, self.hash)


def make_key(folder: Path) -> None:
    """Give a data directory its signing key and the public half beside it, which others may have to check heads with."""
    if (folder / PUBLIC).exists():
        return
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret(folder / KEY, fresh)
    public = _key(folder).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    replace_secret(folder / PUBLIC, public)  # whole or not at all, also when two processes start at once


def sign(head: Head, at: str, folder: Path) -> SignedHead:
    """A head under the signature of the data directory."""
    signature = _key(folder).sign(_signed(head.events, head.hash, at))
    return SignedHead(head.events, head.hash, at, base64.b64encode(signature).decode())


def is_ours(head: SignedHead, folder: Path) -> bool:
    """Whether the data directory's key signed exactly this. Asked of the private key's own public half: the file can be exchanged."""
    public: Ed25519PublicKey = _key(folder).public_key()
    try:
        public.verify(base64.b64decode(head.signature, validate=True), _signed(head.events, head.hash, head.at))
    except (InvalidSignature, ValueError):
        return False
    return True


def told(head: SignedHead) -> dict[str, str | int]:
    """The head as plain values for JSON."""
    return asdict(head)


def line(head: SignedHead) -> str:
    """The head as a line of JSON."""
    return json.dumps(told(head))


def read(value: object) -> SignedHead | None:
    """A head from what `told` made; None where it is none."""
    if not isinstance(value, Mapping):
        return None
    events, texts = value.get("events"), [value.get(name) for name in ("hash", "at", "signature")]
    if type(events) is not int or not all(isinstance(text, str) for text in texts):
        return None
    return SignedHead(events, *(str(text) for text in texts))


def parse(text: str) -> SignedHead | None:
    """A head from a line of JSON; None where it is none."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return None
    return read(value)


def _key(folder: Path) -> Ed25519PrivateKey:
    path = folder / KEY
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The key of the audit trail '{path}' cannot be read; put it back from the backup of the data directory."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"The key of the audit trail '{path}' is of another kind than Ed25519; put the right one back.")
    return key


def _signed(events: int, hash_: str, at: str) -> bytes:
    return b"netlift audit head\n" + canonical({"events": events, "hash": hash_, "at": at})
