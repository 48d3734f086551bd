"""What the parts of netlift.toml share."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from netlift.errors import SettingsError


class Section(BaseModel):
    """A part of netlift.toml: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def this_machine(host: str) -> bool:
    """Whether nothing said to this host leaves the machine: "localhost" or an address of the loopback interface."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: whatever it looks like, it may lead anywhere
        return False


def variable(name: str) -> str:
    """The name of an environment variable as it may be shown: what does not look like one may be the secret itself."""
    return name if re.fullmatch("[A-Z][A-Z0-9_]*", name) else "(not shown: it does not look like the name of one)"


def secret(env: str | None, file: str | None, key: str) -> str | None:
    """A secret from the environment or a file, read each time it is needed; None where neither is named; line ends after it are cut.

    Raises:
        SettingsError: it is not there, empty, or holds a control character; it is never shown.
    """
    if env:
        if env not in os.environ:
            raise SettingsError(f"The environment variable {variable(env)}, named as {key}_env, is not set.")
        found, where = os.environ[env].rstrip("\r\n"), f"The environment variable {env}, named as {key}_env,"
    elif file:
        try:
            found, where = Path(file).read_text(encoding="utf-8").strip(), f"{key}_file '{file}'"
        except OSError as error:
            raise SettingsError(f"{key}_file '{file}' cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError:
            raise SettingsError(f"{key}_file '{file}' is no UTF-8 text; write the secret alone into it.") from None
    else:
        return None
    if not found or not found.isprintable():
        raise SettingsError(f"{where} is empty or holds a line break or another control character; write the secret alone into it.")
    return found
