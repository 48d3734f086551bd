"""The console in a real browser: the way of a committee member, by clicking."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from netlift.workflow import decide, show

from .conftest import PASSWORD

FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERVE = "from netlift.store import open_store; from netlift.console import serve; open_store(); serve(port={port})"


@pytest.fixture(autouse=True)
def store_beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's event loop waits in this thread; asking the store meanwhile disturbs nobody, which Django cannot know."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without it the test fails, it is not skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("No chromium is on PATH; as root: apt-get install --no-install-recommends chromium fonts-liberation", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def address(run_id: str, tmp_path: Path) -> Iterator[str]:
    """The console, served as `netlift serve` does, from the test's own store."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "NETLIFT_DATA_DIR": str(tmp_path / "netlift")}
    with subprocess.Popen([sys.executable, "-c", SERVE.format(port=port)], env=environment, stderr=subprocess.PIPE) as server:
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}/healthz", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            said = server.communicate(timeout=30)[1].decode()
    assert "Traceback" not in said


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the console ended at once"
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                assert response.read() == b"ok\n"
                return
        except OSError:  # not there yet, or too slow for its first answer
            time.sleep(0.1)
    pytest.fail("the console did not answer within 30 seconds")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that must not say anything on its console: no error, no violation of the policy."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda response: said.append(f"{response.status} {response.url}") if response.status >= 400 else None)
    yield page
    context.close()
    assert said == []


def test_a_reviewer_signs_in_looks_and_approves(page: Page, address: str, run_id: str) -> None:
    """Sign-in, runs, map, review, approve, sign out; the vote is in the store."""
    decide.submit(run_id, actor="anna")
    page.goto(address)
    page.get_by_label("Name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="1 Autumn").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.get_by_role("link", name="Segments", exact=True).click()
    expect(page.get_by_role("img", name="Scatter plot of the customers")).to_be_visible()
    assert page.evaluate("document.querySelector('img.map').naturalWidth") > 300
    page.get_by_role("link", name="Review", exact=True).click()
    page.get_by_label("Remark").fill("good plan")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Your approval is recorded.")
    page.get_by_text("What you cannot do now").click()
    expect(page.get_by_text("rita has approved run 1 already")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert show.plan(run_id)["approvals"] == 1


def test_pages_fit_a_telephone(page: Page, address: str, run_id: str) -> None:
    """At 360 px nothing makes the page itself scroll sideways, and everything is reached by keyboard from a visible focus."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    page.get_by_label("Name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    for path in ("/", f"/runs/{run_id}/", f"/runs/{run_id}/map/", f"/runs/{run_id}/review/", f"/runs/{run_id}/report/"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").startswith("Skip to the"), path
