"""netlift.toml: what is accepted, and how a mistake is told."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel

from netlift.errors import SettingsError
from netlift.settings import ChannelSettings, Settings, data_dir, environment, parse, read

PROJECT = {"name": "shop", "currency": "USD"}


def given(**sections: Any) -> Settings:
    return parse({"project": PROJECT, "tables": {"transactions": {}}, **sections}, folder=Path(), sha256="")


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"project": {"name": "shop"}}, "'project.currency' is missing; add it"),
        ({"segmnts": {}}, "'segmnts' is not a known key"),
        ({"segments": {"kk": 3}}, "'segments.kk' is not a known key"),
        ({"segments": {"k": [5, 2]}}, r"k = \[5, 2\] runs backwards"),
        ({"project": {**PROJECT, "time_zone": "New York"}}, "'New York' is no time zone"),
        ({"tables": {"orders": {}}}, "table 'orders' is not a canonical table"),
        ({"tables": {"products": {}}}, "neither customers nor transactions is given"),
        ({"review": {"quorum": 1}}, "review.quorum is 1, and greater than or equal to 2 is expected"),
        ({"project": {"name": "shop", "currency": "dollar"}}, "project.currency is 'dollar', and an ISO 4217 code in capitals"),
        ({"project": {"name": "shop", "curency": "USD"}}, "'project.curency' is not a known key; did you mean 'currency'"),
        ({"ofers": []}, "'ofers' is not a known key; did you mean 'offers'"),
        ({"segments": {"k": 4}}, "segments.k is 4, and a list is expected"),
        ({"experiment": {"holdout": "ten"}}, "experiment.holdout is 'ten', and a number is expected"),
        ({"channels": {"email": {"sender": "x", "password": "p"}}}, "'channels.email.password' is not a known key; a secret never"),
        ({"experiment": {"holdout": 1.5}}, "experiment.holdout is 1.5"),
        ({"response": {"contact_cost": -1, "revenue": 5}}, "response.contact_cost is -1"),
        ({"offers": [{"name": "a"}, {"name": "a"}]}, "two offers are named 'a'"),
        ({"channels": {"email": {"sender": "x", "host": "mail.example.com", "tls": False}}}, "tls = false is allowed only on this machine"),
        ({"channels": {"email": {"sender": "x", "host": "127.0.0.1.example.com", "tls": False}}}, "allowed only on this machine"),
        ({"allocation": {"budget": -5}}, "allocation.budget is -5, and greater than or equal to 0 is expected"),
        ({"allocation": {"budget": float("nan")}}, "allocation.budget is nan, and a finite number is expected"),
        ({"allocation": {"capacity": {"fax": 5}}}, "allocation.capacity names the channel 'fax', and the channels set up are: none"),
        ({"allocation": {"judged_by": "median"}}, "allocation.judged_by is 'median', and 'mean' or 'lower bound' is expected"),
        (
            {"channels": {"email": {"sender": "x"}}, "allocation": {"budget": 5}},
            "allocation.budget is given, and what a contact by email costs is not; add it to allocation.contact_cost",
        ),
        ({"channels": {"budget": {"sender": "x"}}, "allocation": {}}, "a channel is named 'budget'"),
        ({"folder": "/tmp"}, "'folder' is not a key"),
        ({"channels": {"email": {"sender": "x", "port": "many"}}}, "netlift.toml: channels.email.port is 'many', and a whole number is"),
        ({"connections": {"w": {"kind": "api", "url": 3}}}, "netlift.toml: connections.w.url is 3, and a text in quotes is expected"),
        (
            {"connections": {"w": {"kind": "api", "url": "https://x.org", "token": "t"}}},
            "'connections.w.token' is not a known key; a secret never stands in the file: write token_env",
        ),
        (
            {"connections": {"w": {"kind": "api", "url": "https://x.org", "token_env": ["S3cr3tPW"]}}},
            "connections.w.token_env is something else, and a text in quotes is expected",
        ),
    ],
)
def test_a_mistake_gets_one_sentence(sections: dict[str, Any], told: str) -> None:
    """Every wrong key or value is named with what was found and what is right."""
    with pytest.raises(SettingsError, match=told):
        given(**sections)


def test_a_contact_costs_what_its_channel_says_else_the_usual() -> None:
    """The channel's own cost counts, then that of [response], then nothing."""
    channels = {"email": {"sender": "x"}, "letter": {"sender": "x"}}
    response = {"contact_cost": 2, "revenue": 9}
    found = given(channels=channels, response=response, allocation={"contact_cost": {"email": 0.5}})
    assert (found.contact_cost("email"), found.contact_cost("letter")) == (0.5, 2)
    assert (given(channels=channels, response=response).contact_cost("email"), given().contact_cost("email")) == (2, 0)


def test_settings_are_frozen() -> None:
    """Nobody changes settings on the way."""
    with pytest.raises(ValueError, match="frozen"):
        given().project.seed = 8


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"a = ", "not valid TOML"), (b"\xff\xfe", "not UTF-8 text")],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    """Bad syntax and bad bytes are told with the file's name."""
    path = tmp_path / "netlift.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"netlift.toml' is {told}"):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that is not there says how to get an example."""
    with pytest.raises(SettingsError, match="netlift init"):
        read(tmp_path / "none.toml")


def test_secrets_come_from_environment_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is read where the settings point to, and a pointer to nothing is named."""
    monkeypatch.setenv("MAIL_SECRET", "s3cret")
    assert ChannelSettings(sender="a@example.com", password_env="MAIL_SECRET").password() == "s3cret"
    (tmp_path / "p").write_text("from file\n")
    assert ChannelSettings(sender="a@example.com", password_file=str(tmp_path / "p")).password() == "from file"
    with pytest.raises(SettingsError, match="MAIL_MISSING, named as password_env, is not set"):
        ChannelSettings(sender="a@example.com", password_env="MAIL_MISSING").password()
    with pytest.raises(
        SettingsError, match=r"variable \(not shown: it does not look like the name of one\), named as password_env, is not"
    ):
        ChannelSettings(sender="a@example.com", password_env="S3cr3tPW").password()


def test_the_data_directory_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NETLIFT_DATA_DIR decides; without it the user's data folder does."""
    assert data_dir() == tmp_path / "netlift"
    monkeypatch.delenv("NETLIFT_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert data_dir() == tmp_path / "xdg" / "netlift"


def _keys(model: type[BaseModel]) -> set[str]:
    keys = set()
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        keys.add(name)
        for kind in _models(get_type_hints(model, include_extras=False)[name]):
            keys |= _keys(kind)
    return keys


def _models(hint: Any) -> list[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint]
    return [model for part in get_args(hint) for model in _models(part)]


def test_the_example_documents_every_key_and_is_valid() -> None:
    """`netlift init` writes a file that passes and in which every key of the settings stands, live or after a #."""
    text = files("netlift").joinpath("example.toml").read_text(encoding="utf-8")
    missing = [key for key in _keys(Settings) if f"{key} = " not in text and f"[{key}" not in text and f".{key}]" not in text]
    assert missing == []
    assert parse(tomllib.loads(text), folder=Path(), sha256="").project.name == "My shop"


def test_a_wrong_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that cannot be read is told with the variable's name."""
    monkeypatch.setenv("NETLIFT_LEASE_SECONDS", "soon")
    with pytest.raises(SettingsError, match="NETLIFT_LEASE_SECONDS is wrong"):
        environment()


ACOUSTIC = {
    "kind": "acoustic",
    "sender": "Shop <news@example.com>",
    "url": "https://api.example.com",
    "client_id": "c",
    "client_secret_env": "A",
    "refresh_token_env": "B",
    "sftp_host": "sftp.example.com",
    "sftp_user": "u",
    "sftp_password_env": "C",
    "sftp_host_key": "ssh-ed25519 AAAA",
    "database": "1",
    "template": "2",
}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "pigeon"}, "channels.email"),
        ({"url": "http://api.example.com"}, "http is allowed only on this machine"),
        ({"client_secret_env": None}, "client_secret_env or client_secret_file is needed, and neither is given"),
        ({"sftp_password_file": "f"}, "sftp_password_env or sftp_password_file is needed, and both are given"),
        ({"columns": {"EMAIL": "x"}}, "the column 'EMAIL' is filled by netlift itself"),
        ({"columns": {"A": "message.colour"}}, "columns names 'message.colour', and of a message there are"),
        ({"database": 7}, "channels.email.database is 7, and a text in quotes is expected"),
        ({"database": "x"}, "channels.email.database is 'x', and a number in quotes, as the platform shows it, is expected"),
        ({"sftp_host_key": "MD5:1:2"}, "channels.email.sftp_host_key is 'MD5:1:2', and the server's public key"),
        ({"time_zone": "Mars"}, "'Mars' is no time zone"),
        ({"connections": 11}, "channels.email.connections is 11"),
        ({"port": 25}, "'channels.email.port' is not a known key"),
    ],
)
def test_a_mistake_in_a_section_for_acoustic_campaign(changes: dict[str, Any], told: str) -> None:
    """Each is one sentence that names the key as it stands in the file."""
    project = {"project": {"name": "s", "currency": "USD"}, "tables": {"customers": {"path": "c.csv"}}}
    with pytest.raises(SettingsError, match=re.escape(told)):
        parse({**project, "channels": {"email": {**ACOUSTIC, **changes}}}, folder=Path(), sha256="")
