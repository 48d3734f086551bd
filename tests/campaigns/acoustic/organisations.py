"""An organisation on the stand-in, the settings of a channel to it, and people to write to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netlift.campaigns.channels.acoustic import client, flow, token
from netlift.campaigns.testing import acoustic
from netlift.records import Delivery, Message
from netlift.settings import AcousticSettings, ChannelSettings
from tests.campaigns import letters

SECRETS = {
    "ACOUSTIC_SECRET": acoustic.CLIENT["client_secret"],
    "ACOUSTIC_REFRESH": acoustic.CLIENT["refresh_token"],
    "ACOUSTIC_SFTP": acoustic.PASSWORD,
}
MESSAGE = Message("Wine & <meat>", "email", "Søren's shop <news@shop.example>", "A letter for {{ name }}", "Hello {{ name }}")


def section(server: acoustic.Acoustic, **more: Any) -> dict[str, Any]:
    """The [channels.…] section."""
    given = {
        "kind": "acoustic",
        "sender": MESSAGE.sender,
        "url": server.url,
        "client_id": acoustic.CLIENT["client_id"],
        "client_secret_env": "ACOUSTIC_SECRET",
        "refresh_token_env": "ACOUSTIC_REFRESH",
        "sftp_host": "127.0.0.1",
        "sftp_port": server.sftp.port,
        "sftp_user": acoustic.USER,
        "sftp_password_env": "ACOUSTIC_SFTP",
        "sftp_host_key": server.sftp.host_key,
        "database": acoustic.DATABASE,
        "template": acoustic.TEMPLATE,
        "columns": {"FIRST_NAME": "name", "OFFER": "message.offer"},
        "reply_timeout": 1,
    }
    return {**given, **more}


def settings(server: acoustic.Acoustic, **more: Any) -> AcousticSettings:
    """The same, checked."""
    return AcousticSettings.model_validate(section(server, **more))


@contextmanager
def organisation(folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[acoustic.Acoustic]:
    """The stand-in; pauses of the client are short."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(token, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(flow, "FIRST_POLL", 0.02)
    monkeypatch.setattr(flow, "LOOK_PAUSE", 0.02)
    with acoustic.Acoustic(folder, **options) as server:
        yield server


def people(number: int, **changes: Any) -> list[Delivery]:
    """Deliveries to so many people, whose names need quoting."""
    given = {"message": MESSAGE, **changes}
    return [letters.delivery(i, fields={"name": f'Zoë "{i}", Söhne'}, **given) for i in range(number)]


def mail_settings() -> ChannelSettings:
    """A channel of the other kind."""
    return letters.settings(25)
