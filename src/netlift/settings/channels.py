"""[channels]: how people are reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, field_validator, model_validator

from netlift.settings.acoustic import AcousticSettings
from netlift.settings.dkim import DkimSettings
from netlift.settings.pace import Pace
from netlift.settings.section import secret, this_machine
from netlift.settings.texts import KannelSettings, TwilioSettings

LINE = r"^[^\x00-\x1f\x7f{}<>]*$"  # what stands in every message: one line, no template and no markup
DOMAIN = r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$"
MAILBOX = r"[!#-?A-Z\^-~]+@[!-?A-Z\^-~]+"


class ChannelSettings(Pace):
    """How a mail server is reached, and what stands in every message: the kind that is meant where none is named."""

    kind: Literal["smtp"] = "smtp"
    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    sender: str
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    tls: bool = Field(default=True, description="STARTTLS; may be off only on the loopback interface")
    reply_timeout: float = Field(default=30, gt=0, description="seconds")
    bounces: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,31}@[A-Za-z0-9.-]+$",
        description='the plain address of the mailbox for returned mail, e.g. "bounces@example.com",',
    )
    track_clicks: bool = Field(default=False, description="links lead over the public address, which counts them under a pseudonym")
    track_opens: bool = Field(default=False, description="a picture in HTML messages is counted when it is loaded")
    connections: int = Field(default=8, ge=1, le=100, description="sessions of one process at the same time")
    messages_per_connection: int = Field(default=1000, ge=1)
    seconds_per_connection: float = Field(default=300, gt=0)
    postal_address: str = Field(default="", pattern=LINE, max_length=300, description="of the sender, in every message")
    unsubscribe_words: str = Field(default="Unsubscribe", pattern=LINE, min_length=1, max_length=100)
    utm: dict[str, str] = Field(default={}, description="parameters appended to every link, the same for everybody")
    list_id: str = Field(default="", pattern=f"{DOMAIN}|^$", description="a name below a domain of yours, e.g. news.example.com")
    dkim: tuple[DkimSettings, ...] = Field(default=(), description="keys that sign every message")
    test_recipients: tuple[str, ...] = Field(default=(), description="addresses, or @domains, that test messages may go to")
    seeds: tuple[str, ...] = Field(default=(), description="own addresses that get a copy when a launch begins; never customers")

    @model_validator(mode="after")
    def _no_clear_text_abroad(self) -> ChannelSettings:
        if not self.tls and not this_machine(self.host):
            raise ValueError(f"tls = false is allowed only on this machine, and host is '{self.host}'")
        return self

    @field_validator("utm")
    @classmethod
    def _utm_names_nobody(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not re.fullmatch(r"utm_[a-z_]+", name):
                raise ValueError(f"'{name}' is no parameter for utm; they are called utm_source, utm_medium, utm_campaign, …")
            if not re.fullmatch(r"[\w .+~-]{1,100}", text):
                raise ValueError(f"utm.{name} is '{text}'; write up to 100 letters, digits, blanks and . + - _ ~, the same for everybody")
        return value

    @field_validator("test_recipients", "seeds")
    @classmethod
    def _addresses(cls, value: tuple[str, ...], info: Any) -> tuple[str, ...]:  # noqa: ANN401 - pydantic's own record
        domains = info.field_name == "test_recipients"
        for text in value:
            if not re.fullmatch(MAILBOX, text) and not (domains and re.fullmatch(r"@[!-?A-Z\^-~]+", text)):
                raise ValueError(f"'{text}' in {info.field_name} is no address{' and no @domain' if domains else ''}")
        return value

    def password(self) -> str | None:
        """The secret, read from the environment or a file each time it is needed."""
        return secret(self.password_env, self.password_file, "password")


def _kind(value: Any) -> str:  # noqa: ANN401 - whatever stands in the file, or a section that was read already
    return str(value.get("kind", "smtp")) if isinstance(value, Mapping) else str(getattr(value, "kind", "smtp"))


AnyChannel = Annotated[
    Annotated[ChannelSettings, Tag("smtp")]
    | Annotated[AcousticSettings, Tag("acoustic")]
    | Annotated[TwilioSettings, Tag("twilio")]
    | Annotated[KannelSettings, Tag("kannel")],
    Discriminator(_kind),
]


def channel_settings(value: Mapping[str, Any]) -> AnyChannel:
    """One [channels.…] section, of the kind that it names."""
    section: AnyChannel = TypeAdapter(AnyChannel).validate_python(value)
    return section
