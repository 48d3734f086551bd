from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from netlift.campaigns import check, lint, remarks
from netlift.errors import InputError
from netlift.records import Message
from netlift.settings import ChannelSettings
from tests.campaigns.letters import MESSAGE, settings

AWAY = ChannelSettings(sender="Shop <news@shop.example>", host="mail.example.com", postal_address="1 Main Street")


def told(channel: ChannelSettings = AWAY, **changes: Any) -> list[str]:
    """What is wrong with a message."""
    return list(lint(dataclasses.replace(MESSAGE, **changes), channel))


def test_nothing_is_wrong_with_a_right_message() -> None:
    """Text alone, and with HTML."""
    assert told() == []
    assert told(html="<text>Hello {{ name }}, <a href='https://shop.example'>look</a></text>") == []
    check(MESSAGE, AWAY)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"subject": " "}, "The subject of the offer 'Wine' on email cannot be used: it is empty."),
        ({"subject": "RE: your order"}, "it looks like an answer or a forwarded mail (RE:, FWD:), and it is neither"),
        ({"subject": "Fwd : wine"}, "it looks like an answer"),
        ({"subject": "AW: Wein"}, "it looks like an answer"),
        ({"subject": "re[2]: wine"}, "it looks like an answer"),
        ({"text": "\n"}, "The text of the offer 'Wine' on email cannot be used: it is empty."),
        ({"text": "https://x.example/{{ email }}"}, "a link holds a field"),
        ({"text": "{{ name"}, "The text of the offer 'Wine' on email cannot be used: line 1: unexpected end"),
        ({"html": "{{ name"}, "The html of the offer 'Wine' on email cannot be used: line 1: unexpected end"),
        ({"html": "<script></script>"}, "The html of the offer 'Wine' on email cannot be used: line 1: <script> is not allowed in mail."),
        ({"html": "<p>{{ ''.__class__ }}</p>"}, "only {{ field }}, if and filters are allowed"),
        ({"html": "<img src='https://x.example/a.png'>"}, "<img> needs src and alt"),
        ({"sender": "Shop <shop@gmail.com>"}, "mail from gmail.com is refused everywhere unless it comes from there"),
        ({"sender": "Shop"}, "The sender 'Shop' of the offer 'Wine' is not of the form"),
    ],
)
def test_each_mistake_is_one_sentence(changes: dict[str, Any], problem: str) -> None:
    """What is wrong, where, and with which offer."""
    assert any(problem in one for one in told(**changes))
    with pytest.raises(InputError):
        check(dataclasses.replace(MESSAGE, **changes), AWAY)


@pytest.mark.parametrize("subject", ["Regarding wine", "Refreshing: whites", "Wine: re-opened", "Award: best wine"])
def test_subjects_that_only_begin_alike(subject: str) -> None:
    """Words that begin with the letters of RE and AW are no answers."""
    assert told(subject=subject) == []


def test_the_postal_address_may_be_missing_only_on_this_machine() -> None:
    """CAN-SPAM and others want it in every message; for trying things out it is only remarked."""
    without = AWAY.model_copy(update={"postal_address": ""})
    (problem,) = told(without)
    assert problem.startswith(
        "The footer of the offer 'Wine' on email cannot be used: it lacks the sender's postal address; set postal_address"
    )
    assert told(settings(25)) == []
    assert list(remarks(MESSAGE, settings(25))) == [
        "The footer of the offer 'Wine' lacks a postal address: set postal_address of [channels.email]."
    ]
    assert list(remarks(MESSAGE, AWAY)) == []


def test_what_depends_on_the_channel_is_left_to_it() -> None:
    """A platform makes its own mail: only templates and sender are looked at."""
    message = Message("Wine", "email", "Shop <news@shop.example>", "RE: x", "x")
    assert list(lint(message)) == []
