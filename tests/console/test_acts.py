"""The buttons of the committee."""

import itertools

import pytest

from netlift.errors import NetliftError
from netlift.store import people, runs
from netlift.workflow import decide, show
from tests.workflow import plans

from .conftest import PASSWORD, PEOPLE, client


def _hash(run_id: str) -> str:
    return str(show.plan(run_id)["approval_hash"])


def _approve(run_id: str, name: str, **form: str) -> int:
    """Look at the review page, then press the button."""
    client(name).get(f"/runs/{run_id}/review/")
    return client(name).post(f"/runs/{run_id}/approve/", {"approval_hash": _hash(run_id), **form}).status_code


def test_two_members_approve(run_id: str) -> None:
    """The author submits, two others approve, and then it is approved."""
    assert client("anna").post(f"/runs/{run_id}/submit/").status_code == 302
    assert _approve(run_id, "rita", text="fine") == 302
    assert show.plan(run_id)["state"] == "in_review"
    assert _approve(run_id, "pavel", text="fine") == 302
    assert show.plan(run_id)["state"] == "approved"
    page = client("olga").get(f"/runs/{run_id}/").content.decode()
    assert f"netlift launch {run_id}" in page
    assert f"netlift launch {run_id}" not in client("dora").get(f"/runs/{run_id}/").content.decode()


def test_the_author_cannot_approve(run_id: str) -> None:
    """Not even with the role of a reviewer, and the page says why there is no button."""
    people.add("anna", "reviewer")
    decide.submit(run_id, actor="anna")
    page = client("anna").get(f"/runs/{run_id}/review/").content.decode()
    assert "anna prepared run 1, so somebody else must decide on it." in page
    assert "<button>Approve</button>" not in page
    refused = client("anna").post(f"/runs/{run_id}/approve/", {"approval_hash": _hash(run_id)})
    assert refused.status_code == 403
    assert "somebody else must decide on it" in refused.content.decode()
    assert show.plan(run_id)["approvals"] == 0


def test_nobody_approves_twice(run_id: str) -> None:
    """One member is one vote."""
    decide.submit(run_id, actor="anna")
    assert _approve(run_id, "rita", text="fine") == 302
    assert _approve(run_id, "rita", text="fine") == 403
    assert "rita has approved run 1 already" in client("rita").get(f"/runs/{run_id}/review/").content.decode()


@pytest.mark.parametrize("shown", ["", "00000000", "0" * 64])
def test_a_vote_is_for_the_plan_that_was_shown(run_id: str, shown: str) -> None:
    """A form without the hash, or with another plan's, is refused."""
    decide.submit(run_id, actor="anna")
    assert client("rita").post(f"/runs/{run_id}/approve/", {"approval_hash": shown}).status_code == 403
    assert show.plan(run_id)["approvals"] == 0


@pytest.mark.parametrize(("act", "state"), [("reject", "rejected"), ("request-changes", "changes_requested")])
def test_turning_down_takes_a_reason(run_id: str, act: str, state: str) -> None:
    """Without words nothing happens; with words the author reads them."""
    decide.submit(run_id, actor="anna")
    assert client("rita").post(f"/runs/{run_id}/{act}/", {"text": "  "}).status_code == 400
    assert show.plan(run_id)["state"] == "in_review"
    assert client("rita").post(f"/runs/{run_id}/{act}/", {"text": "too many e-mails"}).status_code == 302
    assert show.plan(run_id)["state"] == state
    assert "too many e-mails" in client("anna").get(f"/runs/{run_id}/review/").content.decode()


def test_anyone_stops(run_id: str) -> None:
    """The emergency stop asks for no particular role."""
    for name in PEOPLE:
        decide.submit(run_id, actor="anna")
        assert client(name).post(f"/runs/{run_id}/stop/", {"text": "wrong prices"}).status_code == 302
        assert show.plan(run_id)["state"] == "draft"


def test_withdrawing(run_id: str) -> None:
    """The author takes the plan back."""
    decide.submit(run_id, actor="anna")
    assert client("anna").post(f"/runs/{run_id}/withdraw/").status_code == 302
    assert show.plan(run_id)["state"] == "draft"


STATES = ("draft", "in_review", "approved", "rejected", "changes_requested", "completed")
VERBS = {
    "approve": lambda run, who: plans.approve(run, actor=who, password=PASSWORD, text="fine"),
    "request_changes": lambda run, who: decide.request_changes(run, actor=who, text="x"),
    "reject": lambda run, who: decide.reject(run, actor=who, reason="x"),
    "stop": lambda run, who: decide.stop(run, actor=who),
    "submit": lambda run, who: decide.submit(run, actor=who),
    "withdraw": lambda run, who: decide.withdraw(run, actor=who),
}


@pytest.mark.parametrize(("state", "act"), list(itertools.product(STATES, VERBS)))
def test_a_button_is_shown_exactly_where_its_verb_works(run_id: str, state: str, act: str) -> None:
    """The reasons on the page agree with the verbs for every state and everybody."""
    for name in PEOPLE:
        runs.move(runs.get(run_id), state)
        expected = not decide.possible(run_id, name)[act]
        try:
            VERBS[act](run_id, name)
            worked = True
        except NetliftError:
            worked = False
        assert worked == expected, name
        _forget_votes(run_id)


def _forget_votes(run_id: str) -> None:
    runs.get(run_id).votes.all().delete()
