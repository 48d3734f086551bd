"""The rules of messages: one passing and one failing fixture each, with the exact text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlift.rules import MessageFacts, broken

GOOD = MessageFacts(
    subject="News for you",
    postal_address=True,
    one_click=True,
    aligned=True,
    sender_registered=True,
    marked=frozenset({"advertising"}),
)


@pytest.mark.parametrize(
    ("rule", "channel", "bad", "text"),
    [
        ("IDENTITY", "email", replace(GOOD, postal_address=False), "Footer lacks postal address"),
        ("IDENTITY", "email", replace(GOOD, subject="RE: your order"), "Subject 'RE: your order' pretends to be a reply"),
        ("IDENTITY", "email", replace(GOOD, subject=" Fwd : look"), "Subject 'Fwd : look' pretends to be a reply"),
        ("ONE_CLICK", "email", replace(GOOD, one_click=False), "One-click unsubscribe header missing"),
        ("AUTH", "email", replace(GOOD, aligned=False), "From domain is not aligned"),
        ("COMPLAINTS", "email", replace(GOOD, complaints=0.0011), "Complaints 0.11% over 0.1%"),
        ("SENDER_ID", "sms", replace(GOOD, sender_registered=False), "Sender is not registered"),
        ("SMS_LENGTH", "sms", replace(GOOD, segments=3), "Message is 3 segments, budget says 1"),
        ("MARKING", "post", replace(GOOD, marked=frozenset()), "Advertising is not marked"),
        ("MARKING", "email", replace(GOOD, personal_price=True), "Personal price not disclosed"),
        ("MARKING", "email", replace(GOOD, written_by_ai=True), "Text written by AI not disclosed"),
        ("EXPORT_SENSITIVE", "export", replace(GOOD, sensitive=True), "Sensitive audiences may not be exported"),
    ],
)
def test_each_rule_of_messages(rule: str, channel: str, bad: MessageFacts, text: str) -> None:
    """The good message breaks nothing, the bad one exactly this rule; the source is told."""
    assert broken(GOOD, ["DE", "US"], channel) == ()
    (found,) = broken(bad, ["DE", "US"], channel)
    assert (found.rule, found.text) == (rule, text)
    assert found.source


def test_what_is_not_known_counts_against() -> None:
    """A message of which nothing is known breaks every rule of its channel that asks for something."""
    assert [one.rule for one in broken(MessageFacts(), [], "email")] == ["IDENTITY", "ONE_CLICK", "AUTH", "MARKING"]


def test_words_that_begin_like_a_reply_are_none() -> None:
    """'Re' is a prefix only before a colon."""
    assert broken(replace(GOOD, subject="Recipes: ten new ones"), ["US"], "email") == ()
