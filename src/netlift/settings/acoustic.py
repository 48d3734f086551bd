"""A [channels.…] section of the kind acoustic: an organisation on Acoustic Campaign (Watson Campaign Automation)."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from netlift.settings.connections import plain_address
from netlift.settings.pace import Pace
from netlift.settings.section import secret

Id = Annotated[str, Field(pattern=r"^\d+$", description="a number in quotes, as the platform shows it,")]

COLUMN = r"^[^\x00-\x1f<>&]{1,60}$"


class AcousticSettings(Pace):
    """How an organisation on Acoustic Campaign is reached, and which of its objects a campaign uses."""

    kind: Literal["acoustic"]
    sender: str
    url: str = Field(description="of the pod, e.g. https://api-campaign-us-1.goacoustic.com; http:// only on this machine")
    token_url: str | None = Field(default=None, description="default: /oauth/token of url")
    client_id: str
    client_secret_env: str | None = None
    client_secret_file: str | None = None
    refresh_token_env: str | None = None
    refresh_token_file: str | None = None
    sftp_host: str = Field(description="e.g. transfer-campaign-us-1.goacoustic.com")
    sftp_port: int = Field(default=22, ge=1, le=65535)
    sftp_user: str
    sftp_password_env: str | None = None
    sftp_password_file: str | None = None
    sftp_host_key: str = Field(
        pattern=r"^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+$", description="the server's public key, e.g. 'ssh-ed25519 AAAA…',"
    )
    ca_file: str | None = Field(default=None, description="certificates one of which must have signed the server's; default: the system's")
    database: Id
    template: Id  # of offers that `templates` does not name
    templates: dict[str, Id] = Field(default={}, description="mailing template by offer")
    suppression_lists: tuple[Id, ...] = ()
    key_column: str = Field(default="CUSTOMER_ID", pattern=COLUMN, description="column of the database that takes customer ids")
    columns: dict[Annotated[str, Field(pattern=COLUMN)], str] = Field(
        default={}, description="column of the database: column of contacts, or message.subject, message.text, message.offer"
    )
    batch_size: int = Field(default=100_000, ge=1, le=200_000, description="most people of one mailing")
    connections: int = Field(default=3, ge=1, le=10, description="requests at the same time; the platform allows 10")
    lead_minutes: int = Field(default=15, ge=1, description="between the order and the mailing: time to cancel it on the platform")
    max_rejected: float = Field(default=0.05, ge=0, le=1, description="share of refused rows above which nothing is mailed")
    time_zone: str = Field(default="UTC", description="of the times in the platform's answers: check with one test mailing")
    reply_timeout: float = Field(default=60, gt=0, description="seconds")

    _safe_address = field_validator("url", "token_url")(plain_address)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"'{value}' is no time zone of the IANA list; write e.g. 'America/New_York'") from error
        return value

    @model_validator(mode="after")
    def _secrets_are_named(self) -> AcousticSettings:
        for key in ("client_secret", "refresh_token", "sftp_password"):
            env, file = getattr(self, f"{key}_env"), getattr(self, f"{key}_file")
            if (env is None) == (file is None):
                raise ValueError(f"{key}_env or {key}_file is needed, and {'both are' if env else 'neither is'} given")
        return self

    @model_validator(mode="after")
    def _columns_differ(self) -> AcousticSettings:
        taken = {"EMAIL", self.key_column} & set(self.columns)
        if taken or self.key_column == "EMAIL":
            raise ValueError(
                f"the column '{min(taken, default='EMAIL')}' is filled by netlift itself; take it out of columns and key_column"
            )
        strange = [f for f in self.columns.values() if f.startswith("message.") and not re.fullmatch(r"message\.(subject|text|offer)", f)]
        if strange:
            raise ValueError(f"columns names '{strange[0]}', and of a message there are: message.subject, message.text, message.offer")
        return self

    def client_secret(self) -> str:
        """The secret of the application, read each time it is needed."""
        return secret(self.client_secret_env, self.client_secret_file, "client_secret") or ""

    def refresh_token(self) -> str:
        """The refresh token of the account, read each time it is needed."""
        return secret(self.refresh_token_env, self.refresh_token_file, "refresh_token") or ""

    def sftp_password(self) -> str:
        """The password of the SFTP user, read each time it is needed."""
        return secret(self.sftp_password_env, self.sftp_password_file, "sftp_password") or ""
