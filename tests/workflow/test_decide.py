from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from netlift.errors import InputError, NetliftError, Refused
from netlift.records import Finding
from netlift.store import audit, people, runs
from netlift.store.models import AuditEvent, Run, Vote
from netlift.workflow import decide, show
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, MEMBERS, OPERATOR

BLOCK = (
    Finding("SMALL_AUDIENCE", "note", "audience", "A note."),
    Finding("NO_LAWFUL_BASIS", "block", "audience", "12 people have no consent; remove them."),
)


@pytest.fixture
def folder(tmp_path: Path, both_databases: str) -> Path:
    """A store with people; the answer is a folder for the run."""
    plans.opened(tmp_path / "netlift")
    return tmp_path / "run"


@pytest.fixture
def waiting(folder: Path) -> str:
    """A plan before the committee."""
    run_id = plans.draft(folder)
    decide.submit(run_id, actor=AUTHOR)
    return run_id


def state(run_id: str) -> str:
    """The run's state."""
    return runs.get(run_id).state


def test_two_votes_approve(waiting: str) -> None:
    """Submitted, one vote is not enough, two are; every step is in the trail."""
    assert plans.approve(waiting, actor=MEMBERS[0])["state"] == "in_review"
    plan = plans.approve(waiting, actor=MEMBERS[1], text="fine")
    assert (plan["state"], plan["approvals"], plan["quorum"]) == ("approved", 2, 2)
    assert [(v["voter"], v["vote"]) for v in plan["votes"]] == [(MEMBERS[0], "approve"), (MEMBERS[1], "approve")]
    acts = list(AuditEvent.objects.filter(run=int(waiting)).order_by("pk").values_list("act", "actor"))
    assert acts == [("prepare", AUTHOR), ("draft", AUTHOR), ("submit", AUTHOR), ("approve", MEMBERS[0]), ("approve", MEMBERS[1])]
    assert plan["approval_hash"] in AuditEvent.objects.order_by("-pk")[0].details
    assert audit.verify().whole


def test_the_same_member_counts_once(waiting: str) -> None:
    """Voting again is refused and changes nothing."""
    plans.approve(waiting, actor=MEMBERS[0])
    with pytest.raises(Refused, match="mia has approved run 1 already"):
        plans.approve(waiting, actor=MEMBERS[0])
    assert state(waiting) == "in_review"


def test_author_never_votes(waiting: str) -> None:
    """Not even with every role there is."""
    for role in people.ROLES:
        people.add(AUTHOR, role)
    for act in (plans.approve, lambda r, actor: decide.reject(r, actor=actor, reason="no")):
        with pytest.raises(Refused, match="ada prepared run 1, so somebody else must"):
            act(waiting, actor=AUTHOR)
    assert Vote.objects.count() == 0


def test_admin_and_owner_are_not_exempt(waiting: str) -> None:
    """Who may do everything else may not vote without a seat."""
    with pytest.raises(Refused, match="that takes the role reviewer or privacy"):
        plans.approve(waiting)


def test_privacy_seat_votes(waiting: str) -> None:
    """The privacy office has a vote."""
    people.add("petra", "privacy")
    plans.approve(waiting, actor="petra")
    assert plans.approve(waiting, actor=MEMBERS[0])["state"] == "approved"


def test_blocking_finding_cannot_be_submitted(folder: Path) -> None:
    """The finding's own words say why."""
    run_id = plans.draft(folder, findings=BLOCK)
    with pytest.raises(Refused, match=r"Run 1 cannot be submitted: 12 people have no consent; remove them.") as caught:
        decide.submit(run_id, actor=AUTHOR)
    assert caught.value.exit_code == 3
    assert state(run_id) == "draft"


def test_only_the_author_submits_and_withdraws(folder: Path) -> None:
    """Another author cannot, and neither can a member."""
    run_id = plans.draft(folder)
    people.add("albert", "author")
    for name in ("albert", MEMBERS[0], OPERATOR):
        with pytest.raises(Refused):
            decide.submit(run_id, actor=name)
    decide.submit(run_id, actor=AUTHOR)
    with pytest.raises(Refused, match="its author is ada"):
        decide.withdraw(run_id, actor="albert")


def test_reject_is_for_good(waiting: str) -> None:
    """A rejected plan can neither be submitted nor approved again; the reason is kept."""
    plans.approve(waiting, actor=MEMBERS[0])
    plan = decide.reject(waiting, actor=MEMBERS[0], reason="too pushy")
    assert (plan["state"], plan["votes"][-1]["text"]) == ("rejected", "too pushy")
    with pytest.raises(Refused, match="it is rejected"):
        decide.submit(waiting, actor=AUTHOR)
    with pytest.raises(Refused, match="it is rejected"):
        plans.approve(waiting, actor=MEMBERS[1])


@pytest.mark.parametrize("back", ["changes", "withdraw", "stop"])
def test_coming_back_starts_at_zero_votes(waiting: str, back: str) -> None:
    """After changes were asked for, a withdrawal or a stop, earlier votes no longer count."""
    plans.approve(waiting, actor=MEMBERS[0])
    if back == "changes":
        assert decide.request_changes(waiting, actor=MEMBERS[1], text="shorter")["state"] == "changes_requested"
    elif back == "withdraw":
        assert decide.withdraw(waiting, actor=AUTHOR)["state"] == "draft"
    else:
        plans.approve(waiting, actor=MEMBERS[1])
        assert decide.stop(waiting, actor=OPERATOR, reason="wrong price")["state"] == "draft"
    plan = decide.submit(waiting, actor=AUTHOR)
    assert (plan["approvals"], plan["version"], plan["state"]) == (0, 1, "in_review")
    assert plans.approve(waiting, actor=MEMBERS[1])["state"] == "in_review"
    assert plans.approve(waiting, actor=MEMBERS[0])["state"] == "approved"


@pytest.mark.parametrize("words", ["", "  \n"])
def test_reasons_are_required(waiting: str, words: str) -> None:
    """No rejection and no wish for changes without words."""
    with pytest.raises(InputError, match="takes a reason in words"):
        decide.reject(waiting, actor=MEMBERS[0], reason=words)
    with pytest.raises(InputError, match="takes a reason in words"):
        decide.request_changes(waiting, actor=MEMBERS[0], text=words)


def test_echo_of_the_hash(waiting: str) -> None:
    """Who looked at another content cannot approve this one."""
    own = runs.get(waiting).approval_hash
    for wrong in ("0" * 64, own[:7], "", own[1:]):
        with pytest.raises(Refused, match="is not that of run 1"):
            plans.approve(waiting, actor=MEMBERS[0], expected_hash=wrong)
    plans.approve(waiting, actor=MEMBERS[0], expected_hash=own[:8].upper())
    plans.approve(waiting, actor=MEMBERS[1], expected_hash=own)
    assert state(waiting) == "approved"


def test_content_changed_behind_the_back(waiting: str) -> None:
    """A content that no longer fits its hash cannot be approved."""
    run = runs.get(waiting)
    run.content["messages"][0]["text"] += "PS: more"
    run.save()
    with pytest.raises(Refused, match="was changed after it was prepared"):
        plans.approve(waiting, actor=MEMBERS[0])


@pytest.mark.parametrize("lost", ["active", "seat"])
def test_votes_of_people_without_a_seat_do_not_count(waiting: str, lost: str) -> None:
    """A member who was deactivated or lost the role no longer counts at the next vote."""
    plans.approve(waiting, actor=MEMBERS[0])
    if lost == "active":
        plans.deactivate(MEMBERS[0])
    else:
        people.user(MEMBERS[0]).groups.clear()
    assert plans.approve(waiting, actor=MEMBERS[1])["state"] == "in_review"
    assert plans.approve(waiting, actor=MEMBERS[2])["state"] == "approved"


def test_concurrent_votes_are_all_counted(waiting: str) -> None:
    """Three members at once: nobody's vote is lost, and the third comes too late or counts, but never breaks anything."""
    errors: list[NetliftError] = []
    gate = threading.Barrier(3)

    def vote(name: str) -> None:
        gate.wait()
        try:
            plans.approve(waiting, actor=name)
        except NetliftError as error:
            errors.append(error)
        connection.close()

    threads = [threading.Thread(target=vote, args=(name,)) for name in MEMBERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state(waiting) == "approved"
    assert show.plan(waiting)["approvals"] == 2
    assert [str(error) for error in errors] == ["Run 1 cannot be voted on: it is approved, and must be in review."]
    assert audit.verify().whole


def test_one_member_twice_at_once_counts_once(waiting: str) -> None:
    """A double click is one vote."""
    gate = threading.Barrier(2)

    def vote() -> None:
        gate.wait()
        with contextlib.suppress(Refused):
            plans.approve(waiting, actor=MEMBERS[0])
        connection.close()

    threads = [threading.Thread(target=vote) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (state(waiting), Vote.objects.count()) == ("in_review", 1)


ACTS: dict[str, Callable[[str], object]] = {
    "submit": lambda r: decide.submit(r, actor=AUTHOR),
    "approve": lambda r: plans.approve(r, actor=MEMBERS[2]),
    "reject": lambda r: decide.reject(r, actor=MEMBERS[2], reason="no"),
    "request_changes": lambda r: decide.request_changes(r, actor=MEMBERS[2], text="shorter"),
    "withdraw": lambda r: decide.withdraw(r, actor=AUTHOR),
    "stop": lambda r: decide.stop(r, actor=OPERATOR),
}
ALLOWED = {
    "preparing": {},
    "draft": {"submit": "in_review"},
    "changes_requested": {"submit": "in_review"},
    "in_review": {
        "approve": "in_review",
        "reject": "rejected",
        "request_changes": "changes_requested",
        "withdraw": "draft",
        "stop": "draft",
    },
    "approved": {"stop": "draft"},
    "rejected": {},
    "sending": {"stop": "stopped"},
    "stopped": {},
    "completed": {},
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("before", ALLOWED)
def test_state_machine(folder: Path, before: str, act: str) -> None:
    """Every verb in every state: where it may lead, and that it is refused everywhere else."""
    run_id = plans.approved(folder) if before in {"approved", "sending"} else plans.draft(folder)
    Run.objects.update(state=before)
    if act in ALLOWED[before]:
        ACTS[act](run_id)
    else:
        with pytest.raises(Refused, match=r"must be|is being prepared"):
            ACTS[act](run_id)
    assert state(run_id) == ALLOWED[before].get(act, before)


def test_lists(waiting: str, folder: Path) -> None:
    """The newest first; a run that is still being prepared is no plan yet."""
    runs.create(name="later", author=AUTHOR)
    assert [(r["run_id"], r["state"]) for r in show.runs()] == [("2", "preparing"), ("1", "in_review")]
    assert [(p["run_id"], p["counts"]) for p in show.plans()] == [("1", {"contacted": 18, "holdout": 2})]
    assert show.plan(waiting)["messages"][0]["offer"] == "Wine"
    assert show.deliveries(waiting) == {"counts": {}, "rows": []}
    with pytest.raises(Refused, match="was not launched"):
        show.sent_at(waiting)
