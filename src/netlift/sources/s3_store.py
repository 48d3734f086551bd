"""An S3-compatible object store: its address, its credentials, and its errors in one sentence."""

from __future__ import annotations

import configparser
import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from netlift.errors import MissingExtra, SettingsError, SourceError
from netlift.settings import S3Connection, this_machine
from netlift.settings.section import variable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Credential, S3Store

TIMEOUTS: ClientConfig = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "1day"}  # a large object takes long
RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}

MEANINGS = {
    "InvalidAccessKeyId": "does not know the access key; look at the key's name and value",
    "SignatureDoesNotMatch": "refuses the secret key; it does not belong to the access key",
    "ExpiredToken": "says that the session token has expired; get a new one",
    "TokenRefreshRequired": "says that the session token has expired; get a new one",
    "InvalidToken": "does not accept the session token; get a new one, together with its keys",
    "InvalidTokenId": "does not accept the session token; get a new one, together with its keys",
    "AccessDenied": "does not let this account list or read there; ask its owner for s3:ListBucket and s3:GetObject",
    "AllAccessDisabled": "does not let anybody read there; ask its owner",
    "NoSuchBucket": "has no such bucket; look at its name",
    "NoSuchKey": "has no such object; look at its name",
    "RequestTimeTooSkewed": "says that this machine's clock is wrong; set it",
    "PermanentRedirect": "says that the bucket is in another region; correct the connection's region",
    "AuthorizationHeaderMalformed": "expects another region; correct the connection's region",
    "SlowDown": "is asked too often; try again later",
}


def open_store(connection: S3Connection, bucket: str, *, name: str, folder: Path) -> S3Store:
    """The bucket, not yet asked anything; `name` is the connection's, relative paths are relative to `folder`.

    Raises:
        MissingExtra: obstore is not installed.
        SettingsError: the endpoint or the credentials cannot be.
    """
    try:
        from obstore.store import S3Store  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtra("s3", "Reading from object storage") from error
    where = f"connections.{name}"
    credentials = _credentials(connection, where, folder)
    endpoint = _endpoint(connection, bucket, where)
    return S3Store(
        bucket,
        config={"endpoint": endpoint, "aws_endpoint_url_s3": endpoint} if endpoint else {},  # both: AWS_ENDPOINT_URL_S3 would win
        region=connection.region,
        skip_signature=False,
        virtual_hosted_style_request=not connection.path_style,
        client_options={**TIMEOUTS, "allow_http": bool(endpoint and endpoint.startswith("http://"))},
        retry_config=RETRIES,
        credential_provider=credentials,
    )


@dataclass(frozen=True, slots=True)
class Bucket:
    """A store, and how to speak of it."""

    store: S3Store
    name: str
    endpoint: str | None

    @contextmanager
    def asked(self, key: str = "") -> Iterator[None]:
        """Errors of the store in the block become one sentence about the object or the bucket."""
        from obstore.exceptions import BaseError  # noqa: PLC0415 - optional

        try:
            yield
        except (BaseError, FileNotFoundError, ValueError) as error:
            raise _told(error, place=self.place(key), endpoint=self.endpoint) from error

    def place(self, key: str) -> str:
        """The object as the user would name it."""
        return f"s3://{self.name}/{key}".rstrip("/")


def _told(error: Exception, *, place: str, endpoint: str | None) -> SourceError:
    """What an error of the store means, for s3://bucket or s3://bucket/key."""
    text = str(error)
    store = endpoint or "Amazon S3"
    found = re.search(r"<Code>(\w+)</Code>", text)
    code = found[1] if found else ""
    if code in MEANINGS:
        return SourceError(f"'{place}' cannot be read: {store} {MEANINGS[code]} ({code}).")
    if isinstance(error, FileNotFoundError):
        return SourceError(f"'{place}' cannot be read: {store} {MEANINGS['NoSuchKey']}.")
    if "illegal character" in text or "empty path segment" in text:
        key = re.search(r'[Pp]ath "([^"]*)"', text)
        shown = f"'{key[1]}'" if key else "one"
        return SourceError(f"'{place}' holds an object that cannot be named safely, {shown}: rename it, or write a narrower path.")
    if "error sending request" in text or "metadata" in text:
        what = "no credentials could be had from this machine's role" if "/latest/" in text else f"{store} cannot be reached"
        return SourceError(f"'{place}' cannot be read: {what}; look at the connection's endpoint and keys, and at the network.")
    return SourceError(f"'{place}' cannot be read: {store} answers: {code or text.splitlines()[0][:300]}.")


def passing(error: BaseException | None) -> bool:
    """Whether to ask once more: no answer, half an answer, one that blames the server, or an object gone in the middle."""
    from obstore.exceptions import GenericError  # noqa: PLC0415 - optional

    return isinstance(error, GenericError) and not any(
        f"<Code>{code}<" in str(error) for code in MEANINGS.keys() - {"SlowDown", "NoSuchKey"}
    )


def _endpoint(connection: S3Connection, bucket: str, where: str) -> str | None:
    if connection.endpoint is None:
        return None
    if "@" in connection.endpoint:
        raise SettingsError(f"{where}.endpoint holds a user or password; name environment variables as access_key_env and secret_key_env.")
    url = _split(connection.endpoint)
    if url is None or url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise SettingsError(
            f"{where}.endpoint is '{connection.endpoint}', which is no address; write e.g. \"https://storage.example.com\"."
        )
    if url.scheme == "http" and not this_machine(url.hostname):
        raise SettingsError(f"{where}.endpoint is '{connection.endpoint}', and http:// is allowed only on this machine; write https://.")
    if not connection.path_style and _numeric(url.hostname):
        raise SettingsError(
            f"{where}.endpoint is '{connection.endpoint}', an IP address, which cannot have a bucket before it; write path_style = true."
        )
    host = url.netloc if connection.path_style else f"{bucket}.{url.netloc}"
    return f"{url.scheme}://{host}{url.path.rstrip('/')}"


def _numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _split(address: str) -> SplitResult | None:
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        return None
    return url


def _credentials(connection: S3Connection, where: str, folder: Path) -> Callable[[], S3Credential] | None:
    """What reads the keys, again each time they are needed, as they may be renewed; None = the machine's role."""
    keys = connection.access_key_env, connection.secret_key_env
    if (any(keys) and not all(keys)) or (connection.session_token_env and not all(keys)):
        raise SettingsError(f"{where} needs both access_key_env and secret_key_env, and names only some; add the other.")
    if all(keys) and connection.credentials_file:
        raise SettingsError(f"{where} names both environment variables and a credentials_file; keep one of them.")
    if all(keys):
        read = partial(_from_environment, connection, where)
    elif connection.credentials_file:
        path = folder / Path(connection.credentials_file).expanduser()
        read = partial(_from_file, path, connection.profile, where)
    else:
        return None
    read()  # a missing variable or profile is told now, and not by another thread
    return read


def _from_environment(connection: S3Connection, where: str) -> S3Credential:
    def value(key: str) -> str:
        name = getattr(connection, key)
        if not os.environ.get(name):
            raise SettingsError(f"The environment variable {variable(name)}, named as {where}.{key}, is not set; set it to the key itself.")
        return os.environ[name]

    return {
        "access_key_id": value("access_key_env"),
        "secret_access_key": value("secret_key_env"),
        "token": value("session_token_env") if connection.session_token_env else None,
        "expires_at": None,
    }


def _from_file(path: Path, profile: str, where: str) -> S3Credential:
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{where}.credentials_file '{path}' cannot be read: {error.strerror}.") from error
    except (configparser.Error, UnicodeDecodeError):
        raise SettingsError(f"{where}.credentials_file '{path}' is no AWS credentials file; it needs lines as [default].") from None
    if not parser.has_section(profile):
        there = ", ".join(parser.sections()) or "none"
        raise SettingsError(f"{where}.credentials_file '{path}' has no profile '{profile}'; the profiles there are: {there}.")
    section = parser[profile]
    for key in ("aws_access_key_id", "aws_secret_access_key"):
        if not section.get(key):
            raise SettingsError(f"{where}.credentials_file '{path}' has no {key} in the profile '{profile}'; add it.")
    return {
        "access_key_id": section["aws_access_key_id"],
        "secret_access_key": section["aws_secret_access_key"],
        "token": section.get("aws_session_token") or None,
        "expires_at": None,
    }
