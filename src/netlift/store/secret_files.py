"""Secrets that netlift makes for itself, each in a file of the data directory that its owner alone can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def secret(path: Path, fresh: bytes) -> bytes:
    """The secret in a file; where there is none yet, `fresh` becomes it. Safe when two processes start at once."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, it never replaces the key of whoever was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def replace_secret(path: Path, content: bytes) -> None:
    """Write a secret in place of the one in a file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
