"""Reasons why a button is missing."""

from typing import Any

import pytest

from netlift.console.committee import hindrances

PLAN: dict[str, Any] = {"state": "in_review", "author": "anna", "votes": [], "findings": []}


@pytest.mark.parametrize(
    ("changes", "name", "roles", "act", "reason"),
    [
        ({}, "rita", {"reviewer"}, "approve", ""),
        ({}, "dora", {"director"}, "approve", "Voting takes the role reviewer or privacy; you are director."),
        ({}, "anna", {"author", "reviewer"}, "reject", "You prepared this plan, so somebody else must decide on it."),
        ({"state": "draft"}, "rita", {"reviewer"}, "approve", "Votes are possible while a plan is in review; this one is draft."),
        ({"state": "draft"}, "rita", {"reviewer"}, "submit", "This is for the plan's author, anna."),
        ({"state": "draft"}, "anna", {"author"}, "submit", ""),
        ({"state": "draft", "findings": [{"severity": "block"}]}, "anna", {"author"}, "submit", "1 finding blocks this plan"),
        ({"state": "sending"}, "gero", {"agent"}, "stop", ""),
        ({"state": "completed"}, "gero", {"agent"}, "stop", "There is nothing to stop: this one is completed."),
    ],
)
def test_the_reason_is_told(changes: dict[str, Any], name: str, roles: set[str], act: str, reason: str) -> None:
    """Each hindrance is one plain sentence; nothing stands in the way where the button is shown."""
    told = hindrances({**PLAN, **changes}, name, roles)[act]
    assert told.startswith(reason) if reason else told == ""


def test_a_void_vote_does_not_hinder() -> None:
    """Who approved an earlier version may approve again."""
    vote = {"voter": "rita", "vote": "approve", "void": True}
    assert hindrances({**PLAN, "votes": [vote]}, "rita", {"reviewer"})["approve"] == ""
    assert hindrances({**PLAN, "votes": [{**vote, "void": False}]}, "rita", {"reviewer"})["approve"] != ""
