"""One way to write a value as bytes, so that its hash means something."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping


def canonical(value: object) -> bytes:
    """JSON with sorted keys, no spaces, text in Unicode NFC, as UTF-8.

    Raises:
        TypeError: the value holds something without one obvious spelling, such as a float: write it as text first.
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    raise TypeError(f"{value!r} has no canonical spelling; write it as text first")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not text")
    return unicodedata.normalize("NFC", key)
