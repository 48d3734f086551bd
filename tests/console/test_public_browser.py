"""The page to unsubscribe in a real browser: read, chosen and done on a telephone and on a screen, by keyboard, without a violation."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from netlift.store import keys, tokens, vault
from netlift.store.models import Delivery
from netlift.store.tokens import OptOut
from netlift.workflow.launch import start
from tests.workflow import plans
from tests.workflow.plans import OPERATOR

from .test_browser import SERVE, _wait_until_healthy, chromium, store_beside_playwright

__all__ = ["chromium", "store_beside_playwright"]  # fixtures

# WCAG 2.2: contrast (1.4.3) of every text, size of targets (2.5.8), names of fields (4.1.2), headings, language (3.1.1)
CHECK = """() => {
  const found = [];
  const part = x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(x => part(x / 255)); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => {
    for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; }
    return 'rgb(255, 255, 255)';
  };
  for (const e of document.querySelectorAll('h1, p, small, legend, label span, button')) {
    const [more, less] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    if ((more + .05) / (less + .05) < 4.5) found.push('contrast of ' + e.textContent.trim());
  }
  for (const e of document.querySelectorAll('button, label'))
    if (e.getBoundingClientRect().height < 24) found.push('small ' + e.textContent);
  for (const e of document.querySelectorAll('input')) if (!e.labels.length) found.push('no label');
  if (document.querySelectorAll('h1').length !== 1) found.push('headings');
  if (!document.documentElement.lang || !document.title) found.push('language or title');
  return found;
}"""


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The link of c0001, on a console that is served as `netlift serve` does under a public name."""
    plans.opened(tmp_path / "netlift")
    start(plans.approved(tmp_path / "run"), actor=OPERATOR)
    row = Delivery.objects.get(customer_id="c0001")
    token = tokens.opt_out(OptOut(row.pk, keys.keyed_hash("customer", "c0001"), "email"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "NETLIFT_DATA_DIR": str(tmp_path / "netlift"), "NETLIFT_PUBLIC_URL": "https://mail.shop.example"}
    with subprocess.Popen([sys.executable, "-c", SERVE.format(port=port)], env=environment, stderr=subprocess.PIPE) as server:
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}/healthz", server)
            yield f"http://127.0.0.1:{port}/p/u/{token}"
        finally:
            server.terminate()
            said = server.communicate(timeout=30)[1].decode()
    assert "Traceback" not in said


@pytest.fixture(params=[("en-GB", 360), ("de-DE", 1280)], ids=["telephone", "screen"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that must not say anything on its console: no error, no violation of the policy."""
    locale, width = request.param
    context = chromium.new_context(viewport={"width": width, "height": 740}, locale=locale)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda response: said.append(f"{response.status} {response.url}") if response.status >= 300 else None)
    yield page
    assert context.cookies() == []
    context.close()
    assert said == []


def _sound(page: Page) -> None:
    assert page.evaluate(CHECK) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def _picture(page: Page, name: str) -> None:
    """For whoever wants to look: NETLIFT_PICTURES names a folder."""
    if folder := os.environ.get("NETLIFT_PICTURES"):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width'] if page.viewport_size else 0}.png", full_page=True)


def test_unsubscribed_by_keyboard(page: Page, address: str) -> None:
    """Look, press the button, then choose everything; the store has both, and going back and forth adds nothing."""
    page.goto(address)
    german = page.evaluate("document.documentElement.lang") == "de"
    ask, done, all_of_it = (
        ("Abmelden", "Sie sind abgemeldet", "Jede Werbung abbestellen")
        if german
        else ("Unsubscribe", "You are unsubscribed", "Stop all advertising")
    )
    _sound(page)
    _picture(page, "ask")
    assert vault.suppressed() == frozenset()
    for key in ("Tab", "Tab"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent.trim()") == ask
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=done)).to_be_visible()
    _sound(page)
    _picture(page, "done")
    assert [sorted(vault.suppressed(channel)) for channel in ("email", "sms")] == [["c0001"], []]
    page.get_by_role("button", name=all_of_it).click()
    expect(page.get_by_role("status")).to_be_visible()
    _sound(page)
    _picture(page, "everything")
    assert vault.suppressed("sms") == {"c0001"}


def test_under_its_public_name(address: str) -> None:
    """Behind an HTTPS server the request carries the public name, and is answered; another name is not."""
    right, wrong = (
        urllib.request.Request(address, data=b"List-Unsubscribe=One-Click", headers={"Host": host})
        for host in ("mail.shop.example", "evil.example")
    )
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(wrong, timeout=20)
    refused.value.close()
    assert vault.suppressed() == frozenset()
    with urllib.request.urlopen(right, timeout=20) as answer:
        assert (answer.status, answer.headers["Set-Cookie"]) == (200, None)
    assert vault.suppressed("email") == {"c0001"}
