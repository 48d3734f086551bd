"""How long a busy server may make netlift wait, whatever it sends."""

from __future__ import annotations

from typing import NoReturn

import httpx
import pytest

from netlift.errors import SourceError
from netlift.sources.http_patience import patiently, place_of


@pytest.mark.parametrize("asked", ["\u00b2", "-5", "1e9", "soon", f"Thu, 01 Jan {10**20} 00:00:00 GMT"])
def test_a_wish_that_is_no_wish_is_not_heard(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits that are none, negative numbers, and years that no calendar has: netlift keeps to its own pauses."""
    pauses: list[float] = []
    monkeypatch.setattr("netlift.sources.http_patience.time.sleep", pauses.append)
    answers = iter([httpx.Response(429, headers=[(b"retry-after", asked.encode("latin-1"))]), httpx.Response(200)])
    assert patiently(lambda: next(answers), "The API").status_code == 200
    assert pauses == [0.5]


def test_an_endless_wish_is_told_of() -> None:
    """A number too large to count ends at once, in one sentence."""
    with pytest.raises(SourceError, match="asks to wait inf seconds; try later"):
        patiently(lambda: httpx.Response(429, headers={"retry-after": "9" * 400}), "The API")


@pytest.mark.parametrize(
    ("location", "place"), [("http://[", "nowhere"), ("https://me:s3cret@shop.example/a?key=s3cret", "shop.example/a"), ("/b", "/b")]
)
def test_a_redirect_is_told_without_secrets(location: str, place: str) -> None:
    """Host and path only, and no stack trace for what is no address."""
    assert place_of(httpx.Response(302, headers={"location": location})) == place


def test_what_no_request_can_carry_is_not_shown() -> None:
    """The library's own message would hold the secret."""

    def send() -> NoReturn:
        raise httpx.LocalProtocolError("Illegal header value b'Bearer s3cret'")

    with pytest.raises(SourceError, match="cannot be asked: its url, user or secret holds a sign") as caught:
        patiently(send, "The API")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__
