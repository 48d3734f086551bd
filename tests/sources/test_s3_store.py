"""Address, credentials and errors of an object store, without a server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from netlift.errors import MissingExtra, SettingsError
from netlift.settings import S3Connection
from netlift.sources import s3_store
from netlift.sources.s3_store import open_store, passing

KEYS = {"access_key_env": "LAKE_KEY", "secret_key_env": "LAKE_SECRET"}


def connection(**given: Any) -> S3Connection:
    return S3Connection(kind="s3", **given)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_KEY", "AK")
    monkeypatch.setenv("LAKE_SECRET", "SK")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"endpoint": "https://storage.example.com:9000/"}, "https://bucket.storage.example.com:9000"),
        ({"endpoint": "https://storage.example.com:9000/", "path_style": True}, "https://storage.example.com:9000"),
        ({"endpoint": "http://127.0.0.1:9000", "path_style": True}, "http://127.0.0.1:9000"),
        ({"endpoint": "http://[::1]:9000", "path_style": True}, "http://[::1]:9000"),
        ({"endpoint": "http://localhost:9000", "path_style": True}, "http://localhost:9000"),
    ],
)
def test_where_a_bucket_is(given: dict[str, Any], expected: str | None) -> None:
    """Without path style the bucket is a part of the host; plain http is for this machine."""
    assert s3_store._endpoint(connection(**given), "bucket", "connections.lake") == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"endpoint": "http://storage.example.com"}, "http:// is allowed only on this machine; write https://"),
        ({"endpoint": "http://127.0.0.1.example.com"}, "http:// is allowed only on this machine; write https://"),
        ({"endpoint": "http://10.0.0.1"}, "http:// is allowed only on this machine; write https://"),
        ({"endpoint": "http://127.0.0.1:9000"}, "an IP address, which cannot have a bucket before it; write path_style = true"),
        ({"endpoint": "https://[2001:db8::1]"}, "an IP address, which cannot have a bucket before it; write path_style = true"),
        ({"endpoint": "storage.example.com"}, "is no address"),
        ({"endpoint": "https://"}, "is no address"),
        ({"endpoint": "https://host:port"}, "is no address"),
        ({"endpoint": "ftp://host"}, "is no address"),
        ({"endpoint": "https://me:word@storage.example.com"}, "holds a user or password"),
        ({"endpoint": "ftp://me:word@storage.example.com:port"}, "holds a user or password"),
        ({"access_key_env": "LAKE_KEY"}, "needs both access_key_env and secret_key_env"),
        ({"session_token_env": "LAKE_KEY"}, "needs both access_key_env and secret_key_env"),
        ({**KEYS, "credentials_file": "x"}, "keep one of them"),
        ({**KEYS, "session_token_env": "LAKE_NONE"}, "variable LAKE_NONE, named as connections.lake.session_token_env, is not set"),
        ({"credentials_file": "none"}, "cannot be read: No such file"),
        ({"credentials_file": "file", "profile": "two"}, "has no profile 'two'; the profiles there are: one, three"),
        ({"credentials_file": "file", "profile": "three"}, "has no aws_secret_access_key in the profile 'three'"),
        ({"credentials_file": "broken"}, "is no AWS credentials file"),
    ],
)
def test_connections_that_cannot_be(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    """Each wrong key of a connection is told, and no secret is shown."""
    (tmp_path / "file").write_text("[one]\naws_access_key_id = a\naws_secret_access_key = HIDDEN\n[three]\naws_access_key_id = a\n")
    (tmp_path / "broken").write_text("HIDDEN")
    with pytest.raises(SettingsError) as caught:
        open_store(connection(**given), "bucket", name="lake", folder=tmp_path)
    assert said in str(caught.value)
    assert "HIDDEN" not in str(caught.value)
    assert "me:word" not in str(caught.value)


def test_renewed_keys_are_taken(tmp_path: Path) -> None:
    """Keys are read from their file each time they are needed."""
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b%\n")
    read = s3_store._credentials(connection(credentials_file="credentials"), "connections.lake", tmp_path)
    assert read is not None
    assert read() == {"access_key_id": "a", "secret_access_key": "b%", "token": None, "expires_at": None}
    file.write_text("[default]\naws_access_key_id = c\naws_secret_access_key = d\naws_session_token = e\n")
    assert read() == {"access_key_id": "c", "secret_access_key": "d", "token": "e", "expires_at": None}


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without obstore it is said what to install."""
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingExtra, match=r"Reading from object storage needs the extra 's3'.*pip install 'netlift\[s3\]'"):
        open_store(connection(**KEYS), "bucket", name="lake", folder=tmp_path)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (GenericError("request or response body error"), True),
        (GenericError("500 <Code>InternalError</Code>"), True),
        (GenericError("503 <Code>SlowDown</Code>"), True),
        (GenericError("404 <Code>NoSuchKey</Code>"), True),
        (GenericError("403 <Code>InvalidAccessKeyId</Code>"), False),
        (GenericError("400 <Code>ExpiredToken</Code>"), False),
        (PermissionDeniedError("403"), False),
        (None, False),
    ],
)
def test_what_is_asked_again(error: Exception | None, *, again: bool) -> None:
    """No answer and the server's own troubles are asked again; a refusal is not."""
    assert passing(error) == again
