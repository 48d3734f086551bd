"""Keyed hashes and the key of the contact data. No key is ever in the database."""

from __future__ import annotations

import functools
import hashlib
import hmac

from cryptography.fernet import Fernet

from netlift.errors import SettingsError
from netlift.settings import environment
from netlift.store.opening import store_folder
from netlift.store.secret_files import secret


def vault_key() -> bytes:
    """The key of the contact data: NETLIFT_VAULT_KEY, else a file in the data directory.

    Raises:
        SettingsError: the key is not a Fernet key.
    """
    given = environment().vault_key
    key = given.get_secret_value().encode() if given else secret(store_folder() / "vault.key", Fernet.generate_key())
    try:
        Fernet(key)
    except ValueError as error:
        where = "NETLIFT_VAULT_KEY" if given else "The file vault.key in the data directory"
        raise SettingsError(f"{where} is not a key: 32 random bytes in URL-safe base64 are expected.") from error
    return key


def keyed_hash(purpose: str, *parts: str, key: bytes | None = None) -> str:
    """HMAC-SHA-256 of some text under the vault's key, as 64 hexadecimal digits; different for every purpose.

    Args:
        purpose: what the hash is for.
        parts: the texts.
        key: `vault_key()`, for who hashes many and does not want it read each time.
    """
    text = "\x1f".join(parts)
    return hmac.new(_derived(key or vault_key(), purpose), text.encode(), hashlib.sha256).hexdigest()


@functools.lru_cache(maxsize=16)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()
