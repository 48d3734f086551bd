"""Sandbox, headers and HTML against inputs made to break them."""

from __future__ import annotations

import dataclasses
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from netlift.campaigns import CannotWrite, lint, obstacle
from netlift.campaigns.mime import letter, skeleton
from netlift.records import Receipt
from tests.campaigns.crowd import crowd
from tests.campaigns.hostile import NAMES, TEMPLATES
from tests.campaigns.letters import MESSAGE, delivery, settings
from tests.campaigns.test_sessions import sent

HTML = '<heading>For {{ name }}</heading><p title="{{ name }}">{{ name|default("you") }}</p>'
REASONS = (
    "line break in the subject",
    "subject longer than 500 characters",
    "half a character in a field",
    "the fields would make the message longer than 256 kB",
)
BOTH = dataclasses.replace(MESSAGE, html=HTML)


def test_there_are_enough() -> None:
    """At least sixty of each, all different."""
    assert min(len(set(TEMPLATES)), len(set(NAMES))) >= 60


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_template_gets_out(template: str) -> None:
    """Refused before launch in every part of a message, within a moment, with one sentence and no error."""
    began = time.monotonic()
    for changes in ({"subject": template}, {"text": template}, {"html": f"<p>{template}</p>"}):
        problems = list(lint(dataclasses.replace(MESSAGE, **changes), settings(1)))
        assert problems
        assert all("cannot be used" in problem for problem in problems)
    assert time.monotonic() - began < 2


class Tags(HTMLParser):
    """The tags and attributes of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def tags(mail: EmailMessage) -> list[tuple[str, tuple[str, ...]]]:
    """Of the HTML part."""
    part, found = mail.get_body(("html",)), Tags()
    assert part is not None
    found.feed(part.get_content())
    return found.seen


def mailed(name: str) -> EmailMessage:
    """The mail for somebody called so."""
    found = message_from_bytes(letter(skeleton(BOTH, settings(1)), delivery(1, message=BOTH, fields={"name": name})), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_name_gets_out(name: str) -> None:
    """Written as it is, or a reason: the same headers and the same tags as for anybody, and the template is never read in it."""
    reason = obstacle(BOTH, {"name": name}) or ("half a character in a field" if name == "\ud83d" else "")
    if reason:
        with pytest.raises(CannotWrite, match=reason):
            mailed(name)
        assert reason in REASONS
        return
    usual, mail = mailed("Anna"), mailed(name)
    assert mail.keys() == usual.keys()
    assert mail["Subject"] == f"A letter for {name}"
    assert tags(mail) == tags(usual)
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").startswith(f"Hello {name}\n.dot\n")
    assert not [defect for part in mail.walk() for defect in part.defects]


def test_they_all_are_sent_or_failed() -> None:
    """Over real sessions: a receipt for everybody, as many mails as accepted, and nobody else is written to."""
    people = [delivery(i, message=BOTH, fields={"name": name}) for i, name in enumerate(NAMES)]
    with crowd() as server:
        found, _ = sent(server, people)
    assert set(found) == set(range(len(NAMES)))
    assert {r.state for r in found.values()} == {"accepted", "failed"}
    assert len(server.mails) == sum(r.state == "accepted" for r in found.values()) == len(server.arrived)
    assert found[NAMES.index("Anna\r\nBcc: all@example.com")] == Receipt(
        NAMES.index("Anna\r\nBcc: all@example.com"), "failed", "line break in the subject"
    )
