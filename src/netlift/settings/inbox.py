"""[inbox]: the mailbox to which returned mail and complaints come."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from netlift.settings.section import Section, secret, this_machine

PORTS = {"imap": 993, "pop3": 995}


class InboxSettings(Section):
    """How the mailbox is reached: a Maildir on this machine, or a server of IMAP or POP3."""

    kind: Literal["maildir", "imap", "pop3"]
    path: str | None = Field(default=None, description="maildir: the folder that holds new, cur and tmp")
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535, description="default: 993 of imap, 995 of pop3")
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    mailbox: str = Field(default="INBOX", min_length=1, description="imap: which of the user's mailboxes")
    tls: bool = Field(default=True, description="from the first byte; may be off only on this machine")
    reply_timeout: float = Field(default=30, gt=0, description="seconds")

    @model_validator(mode="after")
    def _can_be_reached(self) -> InboxSettings:
        if self.kind == "maildir" and not self.path:
            raise ValueError("a maildir needs path, the folder that holds new, cur and tmp")
        if self.kind != "maildir" and not (self.user and (self.password_env or self.password_file)):
            raise ValueError(f"{self.kind} needs user, and password_env or password_file")
        if not self.tls and not this_machine(self.host):
            raise ValueError(f"tls = false is allowed only on this machine, and host is '{self.host}'")
        return self

    def password(self) -> str:
        """The secret, read from the environment or a file each time it is needed."""
        return secret(self.password_env, self.password_file, "password") or ""

    def server_port(self) -> int:
        """The port, or the usual one of the kind."""
        return self.port or PORTS[self.kind]
