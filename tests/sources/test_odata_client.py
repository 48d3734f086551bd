"""What a network and a server can do wrong, and credentials that never leave the address the user wrote."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from netlift.errors import SettingsError, SourceError
from netlift.settings import ODataConnection
from netlift.sources import http_patience, odata_client
from netlift.sources.odata_client import Client, Page
from tests.servers import free_port
from tests.sources.odata_servers import Answer, Asked, Small, small


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_patience, "FIRST_WAIT", 0.01)
    monkeypatch.setenv("SAP_SECRET", "se:cret/+ä")


@pytest.fixture
def server() -> Iterator[Small]:
    """The service."""
    with small() as running:
        yield running


@pytest.fixture
def stranger() -> Iterator[Small]:
    """A host that must never be asked."""
    with small() as running:
        yield running
        assert running.asked == []


def client(server: Small, *, version: str = "v4", oauth: bool = False) -> Client:
    ways: dict[str, Any] = {"user": "netlift", "password_env": "SAP_SECRET"}
    if oauth:
        ways = {"token_url": f"{server.url}/token", "client_id": "net lift", "client_secret_env": "SAP_SECRET"}
    section = {"kind": "odata", "url": f"{server.url}/sales", "version": version, **ways}
    return Client(ODataConnection.model_validate(section), name="sap")


def page(*ids: int, following: str | None = None, version: str = "v4") -> Answer:
    rows = [{"ID": n} for n in ids]
    if version == "v2":
        return Answer(json.dumps({"d": {"results": rows, **({"__next": following} if following else {})}}))
    return Answer(json.dumps({"value": rows, **({"@odata.nextLink": following} if following else {})}))


def ids(client: Client, **options: str) -> list[int]:
    with client:
        return [row["ID"] for found in client.pages("Orders", {"$select": "ID", **options}) for row in found.rows]


def refused(client: Client) -> str:
    """The sentence with which reading ends; never with the secret in it."""
    with pytest.raises(SourceError) as error:
        ids(client)
    assert "se:cret" not in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def says(server: Small, *answers: Answer) -> None:
    server.pages("", answers)


def test_relative_links_lead_on_and_an_empty_page_ends(server: Small) -> None:
    """Links relative to the service are resolved; the last page may be empty."""
    says(server, page(1, 2, following="Orders?$skiptoken=2"), page(3, following="Orders?$skiptoken=3"), page())
    assert ids(client(server)) == [1, 2, 3]
    assert [asked.path for asked in server.asked[1:]] == ["/sales/Orders?$skiptoken=2", "/sales/Orders?$skiptoken=3"]


def test_a_space_is_never_a_plus(server: Small) -> None:
    """Filters are encoded as OData wants them, and a plus or an ampersand in a value stays itself."""
    says(server, page(1))
    ids(client(server), **{"$filter": "name ge 'a+b&c#d'"})
    assert server.asked[0].path == "/sales/Orders?$select=ID&$filter=name%20ge%20%27a%2Bb%26c%23d%27"


def test_a_foreign_next_page_is_refused(server: Small, stranger: Small) -> None:
    """V4: a link to another host ends the reading before that host hears a word."""
    says(server, page(1, following=f"{stranger.url}/sales/Orders?$skiptoken=1"))
    assert "sends for the next page of 'Orders' to" in refused(client(server))


@pytest.mark.parametrize("version", ["v4", "v2"])
@pytest.mark.parametrize("link", ["/other/Orders?x=1", "../../etc", "/sales/../other", "/sales/%2e%2e/other", "/salesmen/Orders"])
def test_a_next_page_outside_the_service_is_refused(server: Small, link: str, version: str) -> None:
    """Other paths of the same host are not the service's, however they are written."""
    says(server, page(1, following=link, version=version))
    assert "which is not under" in refused(client(server, version=version))


def test_a_v2_server_may_call_itself_otherwise(server: Small, stranger: Small) -> None:
    """V2 behind a proxy: path and query of the link are asked for at the user's own address."""
    says(server, page(1, following=f"{stranger.url}/sales/Orders?$skiptoken=1", version="v2"), page(2, version="v2"))
    assert ids(client(server, version="v2")) == [1, 2]
    assert server.asked[1].path == "/sales/Orders?$skiptoken=1"


def test_a_redirect_is_not_followed(server: Small, stranger: Small) -> None:
    """A sign-in page elsewhere gets neither password nor token."""
    says(server, Answer(status=302, headers={"Location": f"{stranger.url}/login?secret=1"}))
    assert "sends on to '127.0.0.1:" in (said := refused(client(server)))
    assert said.endswith("/login' (302); write the final address as its url.")


def test_a_page_that_names_itself_ends(server: Small) -> None:
    """Pages that go round in a circle are found out."""
    says(server, page(1, following="Orders?$skiptoken=1"))
    assert "names page 2 of 'Orders' as its own next page" in refused(client(server))


def test_pages_without_end_end(server: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that names a new address on every page is given up after so many."""
    monkeypatch.setattr(odata_client, "MOST_PAGES", 5)
    server.answer = lambda _: page(1, following=f"Orders?$skiptoken={len(server.asked)}")
    assert "has more than 5 pages of 'Orders'" in refused(client(server))
    assert len(server.asked) == 5


@pytest.mark.parametrize("packed", [False, True])
def test_a_page_too_large_is_refused(server: Small, monkeypatch: pytest.MonkeyPatch, *, packed: bool) -> None:
    """Memory is bounded whatever the service sends, and however small it packs it; the service is asked for smaller pages beforehand."""
    monkeypatch.setattr(http_patience, "LARGEST", 10_000)
    text = b"[" + b" " * 20_000
    says(server, Answer(gzip.compress(text), headers={"Content-Encoding": "gzip"}) if packed else Answer(text.decode()))
    assert "gives more than 0 MiB as page 1 of 'Orders'; ask for smaller pages or fewer columns" in refused(client(server))
    assert server.asked[0].headers["Prefer"] == "odata.maxpagesize=10000"
    assert len(server.asked) == 1


def test_a_page_that_drips_is_given_up(server: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that always sends a little more in time does not hold netlift for ever."""
    monkeypatch.setattr(http_patience, "LONGEST", -1.0)
    says(server, page(1))
    assert "takes more than -1 seconds for page 1 of 'Orders'" in refused(client(server))


def test_one_token_serves_all_pages(server: Small) -> None:
    """The token is asked for once, with id and secret encoded as RFC 6749 says, and borne by every request."""
    pages = [page(1, following="Orders?$skiptoken=1"), page(2, following="Orders?$skiptoken=2"), page(3)]

    def answer(asked: Asked) -> Answer:
        return Answer('{"access_token": "T1", "token_type": "Bearer", "expires_in": 3600}') if asked.path == "/token" else pages.pop(0)

    server.answer = answer
    assert ids(client(server, oauth=True)) == [1, 2, 3]
    token, *others = server.asked
    assert (token.method, token.body) == ("POST", "grant_type=client_credentials")
    assert base64.b64decode(token.headers["Authorization"].removeprefix("Basic ")) == b"net%20lift:se%3Acret%2F%2B%C3%A4"
    assert [asked.headers["Authorization"] for asked in others] == ["Bearer T1"] * 3


def _tokens(server: Small, accepted: str, **token: Any) -> None:
    """Tokens T1, T2, …, of which one is accepted."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/token":
            count = sum(a.path == "/token" for a in server.asked)
            return Answer(json.dumps({"access_token": f"T{count}", **token}))
        return page(1) if asked.headers["Authorization"] == f"Bearer {accepted}" else Answer(status=401)

    server.answer = answer


def test_a_token_that_ends_early_is_replaced_once(server: Small) -> None:
    """A 401 in the middle gets a new token; a second 401 is told."""
    _tokens(server, "T2", expires_in=3600)
    assert ids(client(server, oauth=True)) == [1]
    _tokens(server, "T9", expires_in=3600)
    assert "refuses its token (401)" in refused(client(server, oauth=True))
    assert len([a for a in server.asked if a.path == "/token"]) == 4


def test_a_token_is_replaced_before_it_ends(server: Small) -> None:
    """Of a token that lasts 29 seconds, each request needs a new one."""
    _tokens(server, "T1", expires_in=29)
    assert ids(client(server, oauth=True)) == [1]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer('{"error": "invalid_client"}', status=401), "refuses the client 'net lift' (401); check id and secret"),
        (Answer('{"error": "invalid_client"}', status=400), "refuses the client 'net lift' (400)"),
        (Answer("<html>"), "gives no token (status 200); check token_url"),
        (Answer("[]"), "gives no token (status 200)"),
        (Answer("{}", status=500), "gives no token (status 500)"),
    ],
)
def test_no_token_no_request(server: Small, answer: Answer, message: str) -> None:
    """Where the token server refuses or talks nonsense, the service is not asked at all."""
    server.answer = lambda _: answer
    assert message in refused(client(server, oauth=True))
    assert {asked.path for asked in server.asked} == {"/token"}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(server: Small, status: int) -> None:
    """Two refusals for being busy, then the page."""
    busy = Answer(status=status, headers={"Retry-After": "0"})
    says(server, busy, busy, page(1))
    assert ids(client(server)) == [1]


def test_a_server_that_stays_busy_is_told_of(server: Small) -> None:
    """After five attempts, or at once where it asks for a longer wait than netlift grants."""
    says(server, Answer(status=503))
    assert refused(client(server)).endswith("is busy: it answers 503, 5 times; try later.")
    says(server, Answer(status=429, headers={"Retry-After": "3600"}))
    assert refused(client(server)).endswith("is busy: it answers 429, 1 time and asks to wait 3,600 seconds; try later.")
    says(server, Answer(status=429, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}))
    assert "1 time and asks to wait" in refused(client(server))


def test_a_connection_lost_in_the_middle_is_made_again(server: Small) -> None:
    """A page cut off by the network is fetched again whole; where that never works, it is told."""
    cut = Answer('{"value": [{"ID": 1}', length=1000)
    says(server, cut, page(1, 2))
    assert ids(client(server)) == [1, 2]
    says(server, cut)
    assert "cannot be reached or breaks off, 5 times (peer closed connection" in refused(client(server))


def test_a_page_cut_by_the_server_is_no_page(server: Small) -> None:
    """JSON that ends too early is never taken for fewer rows."""
    says(server, page(1, following="Orders?$skiptoken=1"), Answer('{"value": [{"ID": 1}'))
    assert "cuts page 2 of 'Orders' off after 20 bytes; run again" in refused(client(server))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer("<html>Sign in</html>", headers={"Content-Type": "text/html; charset=utf-8"}), "answers page 1 of 'Orders' with text/html"),
        (Answer("[]"), "gives no rows in page 1 of 'Orders'"),
        (Answer('{"d": {"results": []}}'), "gives no rows in page 1 of 'Orders'; check relation and version"),
        (Answer('{"value": [1]}'), "gives no rows"),
        (Answer('{"value": [], "@odata.nextLink": 5}'), "names no address as the page after page 1"),
        (Answer('{"value": [], "@odata.nextLink": "http://["}'), "names no address as the next page of 'Orders'"),
        (Answer('{"value": [], "@odata.nextLink": "a\\u0000b"}'), "names no address as the next page of 'Orders'"),
        (Answer("[" * 100_000), "cuts page 1 of 'Orders' off"),
        (Answer("no gzip", headers={"Content-Encoding": "gzip"}), "cannot be reached or breaks off"),
        (Answer(json.dumps({"error": {"message": "No such thing."}}), status=400), "answers 'Orders' with 400: No such thing."),
        (Answer(json.dumps({"error": {"message": {"value": "Old."}}}), status=500), "answers 'Orders' with 500: Old."),
        (Answer(status=401), "refuses the user 'netlift' (401); check the credentials."),
    ],
)
def test_what_is_no_page_is_told(server: Small, answer: Answer, message: str) -> None:
    """Each answer that is no page gets its own sentence."""
    says(server, answer)
    assert message in refused(client(server))


def test_a_silent_server_is_given_up(server: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte within the time allowed, five times."""
    monkeypatch.setattr(odata_client, "TIMEOUT", httpx.Timeout(0.05))
    monkeypatch.setattr(http_patience, "ATTEMPTS", 2)

    def late(_: Asked) -> Answer:
        time.sleep(0.2)
        return Answer("")

    server.answer = late
    assert "does not answer in time, 2 times" in refused(client(server))


def test_a_server_that_is_not_there_is_told() -> None:
    """A closed port is named with the connection."""
    nobody = Small(f"http://127.0.0.1:{free_port()}")
    assert refused(client(nobody)).startswith("The OData service of connections.sap cannot be reached or breaks off, 5 times")


def test_a_page_carries_the_count(server: Small) -> None:
    """The number of rows there are is read from number and text."""
    says(server, Answer('{"value": [], "@odata.count": 7}'))
    assert list(client(server).pages("Orders", {})) == [Page([], 7)]
    says(server, Answer('{"d": {"results": [], "__count": "8"}}'))
    assert list(client(server, version="v2").pages("Orders", {})) == [Page([], 8)]
    says(server, Answer('{"value": [], "@odata.count": "many"}'))
    assert list(client(server).pages("Orders", {})) == [Page([], None)]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"url": "http://sap.example.com/sales"}, "http is allowed only on this machine"),
        ({"url": "https://u:p@sap.example.com/sales"}, "it holds a user or a password"),
        ({"url": "https://sap.example.com/sales?sap-client=100"}, "has a '\\?' or '#' part"),
        ({"url": "sap.example.com"}, "it is no address"),
        ({"user": "u"}, "user goes with password_env or password_file"),
        ({"token_url": "https://t.example.com"}, "belong together"),
        ({"token_url": "http://t.example.com", "client_id": "c", "client_secret_env": "S"}, "http is allowed only"),
        ({"user": "u", "password_env": "P", "token_url": "https://t", "client_id": "c", "client_secret_env": "S"}, "not both"),
    ],
)
def test_an_unsafe_connection_is_refused(section: dict[str, str], message: str) -> None:
    """Clear text abroad, passwords in addresses and half a way in are refused when the settings are read."""
    with pytest.raises(ValueError, match=message):
        ODataConnection.model_validate({"kind": "odata", "url": "https://sap.example.com/sales", **section})


def test_a_missing_secret_is_named(server: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment lacks the variable, its name is told."""
    monkeypatch.delenv("SAP_SECRET")
    with pytest.raises(SettingsError, match="SAP_SECRET, named as password_env, is not set"):
        ids(client(server))
