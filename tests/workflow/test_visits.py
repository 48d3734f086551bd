"""Clicks: off by default, under a pseudonym, never an open redirect, machines counted apart."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from netlift.campaigns.testing import Sink
from netlift.store import feedback, keys, tokens
from netlift.store.models import Delivery, Event, Link
from netlift.store.tokens import Tracked
from netlift.workflow import privacy, show, visits
from netlift.workflow.launch import launch
from netlift.workflow.visits import Request
from tests.workflow import plans
from tests.workflow.plans import OPERATOR

PUBLIC_URL = "https://mail.shop.example"
PERSON = Request("GET", {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
TEXT = "Hello {{ name }},\n\nhttps://shop.example/wine?utm_source=mail\nhttps://shop.example/meat\n"


def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **channel: object) -> dict[str, str]:
    """What everybody got, by customer."""
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", PUBLIC_URL)
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        plan = plans.plan(plans.audience(8))
        plan = replace(plan, messages=(replace(plan.messages[0], text=TEXT),))
        launch(plans.approved(tmp_path / "run", plan, config=plans.settings(sink.port, **channel)), actor=OPERATOR)
        Delivery.objects.update(changed_at=timezone.now() - timedelta(minutes=5))
        raw = {to.partition("@")[0]: body for (to, _), body in zip(sink.received, sink.letters, strict=True)}
    return {customer: message_from_bytes(body, policy=policy.default).get_content() for customer, body in raw.items()}


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The tokens of the tracked links in everybody's letter, by customer."""
    found = letters(tmp_path, monkeypatch, track_clicks=True)
    return {customer: re.findall(rf"{PUBLIC_URL}/p/c/(\S+)", text) for customer, text in found.items()}


def counted() -> list[tuple[str, str]]:
    """Link and machine of every click."""
    return [(Link.objects.get(pk=e.detail).address[21:25] if e.detail != "0" else "0", e.machine) for e in Event.objects.order_by("pk")]


def test_off_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the approved channel asks for it, letters lead where they say, and no link is kept."""
    for letter in letters(tmp_path, monkeypatch).values():
        assert "https://shop.example/wine?utm_source=mail" in letter
        assert "/p/c/" not in letter
    assert Link.objects.count() == 0


def test_a_click_leads_on_and_is_counted_under_a_pseudonym(links: dict[str, list[str]]) -> None:
    """Each person's links are others', hold no address, and lead to the approved ones; nobody's id is kept with the click."""
    assert len({token for mine in links.values() for token in mine}) == 12
    assert not any("shop.example/wine" in token or "=" in token for mine in links.values() for token in mine)
    assert visits.click(links["c0001"][0], PERSON) == "https://shop.example/wine?utm_source=mail"
    (event,) = Event.objects.all()
    assert (event.kind, event.machine, event.evidence) == ("click", "", {})
    assert event.subject not in {keys.keyed_hash("customer", "c0001"), "c0001"}
    assert show.came_back("1") == [{"kind": "click", "people": 1, "by_machines": 0}]


def test_no_open_redirect(links: dict[str, list[str]]) -> None:
    """Neither a query nor a forged token, one of another purpose or of another run's link leads anywhere else."""
    browser = Client(SERVER_NAME="localhost")
    right = browser.get(f"/p/c/{links['c0001'][0]}?url=https://evil.example&next=//evil.example")
    assert (right.status_code, right.headers["Location"]) == (302, "https://shop.example/wine?utm_source=mail")
    assert right.headers["Referrer-Policy"] == "no-referrer"
    other = Link.objects.create(run=99, digest="0" * 64, address="https://evil.example/")
    row = Delivery.objects.get(customer_id="c0001")
    assert browser.get("/p/c/" + tokens.tracked("open", Tracked(row.pk, other.pk))).status_code == 404
    assert browser.get("/p/c/https://evil.example/").status_code == 404
    assert browser.get("/p/c/" + links["c0001"][0][:-1]).status_code == 404
    assert browser.post(f"/p/c/{links['c0001'][0]}").status_code == 405


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (replace(PERSON, method="HEAD"), "no GET"),
        (Request("GET", {**PERSON.headers, "Sec-Purpose": "prefetch;prerender"}), "loaded ahead"),
        (Request("GET", {**PERSON.headers, "X-Moz": "prefetch"}), "loaded ahead"),
        (Request("GET", {}), "known program"),
        (Request("GET", {"User-Agent": "Mozilla/5.0"}), "known program"),
        (
            Request("GET", {"User-Agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}),
            "known program",
        ),
        (Request("GET", {"User-Agent": "python-requests/2.32"}), "known program"),
    ],
)
def test_machines_are_counted_apart(links: dict[str, list[str]], request_: Request, why: str) -> None:
    """By method, by header, by the program's name."""
    assert visits.click(links["c0001"][0], request_) is not None
    assert counted() == [("wine", why)]
    assert show.came_back("1") == [{"kind": "click", "people": 0, "by_machines": 1}]


def test_nobody_reads_that_fast(links: dict[str, list[str]]) -> None:
    """A click within seconds of the relay's answer, or while the message is still on the wire."""
    Delivery.objects.filter(customer_id="c0001").update(changed_at=timezone.now() - timedelta(seconds=2))
    Delivery.objects.filter(customer_id="c0002").update(state="committing")
    visits.click(links["c0001"][0], PERSON)
    visits.click(links["c0002"][0], PERSON)
    assert counted() == [("wine", "too soon"), ("wine", "too soon")]


def test_all_links_at_once(links: dict[str, list[str]]) -> None:
    """Who follows every link within two seconds is a scanner, the first click included; who comes back later is a person."""
    Link.objects.create(run=1, digest="0" * 64, address="https://shop.example/of-another-offer")
    visits.click(links["c0001"][0], PERSON)
    assert counted() == [("wine", "")]
    visits.click(links["c0001"][1], PERSON)
    assert counted() == [("wine", "all links at once"), ("meat", "all links at once")]
    Event.objects.update(at=timezone.now() - timedelta(hours=1))
    time.sleep(1.1)  # within a second the same click counts once
    visits.click(links["c0001"][0], PERSON)
    assert counted()[2] == ("wine", "")


def test_the_hidden_link_gives_a_machine_away(links: dict[str, list[str]]) -> None:
    """Clicks of the same message within a minute of it count as the machine's; it leads nowhere; others' clicks stay."""
    row = Delivery.objects.get(customer_id="c0001")
    visits.click(links["c0001"][0], PERSON)
    visits.click(links["c0002"][0], PERSON)
    browser = Client(SERVER_NAME="localhost")
    assert browser.get("/p/c/" + tokens.tracked("trap", Tracked(row.pk, 0))).status_code == 404
    assert sorted(counted()) == [("0", "hidden link"), ("wine", ""), ("wine", "hidden link")]


def test_openings(links: dict[str, list[str]]) -> None:
    """The picture is the same for right and wrong tokens, and only a right one is counted."""
    row = Delivery.objects.get(customer_id="c0001")
    browser = Client(SERVER_NAME="localhost")
    right = browser.get("/p/o/" + tokens.tracked("open", Tracked(row.pk, 0)), headers=dict(PERSON.headers))
    wrong = browser.get("/p/o/forged")
    assert (right.content, right.status_code, right.cookies) == (wrong.content, 200, {})
    assert right.content[:6] == b"GIF89a"
    assert show.came_back("1") == [{"kind": "open", "people": 1, "by_machines": 0}]


def test_a_storm_is_one_click(links: dict[str, list[str]]) -> None:
    """The same link a hundred times within a second or two leaves a row or two or three."""
    for _ in range(100):
        visits.click(links["c0001"][0], PERSON)
    assert Event.objects.count() < 10


def test_rights_of_who_clicked(links: dict[str, list[str]], tmp_path: Path) -> None:
    """A copy of the data tells of the click; who is erased takes it along."""
    from netlift.store import people

    people.add("pia", "privacy")
    visits.click(links["c0001"][0], PERSON)
    visits.click(links["c0002"][0], PERSON)
    assert [one["kind"] for one in feedback.of_customer("c0001")] == ["click"]
    privacy.export("c0001", tmp_path / "copy.json", actor="pia")
    assert '"click"' in (tmp_path / "copy.json").read_text()
    assert privacy.erase("c0001", actor="pia")["removed"]["clicks and openings"] == 1
    assert Event.objects.filter(kind="click").count() == 1
