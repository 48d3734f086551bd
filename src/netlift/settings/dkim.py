"""[[channels.….dkim]]: a key that signs every message of a channel."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from pydantic import Field, model_validator

from netlift.errors import SettingsError
from netlift.settings.section import Section, variable

MAX_KEY = 20_000  # bytes


class DkimSettings(Section):
    """Where the key is, and under which name receivers find its public half."""

    selector: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", description="its name in the DNS")
    domain: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]{3,253}$", description="default: the sender's")
    key_env: str | None = Field(default=None, description="variable with the private key: PEM, or its lines after each other")
    key_file: str | None = Field(default=None, description="or a file with it (PEM)")

    @model_validator(mode="after")
    def _one_place(self) -> DkimSettings:
        if (self.key_env is None) == (self.key_file is None):
            raise ValueError(f"the DKIM key '{self.selector}' needs either key_env or key_file")
        return self

    def below(self, folder: Path) -> DkimSettings:
        """The same with the file's path from this folder on."""
        return self if self.key_file is None else self.model_copy(update={"key_file": str(folder / self.key_file)})

    def pem(self) -> bytes:
        """The private key as it is kept.

        Raises:
            SettingsError: it is not there, or no PEM; it is never shown.
        """
        if self.key_file is not None:
            where = f"key_file '{self.key_file}'"
            try:
                found = Path(self.key_file).read_bytes()[: MAX_KEY + 1]
            except OSError as error:
                raise SettingsError(f"{where} of the DKIM key '{self.selector}' cannot be read: {error.strerror}.") from error
        else:
            where = f"The environment variable {variable(str(self.key_env))}"
            if str(self.key_env) not in os.environ:
                raise SettingsError(f"{where}, named as key_env of the DKIM key '{self.selector}', is not set.")
            found = os.environ[str(self.key_env)].encode()
        return _as_pem(found.strip(), where)


def _as_pem(found: bytes, where: str) -> bytes:
    """A PEM text; the base64 of a PKCS #8 key alone becomes one."""
    if found.startswith(b"-----BEGIN "):
        return found.replace(b"\\n", b"\n")
    try:
        der = base64.b64decode(b"".join(found.split()), validate=True)
    except binascii.Error:
        der = b""
    if not der or len(found) > MAX_KEY:
        raise SettingsError(f"{where} holds no private key in PEM; make one with: netlift dkim-key.")
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"
