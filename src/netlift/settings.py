"""netlift.toml as one frozen, typed object. Secrets come from the environment or files, never from this file."""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from netlift.errors import SettingsError

TABLES = (
    "customers",
    "transactions",
    "products",
    "events",
    "survey",
    "enrichment",
    "contacts",
    "consents",
    "campaigns",
    "contacted",
    "responses",
)


class Section(BaseModel):
    """A part of netlift.toml: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Project(Section):
    """Who this is for; money and time are read in this currency and zone."""

    name: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$", description='an ISO 4217 code in capitals, e.g. "USD",')
    time_zone: str = "UTC"
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$", description='an ISO 3166 code of two capitals, e.g. "US",')
    seed: int = 7

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"'{value}' is no time zone of the IANA list; write e.g. 'America/New_York'") from error
        return value


class EngineSettings(Section):
    """Where SQL runs. Files are always checked by DuckDB; with Spark, the features are computed there."""

    name: Literal["duckdb", "spark"] = "duckdb"
    threads: int | None = Field(default=None, ge=1, description="default: all cores")
    memory_limit: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$", description="e.g. '2GB'")
    master: str | None = Field(default=None, pattern=r"^local\[(\d+|\*)\]$", description="Spark on this machine; default 'local[*]'")
    remote: str | None = Field(
        default=None, pattern=r"^sc://[^/@\s]+(/|$)", description="a Spark Connect server, e.g. sc://spark.example.com"
    )
    token_env: str | None = Field(default=None, description="environment variable with the server's token; the way there is TLS then")
    exchange: Path | None = Field(default=None, description="folder that this machine and Spark's workers see under the same path")

    @model_validator(mode="after")
    def _spark_fits(self) -> EngineSettings:
        for key in ("master", "remote", "token_env", "exchange"):
            if self.name != "spark" and getattr(self, key) is not None:
                raise ValueError(f"{key} is for Spark, and name is '{self.name}'; write name = 'spark' or take {key} away")
        if self.remote is None:
            if self.token_env is not None:
                raise ValueError("token_env is for a server, and no remote is named")
            return self._exchange_fits()
        if self.master is not None:
            raise ValueError("master and remote are both given; Spark runs either on this machine or on a server")
        if "token=" in self.remote:
            raise ValueError("remote holds a token; secrets are not written here: name an environment variable in token_env")
        if self.exchange is None and not this_machine(urlsplit(self.remote).hostname or ""):
            raise ValueError("remote is another machine, so exchange must name a folder that this machine and Spark's workers both see")
        return self._exchange_fits()

    def _exchange_fits(self) -> EngineSettings:
        if self.exchange is not None and not self.exchange.is_absolute():
            raise ValueError(f"exchange is '{self.exchange}', and an absolute path is needed")
        return self

    def connect_url(self) -> str:
        """The address of the Spark Connect server, with the token from the environment."""
        token = _secret(self.token_env, None, "engine.token")
        remote = self.remote or ""
        if token is None:
            return remote
        start = remote if "/" in remote.removeprefix("sc://") else f"{remote}/"
        return f"{start};use_ssl=true;token={quote(token, safe='')}"


class Format(Section):
    """How a file is written. CSV is read strictly: anything outside this format is refused or quarantined."""

    kind: Literal["csv", "parquet", "jsonl", "xlsx", "sav"] | None = Field(default=None, description="default: by the file's name")
    shape: Literal["long", "wide", "limesurvey", "qualtrics", "typeform", "google_forms"] = "long"
    sheet: str | None = Field(default=None, description="of a workbook; default: the only one")
    questions: tuple[str, ...] = Field(default=(), description="columns that are questions; * stands for any text")
    options: dict[str, tuple[str, ...]] = Field(default={}, description="question with several answers: its columns, one an answer")
    separators: dict[str, str] = Field(default={}, description="question with several answers in one cell: what parts them")
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    date: str | None = Field(default=None, description="strptime format of dates, e.g. '%d-%m-%Y'; default ISO 8601")
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    missing: tuple[str, ...] = Field(default=(), description="words that mean a missing value, beside the empty field")
    time_zone: str | None = Field(default=None, description="zone of times without an offset; default: the project's")

    @model_validator(mode="after")
    def _marks_differ(self) -> Format:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands marks are both '{self.decimal}'")
        return self


def this_machine(host: str) -> bool:
    """Whether nothing said to this host leaves the machine: "localhost" or an address of the loopback interface."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: whatever it looks like, it may lead anywhere
        return False


def _secret(env: str | None, file: str | None, key: str) -> str | None:
    """A secret from the environment or a file, read each time it is needed; None where neither is named."""
    if env:
        if env not in os.environ:
            raise SettingsError(f"The environment variable {env}, named as {key}_env, is not set.")
        return os.environ[env]
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{key}_file '{file}' cannot be read: {error.strerror}.") from error
    return None


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


def _plain_address(value: str | None) -> str | None:
    """An address of a service: https, or http on this machine; without user, password or query."""
    parts = urlsplit(value or "https://-")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is no address; write one that begins with https://")
    if "@" in parts.netloc:
        raise ValueError("it holds a user or a password; write user and password_env instead")
    if parts.query or parts.fragment:
        raise ValueError(f"'{value}' has a '?' or '#' part; write the address of the service without it")
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
        return _secret(self.password_env, self.password_file, "password")


class ODataConnection(SignedIn):
    """An OData service of an SAP system."""

    kind: Literal["odata"]
    url: str
    version: Literal["v4", "v2"] = "v4"
    token_url: str | None = Field(default=None, description="OAuth 2 client credentials instead of user and password")
    client_id: str | None = None
    client_secret_env: str | None = None

    _safe_address = field_validator("url", "token_url")(_plain_address)

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
        return _secret(self.client_secret_env, None, "client_secret")


class ApiConnection(SignedIn):
    """A JSON API that answers page by page, e.g. of a survey tool."""

    kind: Literal["api"]
    url: str = Field(description="where the paths of tables begin")
    token_env: str | None = Field(default=None, description="environment variable with a token, instead of user and password")
    token_header: str = Field(default="Authorization", description="header that carries the token; Authorization: with 'Bearer ' before it")
    rows: str = Field(default="", description="where the list of rows is in a page, e.g. result.responses; default: the page is the list")
    paging: Literal["none", "next", "link_header", "cursor", "page", "offset"] = "none"
    next: str = Field(default="next", description="where the page's next link (paging next) or cursor (paging cursor) is")
    parameter: str | None = Field(default=None, description="query parameter of cursor, page or offset; default: that word")
    first: int = Field(default=1, ge=0, description="number of the first page (paging page)")
    size_parameter: str | None = Field(default=None, description="query parameter of the page size")
    size: int = Field(default=500, ge=1, le=100_000, description="rows asked for per page")

    _safe_address = field_validator("url")(_plain_address)

    @model_validator(mode="after")
    def _one_way_in(self) -> ApiConnection:
        basic = (self.user is not None, self.password_env is not None or self.password_file is not None)
        if any(basic) and not all(basic):
            raise ValueError("user goes with password_env or password_file; give both")
        if any(basic) and self.token_env is not None:
            raise ValueError("give user and password, or token_env, not both")
        return self

    def token(self) -> str | None:
        """The token, read from the environment each time it is needed."""
        return _secret(self.token_env, None, "token")


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


class TableSettings(Section):
    """One canonical table: where it is and how its columns are named there."""

    source: str = "files"
    path: str | None = None
    connection: str | None = Field(default=None, description="name of a [connections.…] section")
    relation: str | None = Field(default=None, description="table, view, entity set, or path of an API to read")
    query: str | None = Field(default=None, description="SQL to read instead of a relation")
    watermark: str | None = Field(default=None, description="column that grows with every change: only newer rows are fetched")
    format: Format = Format()
    columns: dict[str, str] = {}
    types: dict[str, Literal["text", "number", "timestamp"]] = {}
    derive: dict[str, str] = {}
    where: str | None = None
    key: tuple[str, ...] = Field(default=(), description="columns that name a row: of rows with the same, the one that came in last stands")
    returns: Literal["refuse", "keep"] = Field(default="refuse", description="transactions with a negative quantity or amount")
    duplicates: Literal["refuse", "quarantine", "last"] = Field(
        default="refuse", description="further rows with the same id, e.g. of a customer"
    )
    session_gap: float = Field(default=30, gt=0, description="minutes without an event that end a visit, where events have no session_id")
    bots: Literal["drop", "keep"] = Field(default="drop", description="events of machines, by user agent and pace")
    max_quarantined: float = Field(default=0.05, ge=0, le=1, description="share of rows above which the whole table is refused")
    provider: str | None = Field(default=None, description="enrichment: who the data come from")
    purpose: str | None = Field(default=None, description="enrichment: what they are used for, as customers were told")
    notice: str | None = Field(default=None, description="enrichment: where and when customers were told")
    social_media: bool = Field(default=False, description="enrichment: read what comes from social media, where everybody in it agreed")

    @model_validator(mode="after")
    def _surveys_only(self) -> TableSettings:
        style = self.format
        wide = style.shape != "long" or style.questions or style.options or style.separators or style.sheet
        if wide and self.source != "survey":
            raise ValueError(f"shape, questions, options, separators and sheet need source = 'survey', and source is '{self.source}'")
        return self


class EventNames(Section):
    """What a shop calls its browsing events; capitals, blanks and hyphens make no difference."""

    view: tuple[str, ...] = ("view", "product_view", "view_item", "view_product", "product_viewed")
    cart: tuple[str, ...] = ("cart", "add_to_cart", "addtocart", "product_added", "added_to_cart")
    purchase: tuple[str, ...] = ("purchase", "order", "order_completed", "order_placed", "transaction", "buy")

    @model_validator(mode="after")
    def _one_meaning(self) -> EventNames:
        named = [event_key(word) for word in (*self.view, *self.cart, *self.purchase)]
        twice = sorted({n for n in named if named.count(n) > 1})
        if twice:
            raise ValueError(f"the event '{twice[0]}' is named twice; give it one meaning")
        return self


def event_key(name: str) -> str:
    """How names of events are compared; features/browsing.py does the same in SQL."""
    return name.strip().replace(" ", "_").replace("-", "_").lower()


class OwnFeature(Section):
    """A feature of the user's own, as an SQL expression."""

    sql: str = Field(description="over the rows of a table before as_of, e.g. count_if(channel = 'app'); without `of`, over other features")
    of: Literal["transactions", "events", "survey", "contacted", "responses"] | None = None
    unit: str = ""
    meaning: str = Field(min_length=1, description="what the number says of a customer, in words")
    scale: Literal["standard", "log", "logit"] = "standard"
    sensitivity: Literal["none", "A", "B", "C"] | None = Field(default=None, description="default: by the words in names and expression")


class FeatureSettings(Section):
    """Which features, as of when."""

    as_of: date | None = None
    include: tuple[str, ...] = ()
    value: str | None = Field(default=None, description="what a customer is worth: a feature or numeric column; default: money spent")
    scale: Literal["auto", "standard"] = "auto"
    events: EventNames = EventNames()
    own: dict[str, OwnFeature] = Field(default={}, description="features of your own, by name")


class ResponseSettings(Section):
    """The outcome that judges segments, and its accounting."""

    column: str | None = None
    campaign: str = Field(default="past campaigns", description="the accounting's name in every figure")
    contact_cost: float = Field(ge=0)
    revenue: float = Field(gt=0)


class SegmentSettings(Section):
    """Which algorithms and numbers of segments are compared."""

    algorithms: tuple[str, ...] = ()
    k: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(ge=2)]] = (2, 10)

    @field_validator("k")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[0] > value[1]:
            raise ValueError(f"k = [{value[0]}, {value[1]}] runs backwards; write the smaller number first")
        return value


class OfferSettings(Section):
    """An offer, what it is about, and what is said."""

    name: str = Field(min_length=1)
    current: bool = False
    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("email",)
    subject: str | None = None
    text: str | None = None


class ExperimentSettings(Section):
    """Who is left alone so that the lift can be measured."""

    holdout: float = Field(default=0.1, ge=0, lt=1)


class ReviewSettings(Section):
    """What the committee needs, and contact caps."""

    quorum: int = Field(default=2, ge=2, description="votes needed; at least two people beside the author")
    max_contacts_7d: int = Field(default=5, ge=1)
    max_contacts_30d: int = Field(default=12, ge=1)
    min_audience: int = Field(default=100, ge=50)


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

    @model_validator(mode="after")
    def _no_clear_text_abroad(self) -> ChannelSettings:
        if not self.tls and not this_machine(self.host):
            raise ValueError(f"tls = false is allowed only on this machine, and host is '{self.host}'")
        return self

    def password(self) -> str | None:
        """The secret, read from the environment or a file each time it is needed."""
        return _secret(self.password_env, self.password_file, "password")


class Settings(Section):
    """The whole of netlift.toml. Relative paths are relative to `folder`."""

    project: Project
    engine: EngineSettings = EngineSettings()
    tables: dict[str, TableSettings]
    connections: dict[str, Connection] = {}
    features: FeatureSettings = FeatureSettings()
    response: ResponseSettings | None = None
    segments: SegmentSettings = SegmentSettings()
    offers: tuple[OfferSettings, ...] = ()
    experiment: ExperimentSettings = ExperimentSettings()
    review: ReviewSettings = ReviewSettings()
    channels: dict[str, ChannelSettings] = {}
    folder: Path = Field(default=Path(), exclude=True)
    sha256: str = Field(default="", exclude=True)

    @field_validator("tables")
    @classmethod
    def _canonical(cls, value: dict[str, TableSettings]) -> dict[str, TableSettings]:
        unknown = sorted(set(value) - set(TABLES))
        if unknown:
            raise ValueError(f"table '{unknown[0]}' is not a canonical table; they are {', '.join(TABLES)}")
        for name, table in value.items():
            if name != "enrichment" and (table.provider or table.purpose or table.notice or table.social_media):
                raise ValueError(f"provider, purpose, notice and social_media belong to enrichment; take them out of {name}")
        if not {"customers", "transactions"} & set(value):
            raise ValueError("neither customers nor transactions is given; one of them is needed")
        return value

    @model_validator(mode="after")
    def _offers_fit(self) -> Settings:
        names = [o.name for o in self.offers]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"two offers are named '{twice[0]}'; give each its own name")
        return self


class Environment(BaseSettings):
    """What netlift reads from the environment."""

    model_config = SettingsConfigDict(env_prefix="NETLIFT_", extra="ignore")

    data_dir: Path | None = None
    user: str | None = None
    vault_key: SecretStr | None = None  # key of the contact data; default: a file in the data directory
    lease_seconds: float = Field(default=30, gt=0)  # how long a process may be silent before others take over its messages


def environment() -> Environment:
    """The environment's part of the settings, as it is now.

    Raises:
        SettingsError: a variable holds what it cannot; the message names it.
    """
    try:
        return Environment()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "NETLIFT_" + str(first["loc"][0]).upper()
        raise SettingsError(f"The environment variable {name} is wrong: {first['msg'].lower()}.") from error


def read(path: Path) -> Settings:
    """Read and check netlift.toml.

    Raises:
        SettingsError: the file is missing, is not TOML, or a key or value is wrong; the message names it.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"'{path}' cannot be read ({error.strerror}); 'netlift init DIR' writes an example.") from error
    try:
        data = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"'{path}' is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"'{path}' is not valid TOML: {error}.") from error
    return parse(data, folder=path.parent.resolve(), sha256=hashlib.sha256(raw).hexdigest())


def given(config: Settings | Path | str) -> Settings:
    """Settings as they are, or read from a path: what a notebook hands to a verb."""
    return config if isinstance(config, Settings) else read(Path(config))


def parse(data: dict[str, Any], *, folder: Path, sha256: str) -> Settings:
    """Check the settings given as a dictionary (as `read` does with a file's)."""
    reserved = {"folder", "sha256"} & set(data)
    if reserved:
        raise SettingsError(f"'{reserved.pop()}' is not a key of netlift.toml.")
    try:
        return Settings.model_validate({**data, "folder": folder, "sha256": sha256})
    except ValidationError as error:
        raise SettingsError(_first_error(error)) from error


# what pydantic says of a wrong value -> what is expected, in a user's words
EXPECTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "too_long": "a shorter list",
    "string_type": "a text in quotes",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "dict_type": "a section",
    "model_type": "a section",
    "date_from_datetime_parsing": 'a day, e.g. "2026-10-01"',
}


def _first_error(error: ValidationError) -> str:
    """One sentence about the error that helps most: an unknown key is likelier a slip than a missing one is forgotten."""
    errors = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    first = errors[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    more = f" ({len(errors) - 1} more after this one.)" if len(errors) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"netlift.toml: '{key}' is not a known key{_meant(first['loc'])}; 'netlift init DIR' writes an example with every key.{more}"
    if first["type"] == "missing":
        return f"netlift.toml: '{key}' is missing; add it.{more}"
    if first["type"] == "value_error":
        return f"netlift.toml: {key}: {first['ctx']['error']}.{more}"
    field = _field(first["loc"])
    described = field.description if field is not None and first["type"] == "string_pattern_mismatch" else None
    expected = described or EXPECTED.get(first["type"]) or first["msg"].removeprefix("Input should be ").lower()
    return f"netlift.toml: {key} is {first['input']!r}, and {expected} is expected.{more}"


def _field(where: tuple[int | str, ...]) -> FieldInfo | None:
    """The setting at a place of the file, as far as it can be told."""
    model: type[BaseModel] | None = Settings
    found: FieldInfo | None = None
    for part in where:
        if model is not None and part in model.model_fields:
            found = model.model_fields[str(part)]
            model = next(iter(_sections(found.annotation)), None)
    return found


def _sections(hint: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any type hint
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint]
    return [section for part in get_args(hint) for section in _sections(part)]


def _meant(where: tuple[int | str, ...]) -> str:
    """The known key that an unknown one was probably meant to be."""
    name = str(where[-1])
    if name in {"password", "secret", "secret_key", "access_key", "client_secret"}:
        return f"; a secret never stands in the file: write {name}_env, the name of an environment variable"
    parent = _field(where[:-1])
    keys = [key for section in (_sections(parent.annotation) if parent else [Settings]) for key in section.model_fields]
    close = difflib.get_close_matches(name, [k for k in keys if k not in {"folder", "sha256"}], n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def data_dir() -> Path:
    """Where store, landed data and keys are kept: NETLIFT_DATA_DIR, else the user's data folder."""
    named = environment().data_dir
    if named is not None:
        return named.expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "netlift"
