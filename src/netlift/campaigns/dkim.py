"""Signatures of mail: DKIM with RSA (RFC 6376) and Ed25519 (RFC 8463), relaxed header and body.

Letters are those of RFC 6376: `b` the signature, `bh` the hash of the body, `h` the names of the signed headers.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from netlift.errors import SettingsError
from netlift.settings import ChannelSettings, DkimSettings

SIGNED = (  # in this order where they are there; From twice, so that a second one cannot be added (RFC 6376, 8.15)
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
    "feedback-id",
    "mime-version",
    "content-type",
)
BITS = 2048
LINE = 72  # characters of base64 on a line
Headers = Sequence[tuple[str, bytes]]  # name and value, from the top; a value begins after the colon and may be folded


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with the names under which receivers find its public half."""

    domain: str
    selector: str
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """The word for the tag a."""
        return "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"


def signers(settings: ChannelSettings) -> tuple[Signer, ...]:
    """The keys of a channel, read from where they are.

    Raises:
        SettingsError: a key is not there, is none, or is too weak.
    """
    domain = parseaddr(settings.sender)[1].rpartition("@")[2]
    return tuple(Signer(one.domain or domain, one.selector, _key(one)) for one in settings.dkim)


def signature(signer: Signer, headers: Headers, bh: str, *, at: int | None = None) -> bytes:
    """The header DKIM-Signature with its line end, for a mail with these headers.

    Args:
        signer: the key.
        headers: all headers of the mail, from the top.
        bh: what `body_hash` says of its body.
        at: seconds since 1970; default: now.
    """
    there = {name.lower() for name, _ in headers}
    h = [name for name in SIGNED if name in there] + ["from"]
    start = f"v=1; a={signer.algorithm}; c=relaxed/relaxed; d={signer.domain}; s={signer.selector};"
    tags = f" {start}\r\n\tt={int(time.time()) if at is None else at}; h={_folded_names(h)};\r\n\tbh={bh};\r\n\tb=".encode("ascii")
    signed = signing_input(headers, h, tags)
    if isinstance(signer.key, rsa.RSAPrivateKey):
        b = signer.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        b = signer.key.sign(hashlib.sha256(signed).digest())  # RFC 8463 section 3
    text = base64.b64encode(b)
    return b"DKIM-Signature:" + tags + b"\r\n\t ".join(text[i : i + LINE] for i in range(0, len(text), LINE)) + b"\r\n"


def signing_input(headers: Headers, h: Sequence[str], tags: bytes) -> bytes:
    """What is hashed and signed: the named headers, and the signature's own with an empty b (RFC 6376, sections 3.7 and 5.4.2)."""
    left: dict[str, list[bytes]] = {}
    for name, value in headers:
        left.setdefault(name.lower(), []).append(value)
    parts = [_relaxed(name, left[name].pop()) for name in map(str.lower, h) if left.get(name)]  # of several the last one counts first
    return b"".join(parts) + _relaxed("dkim-signature", tags)[:-2]


def body_hash(body: bytes) -> str:
    """The tag bh: base64 of SHA-256 of the relaxed body (RFC 6376 section 3.4.4)."""
    return base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode("ascii")


def relaxed_body(body: bytes) -> bytes:
    """Runs of blanks become one, those at line ends go, and so do empty lines at the end."""
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = re.sub(rb"[ \t]+(?=\r\n|$)", b"", re.sub(rb"[ \t]+", b" ", body))
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    if body == b"\r\n":
        return b""
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


def new_key(kind: str) -> bytes:
    """A new private key as PEM (PKCS #8): `kind` is "rsa" or "ed25519"."""
    key = rsa.generate_private_key(65537, BITS) if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def record(pem: bytes) -> str:
    """The text of the DNS record that publishes the key (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
    key = serialization.load_pem_private_key(pem, password=None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode('ascii')}"
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode('ascii')}"


def _key(settings: DkimSettings) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(settings.pem(), password=None)
    except (ValueError, TypeError) as error:  # a key with a password raises TypeError
        raise SettingsError(
            f"The DKIM key '{settings.selector}' is no private key in PEM without a password; make one with: netlift dkim-key."
        ) from error
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= BITS:
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    size = f" of {key.key_size} bits" if isinstance(key, rsa.RSAPrivateKey) else ""
    raise SettingsError(
        f"The DKIM key '{settings.selector}' is a {type(key).__name__.strip('_')}{size}; use RSA of {BITS} bits or Ed25519."
    )


def _relaxed(name: str, value: bytes) -> bytes:
    """Relaxed header (RFC 6376 section 3.4.2)."""
    return name.lower().encode("ascii") + b":" + b" ".join(value.split()) + b"\r\n"


def _folded_names(h: Sequence[str]) -> str:
    return ":".join(h[:6]) + ":\r\n\t " + ":".join(h[6:]) if len(h) > 6 else ":".join(h)
