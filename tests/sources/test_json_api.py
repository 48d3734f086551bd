"""A paged JSON API, over a real connection: every way of paging, and every way to go wrong in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.errors import InputError, SettingsError, SourceError
from netlift.records import TableInput
from netlift.settings import parse
from netlift.sources import http_patience

from .odata_servers import Answer, Asked, Small, small

PEOPLE = [{"id": f"{i:02d}", "answers": {"age": str(20 + i), "likes": {"wine": i % 2}}} for i in range(7)]
COLUMNS = {"customer_id": "id"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_patience, "FIRST_WAIT", 0.01)
    monkeypatch.setenv("API_TOKEN", "s3cret")


@pytest.fixture
def server() -> Iterator[Small]:
    with small() as running:
        yield running


def load(server: Small, folder: Path, *, relation: str = "forms/42", **connection: Any) -> TableInput:
    config = {
        "project": {"name": "shop", "currency": "USD"},
        "connections": {"tool": {"kind": "api", "url": f"{server.url}/v1", **connection}},
        "tables": {"customers": {"source": "api", "connection": "tool", "relation": relation, "columns": COLUMNS}},
    }
    with Engine() as engine:
        read = sources.load(parse(config, folder=folder, sha256=""), engine, landing=folder / "landing").inputs[0]
        ids = [row[0] for row in engine.rows("SELECT customer_id FROM customers ORDER BY 1")]
        assert ids == [p["id"] for p in PEOPLE]
        assert engine.rows('SELECT "answers.age" FROM customers ORDER BY customer_id LIMIT 1') == [(20.0,)]
        return read


def asked(of: Asked, name: str) -> str | None:
    return parse_qs(urlsplit(of.path).query).get(name, [None])[0]


def answer(page: Any, **headers: str) -> Answer:
    return Answer(json.dumps(page), headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_one_page_is_the_list(server: Small, tmp_path: Path) -> None:
    """Rows in, columns named a.b, credentials in the header, nothing else asked."""
    server.answer = lambda _: answer(PEOPLE)
    read = load(server, tmp_path, token_env="API_TOKEN")
    assert (read.rows_in, read.rows_ok) == (7, 7)
    assert [a.path for a in server.asked] == ["/v1/forms/42"]
    assert server.asked[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in "".join(p.read_text(errors="replace") for p in (tmp_path / "landing").rglob("*") if p.is_file())


def test_another_header_carries_the_token_alone(server: Small, tmp_path: Path) -> None:
    """As Qualtrics and others want it."""
    server.answer = lambda _: answer({"result": {"elements": PEOPLE}})
    load(server, tmp_path, token_env="API_TOKEN", token_header="X-API-TOKEN", rows="result.elements")
    assert server.asked[0].headers["X-API-TOKEN"] == "s3cret"
    assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("relative", [True, False])
def test_next_links(server: Small, tmp_path: Path, *, relative: bool) -> None:
    """Relative or whole, until there is none; the page size is asked for once and kept by the link."""

    def pages(of: Asked) -> Answer:
        at = int(asked(of, "from") or 0)
        link = f"/v1/forms/42?from={at + 3}"
        following = {"next": link if relative else server.url + link} if at + 3 < len(PEOPLE) else {"next": None}
        return answer({"items": PEOPLE[at : at + 3], "paging": following})

    server.answer = pages
    load(server, tmp_path, rows="items", paging="next", next="paging.next", size_parameter="limit", size=3)
    assert [asked(a, "from") for a in server.asked] == [None, "3", "6"]
    assert asked(server.asked[0], "limit") == "3"


def test_link_header(server: Small, tmp_path: Path) -> None:
    """RFC 8288, rel next."""

    def pages(of: Asked) -> Answer:
        at = int(asked(of, "p") or 0)
        return answer(PEOPLE[at : at + 4], **({"Link": f'<{server.url}/v1/forms/42?p={at + 4}>; rel="next"'} if at + 4 < 7 else {}))

    server.answer = pages
    load(server, tmp_path, paging="link_header")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ({"paging": "cursor", "next": "after", "parameter": "after"}, [None, "c3", "c6"]),
        ({"paging": "page", "first": 0}, ["0", "1", "2", "3"]),
        ({"paging": "offset", "parameter": "skip"}, ["0", "3", "6", "7"]),
    ],
)
def test_cursor_page_and_offset(server: Small, tmp_path: Path, connection: dict[str, Any], expected: list[str | None]) -> None:
    """Cursors until there is none; numbers until a page is empty; offsets count the rows that came."""
    name = connection.get("parameter", connection["paging"])

    def pages(of: Asked) -> Answer:
        told = asked(of, name) or "0"
        at = int(told.removeprefix("c")) * (3 if connection["paging"] == "page" else 1)
        return answer({"rows": PEOPLE[at : at + 3], "after": f"c{at + 3}" if at + 3 < len(PEOPLE) else ""})

    server.answer = pages
    load(server, tmp_path, rows="rows", **connection)
    assert [asked(a, name) for a in server.asked] == expected


def test_a_busy_server_is_waited_for(server: Small, tmp_path: Path) -> None:
    """429 and 503 with the server's own wish, then the rows."""
    answers = [Answer(status=429, headers={"Retry-After": "0"}), Answer(status=503), answer(PEOPLE)]
    server.answer = lambda _: answers.pop(0)
    assert load(server, tmp_path).rows_ok == 7
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("given", "connection", "sentence"),
    [
        (Answer(status=401), {}, r"refuses the credentials \(401\)"),
        (Answer(status=403), {}, r"lets this account not read page 1 of 'forms/42' \(403\)"),
        (Answer(status=404), {}, r"knows no page 1 of 'forms/42' \(404\); check url and relation"),
        (Answer(status=500), {}, "answers page 1 of 'forms/42' with 500"),
        (Answer(status=302, headers={"Location": "https://evil.example/x"}), {}, "sends on to 'evil.example/x'"),
        (Answer("<html>", headers={"Content-Type": "text/html"}), {}, "6 bytes of text/html, which is no JSON"),
        (answer({"data": PEOPLE}), {"rows": "items"}, "has nothing at rows = 'items' in page 1.*the page has 'data'"),
        (answer({"items": ["a"]}), {"rows": "items"}, "has a list of str at rows = 'items'"),
        (answer([]), {}, "has no rows"),
        (answer({"i": PEOPLE, "next": "https://evil.example/p2"}), {"rows": "i", "paging": "next"}, "takes its credentials nowhere else"),
        (
            answer({"i": PEOPLE, "next": "https://me:s3cret@evil.example/"}),
            {"rows": "i", "paging": "next"},
            "to 'https://evil.example', which",
        ),
        (answer({"i": PEOPLE, "next": "/v1/forms/42"}), {"rows": "i", "paging": "next"}, "names page 2 of 'forms/42' twice, or has no end"),
        (
            answer({"i": PEOPLE, "next": {"href": "/p2"}}),
            {"rows": "i", "paging": "next"},
            "has an object with 'href' at next = 'next' in page 1",
        ),
        (answer({"i": PEOPLE, "next": 2}), {"rows": "i", "paging": "next"}, "has a int at next = 'next' in page 1, and a text is expected"),
        (answer({"i": PEOPLE, "next": True}), {"rows": "i", "paging": "cursor"}, "has a bool at next = 'next' in page 1"),
        (answer(PEOPLE), {"paging": "page"}, "gives the same rows on pages 1 and 2"),
        (answer({"i": PEOPLE, "next": "c"}), {"rows": "i", "paging": "cursor"}, "gives the same rows on pages 1 and 2"),
        (Answer(json.dumps(PEOPLE), length=10_000), {}, "cannot be reached or breaks off, 5 times"),
    ],
)
def test_what_goes_wrong_is_one_sentence(server: Small, tmp_path: Path, given: Answer, connection: dict, sentence: str) -> None:
    """What was found and what to do; nothing is landed, and no secret is shown."""
    server.answer = lambda _: given
    with pytest.raises(SourceError, match=sentence) as caught:
        load(server, tmp_path, token_env="API_TOKEN", **connection)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "landing").rglob("*.jsonl")) or "no rows" in sentence


def test_a_page_too_large_is_refused(server: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded whatever the server sends."""
    monkeypatch.setattr(http_patience, "LARGEST", 100)
    server.answer = lambda _: answer(PEOPLE)
    with pytest.raises(SourceError, match="gives more than 0 MiB as page 1 of 'forms/42'; ask for smaller pages"):
        load(server, tmp_path)


@pytest.mark.parametrize(
    ("connection", "relation", "sentence"),
    [
        ({}, "https://other.example/x", "write the path after the connection's url"),
        ({}, "/v1/forms", "write the path after the connection's url"),
        ({"token_env": "API_TOKEN", "user": "u", "password_env": "P"}, "x", "give user and password, or token_env, not both"),
        ({"user": "u"}, "x", "user goes with password_env or password_file"),
        ({"url": "http://api.example.com"}, "x", "http is allowed only on this machine"),
        ({"url": "https://u:p@api.example.com"}, "x", "it holds a user or a password"),
        ({"token_env": "NO_SUCH_TOKEN"}, "x", "NO_SUCH_TOKEN"),
    ],
)
def test_wrong_settings_are_named(server: Small, tmp_path: Path, connection: dict, relation: str, sentence: str) -> None:
    """Before anything is asked."""
    with pytest.raises((SettingsError, InputError), match=sentence):
        load(server, tmp_path, relation=relation, **connection)
    assert server.asked == []


@pytest.mark.parametrize("secret", ["s3cret\nX: y", "s3cr\u00e9t", "", "s3cret\x07"])
def test_a_token_that_no_header_can_carry_is_refused(server: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """By the name of its variable; the token itself is in no message."""
    monkeypatch.setenv("API_TOKEN", secret)
    with pytest.raises(SettingsError, match="The environment variable API_TOKEN") as caught:
        load(server, tmp_path, token_env="API_TOKEN")
    assert "s3cr" not in str(caught.value)
    assert server.asked == []


def test_a_line_end_after_a_token_is_no_part_of_it(server: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As files with Windows line ends bring it."""
    monkeypatch.setenv("API_TOKEN", "s3cret\r\n")
    server.answer = lambda _: answer(PEOPLE)
    load(server, tmp_path, token_env="API_TOKEN")
    assert server.asked[0].headers["Authorization"] == "Bearer s3cret"


def test_half_a_pair_of_characters_is_quarantined(server: Small, tmp_path: Path) -> None:
    """JSON may hold what no text can: that row is refused, the others are read."""
    server.answer = lambda _: Answer(json.dumps([*PEOPLE, {"id": "\ud800"}]))
    with pytest.raises(SourceError, match=r"1 of 8 rows .* holds half of a pair of characters"):
        load(server, tmp_path)


@pytest.mark.parametrize("link", ["http://[", "http://shop.example/\x00"])
def test_a_next_page_that_is_no_address_is_told(server: Small, tmp_path: Path, link: str) -> None:
    """Broken brackets and control characters: one sentence, no stack trace."""
    server.answer = lambda _: answer({"items": PEOPLE, "next": link})
    with pytest.raises(SourceError, match="names no address as the next page"):
        load(server, tmp_path, rows="items", paging="next")
