"""Source kind `api`: a JSON API that answers page by page, of a survey tool for instance.

All pages are fetched into one file of JSON lines in the landing area, which is then read like any other: nested values are columns named
a.b. Credentials go to the connection's own origin and nowhere else, and no redirect is followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from netlift.errors import MissingExtra, SettingsError, SourceError
from netlift.settings import ApiConnection, Settings, TableSettings
from netlift.sources import area, files
from netlift.sources.relation import Place, Relation

KEY = "rows"  # of the one landed file
STANDARD = "Authorization"  # the header of RFC 6750: a token there has "Bearer " before it


def read(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Fetch all pages of `table.relation` and open them; `name` is the table's.

    Raises:
        SettingsError: connection or relation is missing or cannot be.
        SourceError: the API cannot be read, or gives what is no page of rows.
        MissingExtra: httpx is not installed.
        Busy: another process fetches the same.
    """
    connection = _connection(table, name, place.settings)
    named = f"{table.relation} of connections.{table.connection}"
    with area.opened(place, name, source=f"api {connection.url} {table.relation}") as landed:
        with _client(connection, str(table.connection)) as client:
            entry = landed.add(KEY, lambda path: _write(client, str(table.relation), path), suffix=".jsonl")
        if not entry.rows:
            raise SourceError(f"tables.{name}: {named} has no rows; give one with rows, or take the table out.")
        return files.open_files([landed.path(entry)], table, name=name, named=named)


def _connection(table: TableSettings, name: str, settings: Settings) -> ApiConnection:
    connection = settings.connections.get(table.connection or "")
    if not isinstance(connection, ApiConnection):
        known = ", ".join(n for n, c in settings.connections.items() if isinstance(c, ApiConnection)) or "none"
        raise SettingsError(
            f"tables.{name}: source 'api' needs a connection of kind 'api', and connection is '{table.connection}'; there are: {known}."
        )
    if not table.relation or "://" in table.relation or table.relation.startswith("/"):
        raise SettingsError(
            f"tables.{name}.relation is '{table.relation}'; write the path after the connection's url, such as forms/42/responses."
        )
    return connection


def _client(connection: ApiConnection, name: str) -> Client:
    try:
        import httpx  # noqa: F401, PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtra("odata", "Source 'api'") from error
    return Client(connection, name=name)


def _write(client: Client, relation: str, path: Path) -> area.Facts:
    rows = 0
    with path.open(
        "w", encoding="utf-8", errors="backslashreplace"
    ) as file:  # half a pair of characters stays escaped, and is refused later
        for page in client.pages(relation):
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in page)
            rows += len(page)
    return area.Facts(rows=rows)


class Client:
    """A session with one API; close it, or use it as a context manager. `name` is the connection's in netlift.toml."""

    def __init__(self, connection: ApiConnection, *, name: str) -> None:
        import httpx  # noqa: PLC0415 - an optional extra

        self.root = connection.url.rstrip("/") + "/"
        self.named = f"The API of connections.{name}"
        self._connection = connection
        self._http = httpx.Client(timeout=httpx.Timeout(60, connect=10))  # follows no redirect: credentials stay where the user sent them

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def pages(self, relation: str) -> Iterator[list[dict[str, Any]]]:
        """The rows of all pages, page by page.

        Raises:
            SourceError: the API refuses, gives up, gives what is no page, repeats itself, or sends elsewhere.
        """
        from netlift.sources.http_patience import MOST_PAGES  # noqa: PLC0415 - needs an optional extra

        c = self._connection
        url = self._with(urljoin(self.root, relation), **({c.size_parameter: str(c.size)} if c.size_parameter else {}))
        if c.paging in {"page", "offset"}:
            url = self._with(url, **{c.parameter or c.paging: str(c.first if c.paging == "page" else 0)})
        seen: set[str] = set()
        before: list[dict[str, Any]] | None = None
        number, rows_so_far = 0, 0
        following: str | None = url
        while following is not None:
            number += 1
            if following in seen or number > MOST_PAGES:
                raise SourceError(f"{self.named} names page {number:,} of '{relation}' twice, or has no end; correct paging and next.")
            seen.add(following)
            data, link = self._page(following, relation, number)
            rows = self._rows(data, f"page {number:,} of '{relation}'")
            if rows and rows == before:
                raise SourceError(
                    f"{self.named} gives the same rows on pages {number - 1:,} and {number:,} of '{relation}'; correct paging."
                )
            yield rows
            rows_so_far += len(rows)
            before = rows
            following = self._following(data, link, url=url, rows=len(rows), done=rows_so_far, number=number)

    def _page(self, url: str, relation: str, number: int) -> tuple[Any, str | None]:
        """The page as JSON, and the address in its Link header."""
        from netlift.sources.http_patience import got, patiently  # noqa: PLC0415 - needs an optional extra

        what = f"page {number:,} of '{relation}'"
        c = self._connection
        headers = {"Accept": "application/json"}
        token = c.token()
        if token is not None:
            headers[c.token_header] = f"Bearer {token}" if c.token_header == STANDARD else token
        password = c.password()
        basic = None if c.user is None or password is None else (c.user, password)

        def send() -> Any:  # noqa: ANN401 - a response of an optional package
            return got(self._http, url, named=self.named, what=what, headers=headers, auth=basic)

        response = patiently(send, self.named)
        self._check(response, what)
        try:
            return json.loads(response.content), (response.links.get("next") or {}).get("url")
        except (ValueError, RecursionError) as error:
            kind = response.headers.get("content-type", "no stated kind").partition(";")[0]
            raise SourceError(
                f"{self.named} answers {what} with {len(response.content):,} bytes of {kind}, which is no JSON; check the url."
            ) from error

    def _check(self, response: Any, what: str) -> None:  # noqa: ANN401 - a response of an optional package
        from netlift.sources.http_patience import place_of  # noqa: PLC0415 - needs an optional extra

        status = response.status_code
        if status == 200:
            return
        told = {
            401: "refuses the credentials (401); check them",
            403: f"lets this account not read {what} (403); ask its owner for the right to read",
            404: f"knows no {what} (404); check url and relation",
        }.get(status)
        if told is None and 300 <= status < 400:
            told = f"sends on to '{place_of(response)}' ({status}); write the final address as its url"
        raise SourceError(f"{self.named} {told or f'answers {what} with {status}'}.")

    def _rows(self, data: Any, what: str) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever JSON the server gave
        place = self._connection.rows
        rows = _at(data, place)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            found = (
                "nothing"
                if rows is None
                else f"a list of {type(rows[0]).__name__}"
                if isinstance(rows, list)
                else f"a {type(rows).__name__}"
            )
            keys = f"; the page has {', '.join(map(repr, list(data)[:20]))}" if isinstance(data, dict) else ""
            raise SourceError(f"{self.named} has {found} at rows = '{place}' in {what}, and a list of objects is expected{keys}.")
        return rows

    def _following(self, data: Any, link: str | None, *, url: str, rows: int, done: int, number: int) -> str | None:  # noqa: ANN401
        c = self._connection
        if c.paging == "none" or (c.paging in {"page", "offset"} and rows == 0):
            return None
        if c.paging == "page":
            return self._with(url, **{c.parameter or "page": str(c.first + number)})
        if c.paging == "offset":
            return self._with(url, **{c.parameter or "offset": str(done)})
        named = link if c.paging == "link_header" else _at(data, c.next)
        if not named:
            return None
        if c.paging == "cursor" and isinstance(named, (str, int)) and named is not True:
            return self._with(url, **{c.parameter or "cursor": str(named)})
        if not isinstance(named, str):
            found = f"an object with {', '.join(map(repr, named))}" if isinstance(named, dict) else f"a {type(named).__name__}"
            raise SourceError(f"{self.named} has {found} at next = '{c.next}' in page {number:,}, and a text is expected; correct next.")
        return self._ours(url, named)

    def _ours(self, page: str, link: str) -> str:
        """The address that `link` on a page means, which must be at the API's own origin."""
        import httpx  # noqa: PLC0415 - an optional extra

        try:
            url = str(httpx.URL(urljoin(page, link)))
            here, there = urlsplit(self.root), urlsplit(url)
        except (ValueError, httpx.InvalidURL) as error:
            raise SourceError(f"{self.named} names no address as the next page ({error}); correct paging and next.") from error
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            host = there.netloc.rpartition("@")[2]  # without user and password
            raise SourceError(
                f"{self.named} sends for the next page to '{there.scheme}://{host}', which is not '{here.scheme}://{here.netloc}'; "
                "netlift takes its credentials nowhere else."
            )
        return url

    @staticmethod
    def _with(url: str, **parameters: str) -> str:
        parts = urlsplit(url)
        query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **parameters}
        return parts._replace(query=urlencode(query)).geturl()


def _at(data: Any, place: str) -> Any:  # noqa: ANN401 - whatever JSON the server gave
    """What stands at a dotted place, None where nothing does."""
    for key in place.split(".") if place else ():
        data = data.get(key) if isinstance(data, dict) else None
    return data
