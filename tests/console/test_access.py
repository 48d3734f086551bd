"""Who may open what: every address of the URL configuration against every role."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, reverse

from netlift.console.middleware import POLICY
from netlift.console.urls import urlpatterns

from .conftest import PASSWORD, PEOPLE, client

PUBLIC = {"unsubscribe", "click", "picture", "hook", "text-status", "text-answer"}  # for strangers: test_public.py
OPEN = {"health", "login"}
OWN_RULE = OPEN | PUBLIC | {"logout"}
POSTED = {
    *("approve", "request_changes", "reject", "revoke", "submit", "withdraw", "reopen", "resubmit"),
    *("pause", "resume", "agree", "lift", "cancel", "stop", "launch", "resolve"),
}
READ = {"runs", "run", "map", "map-picture", "review", "report", "sending", "sending-live", "sending-rows"}
GIVEN = {"state": "unknown"}


def _address(pattern: URLPattern, run_id: str) -> str:
    assert pattern.name
    return reverse(pattern.name, kwargs={n: {**GIVEN, "run_id": int(run_id)}[n] for n in pattern.pattern.converters})


@pytest.mark.parametrize("pattern", [p for p in urlpatterns if p.name not in PUBLIC], ids=lambda p: p.name)
def test_nobody_gets_in_without_signing_in(pattern: URLPattern, run_id: str) -> None:
    """Every page but the sign-in and the health check sends strangers to the sign-in."""
    browser, address = client(), _address(pattern, run_id)
    if pattern.name in OPEN:
        assert browser.get(address).status_code == 200
        return
    for response in (browser.get(address), browser.post(address)):
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/")


def test_every_page_names_its_roles() -> None:
    """A new page without a rule fails here."""
    without = {p.name for p in urlpatterns if not getattr(p.callback, "roles", None)}
    assert without == OWN_RULE
    assert {p.name for p in urlpatterns} - OWN_RULE == READ | POSTED


@pytest.mark.parametrize("pattern", [p for p in urlpatterns if p.name not in OWN_RULE], ids=lambda p: p.name)
def test_pages_open_for_their_roles_only(pattern: URLPattern, run_id: str) -> None:
    """Who has none of the page's roles is told so with 403, everybody else gets an answer of the page."""
    for name in [*PEOPLE, "nina"]:
        browser, address = client(name), _address(pattern, run_id)
        response = browser.post(address) if pattern.name in POSTED else browser.get(address)
        told = re.search(b"This page is for|You have no role", response.getvalue())
        if PEOPLE.get(name) in pattern.callback.roles:  # type: ignore[attr-defined]
            assert not told, name
            assert response.status_code == 200 or pattern.name in POSTED, name
        else:
            assert told, name
            assert response.status_code == 403, name


@pytest.mark.parametrize("name", sorted(POSTED))
def test_acts_need_a_post(name: str, run_id: str) -> None:
    """A link can never vote."""
    authors, operators = ("submit", "withdraw", "reopen", "resubmit"), ("pause", "resume", "launch", "resolve")
    who = {**dict.fromkeys(authors, "anna"), **dict.fromkeys(operators, "olga")}.get(name, "rita")
    assert client(who).get(reverse(name, kwargs={"run_id": run_id})).status_code == 405


def test_a_forged_form_is_refused(run_id: str) -> None:
    """A post without the CSRF token changes nothing."""
    browser = client("anna")
    browser.handler.enforce_csrf_checks = True
    response = browser.post(f"/runs/{run_id}/submit/")
    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()


def test_answers_forbid_what_is_not_ours(run_id: str) -> None:
    """Pages, also error pages, carry the strict policy and are not framed, sniffed or kept."""
    assert "unsafe" not in POLICY
    for address in ("/", "/sign-in/", "/runs/1/", "/runs/1/map/", "/runs/1/review/", "/runs/99/", "/nowhere/", "/healthz"):
        headers = client("rita").get(address).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "no-store" in headers["Cache-Control"]


def test_pages_have_no_script_or_style_inside(run_id: str) -> None:
    """What the policy would block is not there in the first place."""
    for address in ("/", f"/runs/{run_id}/", f"/runs/{run_id}/map/", f"/runs/{run_id}/review/", "/nowhere/"):
        page = client("rita").get(address).content.decode().lower()
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert "://" not in page


def test_signing_in_and_out(store: Path) -> None:
    """The right password opens the runs, signing out closes them and takes a post."""
    browser = client()
    wrong = browser.post("/sign-in/", {"username": "rita", "password": "wrong"})
    assert "do not fit together" in wrong.content.decode()
    right = browser.post("/sign-in/", {"username": "rita", "password": PASSWORD, "next": "/?page=1"})
    assert right.headers["Location"] == "/?page=1"
    assert browser.get("/").status_code == 200
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 302
    assert browser.get("/").status_code == 302


def test_signing_in_never_leads_away(store: Path) -> None:
    """A link with another site's address in `next` leads to our own page."""
    signed_in = client().post("/sign-in/", {"username": "rita", "password": PASSWORD, "next": "//example.com/"})
    assert signed_in.headers["Location"] == "/"
