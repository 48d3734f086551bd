"""Where data outside this machine are, and who signs in there. Secrets are named here, never written."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from netlift.errors import SettingsError
from netlift.settings.section import Section, secret, this_machine


class S3Connection(Section):
    """An S3-compatible object store."""

    kind: Literal["s3"]
    endpoint: str | None = Field(default=None, description="default: Amazon's; http:// only on this machine")
    region: str = "us-east-1"
    path_style: bool = False
    access_key_env: str | None = None
    secret_key_env: str | None = None
    session_token_env: str | None = None
    credentials_file: str | None = Field(default=None, description="an AWS credentials file; without keys: the machine's role")
    profile: str = "default"


def plain_address(value: str | None) -> str | None:
    """An address of a service: https, or http on this machine; without user, password or query."""
    parts = urlsplit(value or "https://-")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is no address; write one that begins with https://")
    if "@" in parts.netloc:
        raise ValueError("it holds a user or a password; write user and password_env instead")
    if parts.query or parts.fragment:
        raise ValueError("it has a '?' or '#' part; write the address of the service without it")  # a secret may stand there
    if parts.scheme == "http" and not this_machine(parts.hostname):
        raise ValueError(f"http is allowed only on this machine, and '{value}' is elsewhere; write https")
    return value


class SignedIn(Section):
    """Who signs in, and where the password is."""

    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None

    def password(self) -> str | None:
        """The secret of `user`, read from the environment or a file each time it is needed."""
        return secret(self.password_env, self.password_file, "password")


class ODataConnection(SignedIn):
    """An OData service of an SAP system."""

    kind: Literal["odata"]
    url: str
    version: Literal["v4", "v2"] = "v4"
    token_url: str | None = Field(default=None, description="OAuth 2 client credentials instead of user and password")
    client_id: str | None = None
    client_secret_env: str | None = None

    _safe_address = field_validator("url", "token_url")(plain_address)

    @model_validator(mode="after")
    def _one_way_in(self) -> ODataConnection:
        basic = (self.user is not None, self.password_env is not None or self.password_file is not None)
        oauth = (self.token_url is not None, self.client_id is not None, self.client_secret_env is not None)
        if any(basic) and any(oauth):
            raise ValueError("give user and password, or token_url, client_id and client_secret_env, not both")
        if any(basic) and not all(basic):
            raise ValueError("user goes with password_env or password_file; give both")
        if any(oauth) and not all(oauth):
            raise ValueError("token_url, client_id and client_secret_env belong together; give all three")
        return self

    def client_secret(self) -> str | None:
        """The secret of `client_id`, read from the environment each time it is needed."""
        return secret(self.client_secret_env, None, "client_secret")


class ApiConnection(SignedIn):
    """A JSON API that answers page by page, e.g. of a survey tool."""

    kind: Literal["api"]
    url: str = Field(description="where the paths of tables begin")
    token_env: str | None = Field(default=None, description="environment variable with a token, instead of user and password")
    token_header: str = Field(
        default="Authorization",
        pattern=r"^[A-Za-z0-9-]+$",
        description="header that carries the token; Authorization: with 'Bearer ' before it",
    )
    rows: str = Field(default="", description="where the list of rows is in a page, e.g. result.responses; default: the page is the list")
    paging: Literal["none", "next", "link_header", "cursor", "page", "offset"] = "none"
    next: str = Field(default="next", description="where the page's next link (paging next) or cursor (paging cursor) is")
    parameter: str | None = Field(default=None, description="query parameter of cursor, page or offset; default: that word")
    first: int = Field(default=1, ge=0, description="number of the first page (paging page)")
    size_parameter: str | None = Field(default=None, description="query parameter of the page size")
    size: int = Field(default=500, ge=1, le=100_000, description="rows asked for per page")

    _safe_address = field_validator("url")(plain_address)

    @model_validator(mode="after")
    def _one_way_in(self) -> ApiConnection:
        basic = (self.user is not None, self.password_env is not None or self.password_file is not None)
        if any(basic) and not all(basic):
            raise ValueError("user goes with password_env or password_file; give both")
        if any(basic) and self.token_env is not None:
            raise ValueError("give user and password, or token_env, not both")
        return self

    def token(self) -> str | None:
        """The token, read from the environment each time it is needed.

        Raises:
            SettingsError: it is not there, or no header can carry it.
        """
        token = secret(self.token_env, None, "token")
        if token is not None and not token.isascii():
            raise SettingsError(f"The environment variable {self.token_env} holds a letter that no token has, such as ä; copy it anew.")
        return token


class SqlConnection(SignedIn):
    """A SQL database."""

    kind: Literal["postgres", "hana", "sqlalchemy"]
    url: str | None = Field(default=None, description="SQLAlchemy URL without password, for kind sqlalchemy")
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535)
    database: str | None = None
    tls: bool = Field(default=True, description="may be off only on this machine, which needs none")
    ca_file: str | None = Field(default=None, description="certificates one of which must have signed the server's; postgres and hana")

    @model_validator(mode="after")
    def _no_clear_text_abroad(self) -> SqlConnection:
        if not self.tls and not this_machine(self.host):
            raise ValueError(f"tls = false is allowed only on this machine, and host is '{self.host}'")
        return self

    def on_this_machine(self) -> bool:
        """Whether nothing said to the database leaves this machine."""
        return this_machine(self.host)


Connection = Annotated[S3Connection | ODataConnection | ApiConnection | SqlConnection, Field(discriminator="kind")]
