"""[channels]: how people are reached."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from netlift.settings.section import Section, secret, this_machine


class ChannelSettings(Section):
    """How a channel is reached."""

    kind: Literal["smtp"] = "smtp"
    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    sender: str
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    tls: bool = Field(default=True, description="STARTTLS; may be off only on the loopback interface")
    reply_timeout: float = Field(default=30, gt=0, description="seconds")
    unknown: Literal["hold", "resend"] = "hold"
    per_second: float | None = Field(default=None, gt=0, description="messages")
    per_second_per_domain: float | None = Field(default=None, gt=0, description="messages to one recipient domain")
    warm_up: list[Annotated[int, Field(ge=1)]] = Field(default=[], description="messages on the sender's first, second, … day")

    @model_validator(mode="after")
    def _no_clear_text_abroad(self) -> ChannelSettings:
        if not self.tls and not this_machine(self.host):
            raise ValueError(f"tls = false is allowed only on this machine, and host is '{self.host}'")
        return self

    def password(self) -> str | None:
        """The secret, read from the environment or a file each time it is needed."""
        return secret(self.password_env, self.password_file, "password")
