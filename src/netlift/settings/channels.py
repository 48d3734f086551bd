"""[channels]: how people are reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, model_validator

from netlift.settings.acoustic import AcousticSettings
from netlift.settings.pace import Pace
from netlift.settings.section import secret, this_machine


class ChannelSettings(Pace):
    """How a mail server is reached: the kind that is meant where none is named."""

    kind: Literal["smtp"] = "smtp"
    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    sender: str
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    tls: bool = Field(default=True, description="STARTTLS; may be off only on the loopback interface")
    reply_timeout: float = Field(default=30, gt=0, description="seconds")

    @model_validator(mode="after")
    def _no_clear_text_abroad(self) -> ChannelSettings:
        if not self.tls and not this_machine(self.host):
            raise ValueError(f"tls = false is allowed only on this machine, and host is '{self.host}'")
        return self

    def password(self) -> str | None:
        """The secret, read from the environment or a file each time it is needed."""
        return secret(self.password_env, self.password_file, "password")


def _kind(value: Any) -> str:  # noqa: ANN401 - whatever stands in the file, or a section that was read already
    return str(value.get("kind", "smtp")) if isinstance(value, Mapping) else str(getattr(value, "kind", "smtp"))


AnyChannel = Annotated[
    Annotated[ChannelSettings, Tag("smtp")] | Annotated[AcousticSettings, Tag("acoustic")],
    Discriminator(_kind),
]


def channel_settings(value: Mapping[str, Any]) -> AnyChannel:
    """One [channels.…] section, of the kind that it names."""
    section: AnyChannel = TypeAdapter(AnyChannel).validate_python(value)
    return section
