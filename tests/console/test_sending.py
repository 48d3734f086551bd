"""The page of a run that is being sent: how far it is, live, and what an operator does there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from netlift.campaigns.testing import Sink
from netlift.store import people
from netlift.store.models import AuditEvent, Delivery, Job
from netlift.workflow import decide, show
from netlift.workflow.launch import launch, start
from netlift.workflow.worker import work
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, OPERATOR

from .conftest import PASSWORD, client
from .test_browser import address, chromium, page, store_beside_playwright

__all__ = ["address", "chromium", "page", "store_beside_playwright"]  # fixtures


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server that breaks off after half of the messages."""
    with Sink(drop=0.5, seed=1) as server:
        yield server


@pytest.fixture
def run_id(tmp_path: Path, sink: Sink) -> str:
    """An approved run of 18 messages."""
    plans.opened(tmp_path / "netlift")
    people.add(OPERATOR, "operator", password=PASSWORD)
    return plans.approved(tmp_path / "run", port=sink.port)


def read(path: str, name: str = OPERATOR) -> str:
    """A page, as text."""
    return client(name).get(path).content.decode()


def test_an_operator_begins_and_a_worker_sends(run_id: str, sink: Sink) -> None:
    """The button starts exactly the approved plan; before it there is nothing to tell, after it counts that add up."""
    before = read(f"/runs/{run_id}/sending/")
    assert "Nothing was sent yet; the plan is approved." in before
    assert "Begin sending" not in read(f"/runs/{run_id}/sending/", AUTHOR)
    assert client(OPERATOR).post(f"/runs/{run_id}/launch/").status_code == 302
    assert "0 of 18 messages came to their end." in read(f"/runs/{run_id}/sending/live/")
    assert "data-goes-on" in read(f"/runs/{run_id}/sending/live/")
    work(once=True)
    after = read(f"/runs/{run_id}/sending/")
    assert "18 of 18 messages came to their end." in after
    assert "data-goes-on" not in after
    assert "holdout" in after
    assert len(sink.received) == 18


def test_an_unapproved_plan_is_not_begun(tmp_path: Path) -> None:
    """The refusal stands on the page, and nothing is written to the ledger."""
    plans.opened(tmp_path / "netlift")
    run_id = plans.draft(tmp_path / "run")
    refused = client(OPERATOR).post(f"/runs/{run_id}/launch/")
    assert refused.status_code == 403
    assert 'role="alert"' in refused.content.decode()
    assert Delivery.objects.count() == 0


def test_unknown_ones_are_listed_exported_and_resolved(run_id: str) -> None:
    """Named customers or, ticked, all of them; with neither the form says so and nothing changes."""
    launch(run_id, actor=OPERATOR)
    held = [row["customer_id"] for row in show.rows(run_id, state="unknown")]
    assert len(held) >= 3
    shown = read(f"/runs/{run_id}/sending/")
    assert all(f'<th scope="row">{customer}</th>' in shown for customer in held)
    assert "Write it down" not in read(f"/runs/{run_id}/sending/", AUTHOR)
    browser, form = client(OPERATOR), f"/runs/{run_id}/resolve/"
    refused = browser.post(form, {"state": "accepted"})
    assert (refused.status_code, "No customer was named" in refused.content.decode()) == (400, True)
    assert browser.post(form, {"state": "perhaps", "all": "1"}).status_code == 400
    assert browser.post(form, {"state": "accepted", "customers": f" {held[0]} \n{held[1]}"}).status_code == 302
    assert show.counts(run_id)["unknown"] == len(held) - 2
    assert browser.post(form, {"state": "failed", "all": "1"}).status_code == 302
    assert "unknown" not in show.counts(run_id)
    assert AuditEvent.objects.filter(act="resolve").count() == 2


def test_the_file_of_a_state_holds_no_formula(run_id: str) -> None:
    """A customer id that a spreadsheet would run gets a quote before it; a state that is none is not found."""
    launch(run_id, actor=OPERATOR)
    row = Delivery.objects.filter(state="unknown").earliest("customer_id")
    Delivery.objects.filter(pk=row.pk).update(customer_id="=cmd|'/c calc'!A0")
    answer = client(OPERATOR).get(f"/runs/{run_id}/sending/unknown.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "customer_id,channel,state,attempts,message_id,reason"
    assert sum(line.startswith("'=cmd") for line in lines) == 1
    assert len(lines) == 1 + show.counts(run_id)["unknown"]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{run_id}-unknown.csv"'
    assert client(OPERATOR).get(f"/runs/{run_id}/sending/lost.csv").status_code == 404


def test_a_pause_and_its_reason_are_on_the_page(run_id: str) -> None:
    """The operator's buttons are those that the state allows."""
    start(run_id, actor=OPERATOR)
    assert client(OPERATOR).post(f"/runs/{run_id}/pause/", {"text": "a second look"}).status_code == 302
    shown = read(f"/runs/{run_id}/sending/")
    assert "Paused: a second look" in shown
    assert "Resume</button>" in shown
    assert "Pause</button>" not in shown


def test_a_job_tells_how_far_it_is(run_id: str) -> None:
    """Its last lines are on the page."""
    log = [[timezone.now().isoformat(timespec="seconds"), "12 of 18 messages"]]
    Job.objects.create(kind="launch", actor=OPERATOR, run_id=run_id, state="running", progress=0.66, log=log)
    shown = read(f"/runs/{run_id}/sending/")
    assert "12 of 18 messages" in shown
    assert "launch, running, 66" in shown


def test_the_page_renews_itself_in_a_browser(page: Page, address: str, run_id: str) -> None:
    """Begun by a click, sent by a worker elsewhere: the figures follow without a reload, also on a telephone, and stop when it is done."""
    page.goto(f"{address}/runs/{run_id}/sending/")
    page.get_by_label("Name").fill(OPERATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Begin sending").click()
    expect(page.get_by_text("0 of 18 messages came to their end.")).to_be_visible()
    page.evaluate("window.untouched = true")
    work(once=True)
    expect(page.get_by_text("18 of 18 messages came to their end.")).to_be_visible(timeout=10_000)
    assert page.evaluate("window.untouched") is True
    assert page.locator("[data-goes-on]").count() == 0
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert decide.possible(run_id, OPERATOR)["pause"]
