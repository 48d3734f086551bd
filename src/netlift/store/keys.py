"""Keyed hashes and the keys of the contact data. No key is ever in the database."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Sequence

from cryptography.fernet import Fernet, MultiFernet

from netlift.errors import SettingsError
from netlift.settings import environment
from netlift.store.opening import store_folder
from netlift.store.secret_files import replace_secret, secret

KEY_FILE = "vault.key"


def vault_keys() -> tuple[bytes, ...]:
    """The keys of the contact data, the newest first: NETLIFT_VAULT_KEY, else the file vault.key in the data directory.

    Several are parted by commas or line ends: the first encrypts, all of them decrypt, the last makes the keyed hashes.

    Raises:
        SettingsError: one of them is not a Fernet key.
    """
    given = environment().vault_key
    text = given.get_secret_value() if given else secret(store_folder() / KEY_FILE, Fernet.generate_key()).decode()
    keys = tuple(part.encode() for part in re.split(r"[\s,]+", text) if part)
    try:
        box(keys)
    except ValueError as error:
        where = "NETLIFT_VAULT_KEY" if given else f"The file {KEY_FILE} in the data directory"
        raise SettingsError(f"{where} is not a key: 32 random bytes in URL-safe base64 are expected.") from error
    return keys


def box(keys: Sequence[bytes] | None = None) -> MultiFernet:
    """What encrypts with the newest key and decrypts with any."""
    return MultiFernet([Fernet(key) for key in (vault_keys() if keys is None else keys)])


def vault_key() -> bytes:
    """The key of the keyed hashes: the oldest, because hashes of people who were erased cannot be made anew with another.

    Raises:
        SettingsError: it is not a Fernet key.
    """
    return vault_keys()[-1]


def renew() -> bool:
    """Put a new key before those of the key file; False where the keys come from the environment, so that who set them renews them."""
    if environment().vault_key:
        return False
    path = store_folder() / KEY_FILE
    keys = (Fernet.generate_key(), *vault_keys())
    replace_secret(path, b"\n".join(keys) + b"\n")
    return True


def keyed_hash(purpose: str, *parts: str, key: bytes | None = None) -> str:
    """HMAC-SHA-256 of some text under the vault's key, as 64 hexadecimal digits; different for every purpose.

    Args:
        purpose: what the hash is for.
        parts: the texts.
        key: `vault_key()`, for who hashes many and does not want it read each time.
    """
    text = "\x1f".join(parts)
    return hmac.digest(_derived(key or vault_key(), purpose), text.encode(), "sha256").hex()


@functools.lru_cache(maxsize=16)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()
