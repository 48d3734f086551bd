"""Patience with a busy HTTP server: growing pauses, its own wish to wait heard, and an end to every answer and to all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import NoReturn
from urllib.parse import urlsplit

import httpx

from netlift.errors import SourceError

ATTEMPTS = 5
FIRST_WAIT = 0.5  # seconds before the second attempt; doubled for each one after it
LONGEST_WAIT = 60.0  # seconds; a server that asks for more is told of
BUSY = frozenset({429, 502, 503, 504})
LARGEST = 64 << 20  # bytes of an answer, unpacked
LONGEST = 600.0  # seconds that one answer may take
MOST_PAGES = 100_000  # of one table: whoever names a new address on every page ends too


def got(client: httpx.Client, url: str, *, named: str, what: str, headers: dict[str, str], auth: tuple[str, str] | None) -> httpx.Response:
    """A GET whose answer is held in memory, which is bounded however the answer is packed; `named` is the server, `what` the answer.

    Raises:
        SourceError: the answer is too large or too slow.
        httpx.RequestError: no answer, or the connection breaks.
    """
    start, size, chunks = time.monotonic(), 0, []
    with client.stream("GET", url, headers=headers, auth=auth) as response:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > LARGEST:
                raise SourceError(f"{named} gives more than {LARGEST >> 20} MiB as {what}; ask for smaller pages or fewer columns.")
            if time.monotonic() - start > LONGEST:
                raise SourceError(f"{named} takes more than {LONGEST:.0f} seconds for {what}; ask for smaller pages, or try later.")
            chunks.append(chunk)
        response._content = b"".join(chunks)  # noqa: SLF001 - httpx keeps no content of a stream that was read in pieces
        return response


def patiently(send: Callable[[], httpx.Response], named: str) -> httpx.Response:
    """Send again, after growing pauses, while the server is busy or the connection breaks; `named` is the server in words.

    Raises:
        SourceError: it stays busy, asks for too long a pause, or cannot be reached.
    """
    for attempt in range(1, ATTEMPTS + 1):
        wait = FIRST_WAIT * 2 ** (attempt - 1)
        try:
            response = send()
        except httpx.LocalProtocolError:
            raise SourceError(
                f"{named} cannot be asked: its url, user or secret holds a sign that no request can carry; correct it."
            ) from None
        except httpx.RequestError as error:
            if attempt == ATTEMPTS or isinstance(error, httpx.UnsupportedProtocol):
                what = "does not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached or breaks off"
                raise SourceError(f"{named} {what}, {attempt} times ({error}); try later.") from error
        else:
            if response.status_code not in BUSY:
                return response
            wait = max(wait, _asked(response))
            if attempt == ATTEMPTS or wait > LONGEST_WAIT:
                _too_busy(named, response.status_code, attempt, wait)
        time.sleep(wait)
    raise AssertionError  # the last attempt returns or raises


def place_of(response: httpx.Response) -> str:
    """Where a redirect leads: host and path without user, password and query, which may be secret; "nowhere" where it is no address."""
    location: str = response.headers.get("location", "")
    try:
        place = urlsplit(location)
    except ValueError:
        return "nowhere"
    return place.netloc.rpartition("@")[2] + place.path


def _asked(response: httpx.Response) -> float:
    """Seconds the server asks to wait; 0 where it does not say."""
    asked = response.headers.get("retry-after", "")
    if asked.isdecimal():  # not isdigit: a superscript is a digit, and no number
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, OverflowError):  # OverflowError: a year that no calendar has
        return 0.0


def _too_busy(named: str, status: int, attempts: int, wait: float) -> NoReturn:
    asks = f" and asks to wait {wait:,.0f} seconds" if wait > LONGEST_WAIT else ""
    raise SourceError(f"{named} is busy: it answers {status}, {attempts} {'time' if attempts == 1 else 'times'}{asks}; try later.")
