"""netlift.toml as one frozen, typed object. Secrets come from the environment or files, never from this file."""

from __future__ import annotations

import difflib
import functools
import hashlib
import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from netlift.errors import SettingsError
from netlift.settings.acoustic import AcousticSettings
from netlift.settings.allocation import AllocationSettings
from netlift.settings.campaign import CampaignSettings
from netlift.settings.channels import AnyChannel, ChannelSettings, channel_settings
from netlift.settings.connections import ApiConnection, Connection, ODataConnection, S3Connection, SqlConnection
from netlift.settings.dkim import DkimSettings
from netlift.settings.engine import EngineSettings
from netlift.settings.inbox import InboxSettings
from netlift.settings.register import RegisteredColumn
from netlift.settings.review import ReviewSettings
from netlift.settings.rules import HoursSettings, RulesSettings
from netlift.settings.section import Section, this_machine
from netlift.settings.texts import KannelSettings, TextSettings, TwilioSettings

__all__ = [
    "TABLES",
    "AcousticSettings",
    "AllocationSettings",
    "AnyChannel",
    "ApiConnection",
    "CampaignSettings",
    "ChannelSettings",
    "Connection",
    "DkimSettings",
    "EngineSettings",
    "Environment",
    "EventNames",
    "ExperimentSettings",
    "FeatureSettings",
    "Format",
    "HoursSettings",
    "InboxSettings",
    "KannelSettings",
    "ODataConnection",
    "OfferSettings",
    "OwnFeature",
    "Project",
    "RegisteredColumn",
    "ResponseSettings",
    "ReviewSettings",
    "RulesSettings",
    "S3Connection",
    "Section",
    "SegmentSettings",
    "Settings",
    "SqlConnection",
    "TableSettings",
    "TextSettings",
    "TwilioSettings",
    "channel_settings",
    "data_dir",
    "environment",
    "event_key",
    "given",
    "parse",
    "read",
    "this_machine",
]

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


class Project(Section):
    """Who this is for; money and time are read in this currency and zone."""

    name: str = Field(min_length=1)
    currency: str = Field(pattern=r"^[A-Z]{3}$", description='an ISO 4217 code in capitals, e.g. "USD",')
    time_zone: str = "UTC"
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$", description='an ISO 3166 code of two capitals, e.g. "US",')
    seed: int = Field(default=7, ge=0, lt=2**32)
    strict_register: bool = Field(default=False, description="refuse columns of customers and enrichment that are not registered")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"'{value}' is no time zone of the IANA list; write e.g. 'America/New_York'") from error
        return value


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
    registered: dict[str, RegisteredColumn] | None = Field(
        default=None, description="why each column is held, and until when; where it is given, others are refused"
    )
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
    horizon: int = Field(default=180, ge=1, le=3650, description="days ahead for which customers' spend is foretold")
    events: EventNames = EventNames()
    own: dict[str, OwnFeature] = Field(default={}, description="features of your own, by name")


class ResponseSettings(Section):
    """The outcome that judges segments, and its accounting."""

    column: str | None = None
    campaign: str = Field(default="past campaigns", description="the accounting's name in every figure")
    contact_cost: float = Field(ge=0, description="money per contact, where the campaign tells none of its own")
    revenue: float = Field(gt=0, description="money per response, where neither the response nor its campaign tells it")
    margin: float | None = Field(default=None, gt=0, le=1, description="share of sales that is earned; default: unknown, all counts")


class SegmentSettings(Section):
    """Which algorithms and numbers of segments are compared, and what the map shows."""

    algorithms: tuple[str, ...] = ()
    k: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(ge=2)]] = (2, 10)
    map: Literal["pca", "tsne"] = "pca"
    lifecycle: bool = Field(default=False, description="segments within stages of life: not bought yet, new, active, lapsing, lost")

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
    text: str | None = Field(default=None, description="plain text; default: what is read of the HTML, else one sentence")
    html: str | None = Field(default=None, description="plain HTML or netlift's blocks")
    html_file: str | None = Field(default=None, description="or a file with it")

    @model_validator(mode="after")
    def _one_html(self) -> OfferSettings:
        if self.html is not None and self.html_file is not None:
            raise ValueError(f"the offer '{self.name}' has both html and html_file; keep one of them")
        return self


class ExperimentSettings(Section):
    """Who is left alone so that the lift can be measured."""

    holdout: float = Field(default=0.1, ge=0, lt=1)
    universal_holdout: float = Field(default=0, ge=0, lt=1, description="share that no campaign contacts, the same customers for years")


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
    allocation: AllocationSettings | None = None
    experiment: ExperimentSettings = ExperimentSettings()
    review: ReviewSettings = ReviewSettings()
    rules: RulesSettings = RulesSettings()
    campaign: CampaignSettings = CampaignSettings()
    channels: dict[str, AnyChannel] = {}
    inbox: InboxSettings | None = None
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

    @model_validator(mode="after")
    def _means_fit(self) -> Settings:
        means = self.allocation
        if means is None:
            return self
        for key, by_channel in (("capacity", means.capacity), ("contact_cost", means.contact_cost)):
            strangers = sorted(set(by_channel) - set(self.channels))
            if strangers:
                known = ", ".join(self.channels) or "none"
                raise ValueError(f"allocation.{key} names the channel '{strangers[0]}', and the channels set up are: {known}")
        if "budget" in self.channels:
            raise ValueError("a channel is named 'budget', as the sum of all costs is; give the channel another name")
        free = sorted(set(self.channels) - set(means.contact_cost))
        if means.budget is not None and self.response is None and free:
            raise ValueError(f"allocation.budget is given, and what a contact by {free[0]} costs is not; add it to allocation.contact_cost")
        return self

    def contact_cost(self, channel: str) -> float:
        """Money per contact on a channel; 0 where no cost is given anywhere."""
        usual = self.response.contact_cost if self.response else 0.0
        return self.allocation.contact_cost.get(channel, usual) if self.allocation else usual


class Environment(BaseSettings):
    """What netlift reads from the environment."""

    model_config = SettingsConfigDict(env_prefix="NETLIFT_", extra="ignore", frozen=True)

    data_dir: Path | None = None
    user: str | None = None
    vault_key: SecretStr | None = None  # key of the contact data; default: a file in the data directory
    database_url: SecretStr | None = None  # postgresql://user@host:port/database; default: SQLite in the data directory
    database_password_file: Path | None = None  # where that user's password is, unless PGPASSWORD or a passfile has it
    audit_heads: Path | None = None  # a second folder for the noted heads of the audit trail, best on another disk
    lease_seconds: float = Field(default=30, gt=0)  # how long a process may be silent before others take over its messages
    public_url: str | None = None  # where strangers reach the console's public pages, e.g. "https://mail.shop.example"
    webhook_secret: SecretStr | None = None  # signs what providers post to the public webhook
    late_start_minutes: float = Field(default=60, gt=0)  # a planned start that is missed by more is never made up for

    @field_validator("public_url")
    @classmethod
    def _address_alone(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        plain = parts.hostname and not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
        if not plain or not (parts.scheme == "https" or (parts.scheme == "http" and this_machine(parts.hostname or ""))):
            raise ValueError(f"'{value}' is no public address; write https:// and the name of the server alone")
        return f"{parts.scheme}://{parts.netloc}"


def environment() -> Environment:
    """The environment's part of the settings, as it is now.

    Raises:
        SettingsError: a variable holds what it cannot; the message names it.
    """
    return _environment(tuple((name, value) for name, value in os.environ.items() if name.upper().startswith("NETLIFT_")))


@functools.lru_cache(maxsize=4)
def _environment(_variables: tuple[tuple[str, str], ...]) -> Environment:
    """Read once while the variables stay the same: whoever sends asks for every group of messages."""
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
    key = ".".join(str(part) for part in _written(first["loc"])) or "the file"
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
    given = "something else" if key.endswith(("_env", "_file")) else repr(first["input"])  # some write the secret itself there
    return f"netlift.toml: {key} is {given}, and {expected} is expected.{more}"


def _written(where: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The place as it stands in the file: without the kind of a connection or channel, by which pydantic chose its section."""
    return where[:2] + where[3:] if where[:1] in {("connections",), ("channels",)} and len(where) > 3 else where


def _field(where: tuple[int | str, ...]) -> FieldInfo | None:
    """The setting at a place of the file, as far as it can be told."""
    models: list[type[BaseModel]] = [Settings]
    found: FieldInfo | None = None
    for part in where:
        of_kind = [m for m in models if "kind" in m.model_fields and part in get_args(m.model_fields["kind"].annotation)]
        having = [m for m in of_kind or models if part in m.model_fields]
        if having:
            found = having[0].model_fields[str(part)]
            models = _sections(found.annotation)
        else:
            models = of_kind or models
    return found


def _sections(hint: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any type hint
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint]
    return [section for part in get_args(hint) for section in _sections(part)]


def _meant(where: tuple[int | str, ...]) -> str:
    """The known key that an unknown one was probably meant to be."""
    name = str(where[-1])
    if name in {"password", "secret", "secret_key", "access_key", "client_secret", "token", "session_token"}:
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
