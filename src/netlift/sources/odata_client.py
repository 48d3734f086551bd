"""Talking to an OData service: signing in, patience with a busy server, page after page, and never a word to a foreign host."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import httpx

from netlift.errors import SourceError
from netlift.settings import ODataConnection
from netlift.sources.http_patience import MOST_PAGES, got, patiently, place_of

TIMEOUT = httpx.Timeout(60, connect=10)  # seconds without a byte
EARLY = 30.0  # seconds before its end at which a token is replaced
# IEEE754Compatible: V4 then writes Int64 and Decimal as text, so that no digit is lost on the way.
PAGE = "odata.maxpagesize=10000"  # OData 4.0 part 1, section 8.2.8.5: a wish, so that a service does not send everything as one page
ACCEPT = {"v4": "application/json;IEEE754Compatible=true", "v2": "application/json"}


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of an entity set."""

    rows: Sequence[Mapping[str, Any]]
    counted: int | None  # rows the service says there are in all; only on the first page


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: float  # of time.monotonic()


class Client:
    """A session with one service; close it, or use it as a context manager. `name` is the connection's in netlift.toml."""

    def __init__(self, connection: ODataConnection, *, name: str) -> None:
        self.root = connection.url.rstrip("/") + "/"
        self.named = f"The OData service of connections.{name}"
        self._connection = connection
        self._http = httpx.Client(timeout=TIMEOUT)  # follows no redirect: credentials stay where the user sent them
        self._token: _Token | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def metadata(self) -> bytes:
        """`$metadata` as it stands.

        Raises:
            SourceError: the service is not there, or refuses.
        """
        response = self._get(self.root + "$metadata", what="$metadata", accept="application/xml")
        if response.status_code == 404:
            raise SourceError(f"{self.named} is not there: '{self.root}$metadata' is answered with 404; check the url.")
        self._check(response, "$metadata")
        return response.content

    def pages(self, relation: str, options: Mapping[str, str]) -> Iterator[Page]:
        """All pages of an entity set, one after the other; `options` are query options such as $select.

        Raises:
            SourceError: the service refuses, gives up, or gives what is no page; or the next page is elsewhere.
        """
        query = "&".join(f"{name}={quote(value, safe='$(),;:=')}" for name, value in options.items())  # a space is %20, never +
        url: str | None = f"{self.root}{quote(relation)}?{query}"
        seen: set[str] = set()
        while url is not None:
            seen.add(url)
            page, following = self._page(url, relation, number=len(seen))
            yield page
            url = following and self._following(following, url, relation)
            if url in seen:
                raise SourceError(f"{self.named} names page {len(seen)} of '{relation}' as its own next page; ask the service's owner.")
            if len(seen) >= MOST_PAGES and url is not None:
                raise SourceError(
                    f"{self.named} has more than {MOST_PAGES:,} pages of '{relation}'; ask the service's owner for larger ones."
                )

    def _page(self, url: str, relation: str, *, number: int) -> tuple[Page, str | None]:
        what = f"page {number:,} of '{relation}'"
        response = self._get(url, what=what, accept=ACCEPT[self._connection.version])
        self._check(response, relation)
        try:
            data = json.loads(response.content, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            kind = response.headers.get("content-type", "no stated kind").partition(";")[0]
            if kind != "application/json":
                raise SourceError(f"{self.named} answers {what} with {kind}, where JSON was asked for; check the url.") from error
            raise SourceError(f"{self.named} cuts {what} off after {len(response.content):,} bytes; run again.") from error
        rows, following, counted = _v2(data) if self._connection.version == "v2" else _v4(data)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceError(f"{self.named} gives no rows in {what}; check relation and version.")
        if following is not None and not isinstance(following, str):
            raise SourceError(f"{self.named} names no address as the page after {what}; ask the service's owner.")
        return Page(rows, int(counted) if str(counted).isdecimal() else None), following

    def _following(self, link: str, url: str, relation: str) -> str:
        """The next page's address, which must be at the service.

        A V2 server behind a proxy names itself as it knows itself; path and query are taken, and the user's own address.
        """
        here = urlsplit(self.root)
        try:
            there = urlsplit(str(httpx.URL(urljoin(url, link))))
        except (ValueError, httpx.InvalidURL) as error:
            raise SourceError(
                f"{self.named} names no address as the next page of '{relation}' ({error}); ask the service's owner."
            ) from error
        known = (there.scheme, there.netloc) == (here.scheme, here.netloc) or self._connection.version == "v2"
        if not known or not there.path.startswith(here.path) or ".." in unquote(there.path).split("/"):
            host = there.netloc.rpartition("@")[2]  # without user and password
            raise SourceError(
                f"{self.named} sends for the next page of '{relation}' to '{there.scheme}://{host}{there.path}', which is not "
                f"under '{self.root}'; netlift takes its credentials nowhere else, so correct the url or ask the service's owner.",
            )
        return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))

    def _get(self, url: str, *, what: str, accept: str) -> httpx.Response:
        """An answer that is not 'busy'. A token that is refused is replaced once."""

        def send() -> httpx.Response:
            headers = {"Accept": accept, "Prefer": PAGE, **self._bearer()}
            return got(self._http, url, named=self.named, what=what, headers=headers, auth=self._basic())

        response = patiently(send, self.named)
        if response.status_code == 401 and self._token is not None:
            self._token = None
            response = patiently(send, self.named)
        return response

    def _basic(self) -> tuple[str, str] | None:
        password = self._connection.password()
        return None if self._connection.user is None or password is None else (self._connection.user, password)

    def _bearer(self) -> dict[str, str]:
        if self._connection.token_url is None:
            return {}
        if self._token is None or time.monotonic() > self._token.until:
            self._token = self._new_token(self._connection.token_url)
        return {"Authorization": f"Bearer {self._token.value}"}

    def _new_token(self, url: str) -> _Token:
        """OAuth 2 client credentials, RFC 6749 section 4.4; id and secret as section 2.3.1 encodes them."""
        pair = (quote(self._connection.client_id or "", safe=""), quote(self._connection.client_secret() or "", safe=""))
        named = f"The token server '{url}'"
        response = patiently(lambda: self._http.post(url, data={"grant_type": "client_credentials"}, auth=pair), named)
        if response.status_code in {400, 401, 403}:
            raise SourceError(f"{named} refuses the client '{self._connection.client_id}' ({response.status_code}); check id and secret.")
        try:
            answer = response.raise_for_status().json()
            return _Token(str(answer["access_token"]), time.monotonic() + float(answer.get("expires_in", 300)) - EARLY)
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{named} gives no token (status {response.status_code}); check token_url.") from error

    def _check(self, response: httpx.Response, what: str) -> None:
        status = response.status_code
        if status == 200:
            return
        if status == 401:
            who = (
                f"the user '{self._connection.user}'" if self._connection.user else "its token" if self._token else "a request without user"
            )
            raise SourceError(f"{self.named} refuses {who} (401); check the credentials.")
        if status == 403:
            raise SourceError(f"{self.named} lets this account not read '{what}' (403); ask its owner for the right to read.")
        if 300 <= status < 400:
            raise SourceError(f"{self.named} sends on to '{place_of(response)}' ({status}); write the final address as its url.")
        raise SourceError(f"{self.named} answers '{what}' with {status}{_told(response)}.")


def _v4(data: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - whatever JSON the server gave
    if not isinstance(data, dict):
        return None, None, None
    return data.get("value"), data.get("@odata.nextLink", data.get("@nextLink")), data.get("@odata.count", data.get("@count"))


def _v2(data: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - whatever JSON the server gave
    d = data.get("d") if isinstance(data, dict) else None
    if isinstance(d, list):  # as V1 servers write it
        return d, None, None
    return (d.get("results"), d.get("__next"), d.get("__count")) if isinstance(d, dict) else (None, None, None)


def _told(response: httpx.Response) -> str:
    """The message of an OData error, shortened."""
    try:
        message = response.json()["error"]["message"]
        text = str(message["value"] if isinstance(message, dict) else message)
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {text[:200].rstrip('.')}"
