"""The committee's rules on the store: seats, deputies, the heightened track, time, editing, drift, pausing and stopping."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from netlift.errors import InputError, Refused
from netlift.records import Finding, Message
from netlift.store import audit, ledger, people, runs, stops, vault
from netlift.store.models import AuditEvent, Delivery, Run, Vote
from netlift.workflow import decide, launch
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, MEMBERS, OPERATOR, TEXT

MIA, MAX, MONA = MEMBERS
OTHER = Message("Wine", "email", "Shop <news@shop.example>", "Another letter for {{ name }}", TEXT)
REVIEW = Finding("OVER_SPECIFIC", "review", "audience", "Many conditions.")


@pytest.fixture
def folder(tmp_path: Path, both_databases: str) -> Path:
    """A store with people; the answer is a folder for the run."""
    plans.opened(tmp_path / "netlift")
    people.add("pia", "privacy")
    people.add("dora", "director")
    return tmp_path / "run"


def waiting(folder: Path) -> str:
    """A plan before the committee."""
    run_id = plans.draft(folder)
    decide.submit(run_id, actor=AUTHOR)
    return run_id


def heighten(run_id: str) -> None:
    """A finding asks for review."""
    run = runs.get(run_id)
    run.findings = {**run.findings, "verdict": "review"}
    run.save()


def state(run_id: str) -> str:
    """The run's state."""
    return runs.get(run_id).state


def days_ago(run_id: str, days: float, *fields: str) -> None:
    """Turn the clock of some moments of a run back."""
    for field in fields:
        Run.objects.filter(pk=int(run_id)).update(**{field: timezone.now() - timedelta(days=days)})


def test_heightened_track_needs_the_privacy_seat_and_reasons(folder: Path) -> None:
    """Two reviewers are not enough where a finding asks for review, and nobody approves without a word."""
    run_id = waiting(folder)
    heighten(run_id)
    with pytest.raises(Refused, match="an approval takes a reason in words"):
        plans.approve(run_id, actor=MIA, text=" ")
    for name in (MIA, MAX):
        assert plans.approve(run_id, actor=name)["state"] == "in_review"
    assert plans.approve(run_id, actor="pia")["state"] == "approved"


def test_deputy_sits_in_one_seat(folder: Path) -> None:
    """A deputy votes in the member's seat; member and deputy together are one vote; the end of it is kept."""
    run_id = waiting(folder)
    with pytest.raises(Refused, match="dora does not sit for mia now"):
        plans.approve(run_id, actor="dora", seat=MIA)
    decide.name_deputy("dora", until=timezone.now() + timedelta(days=3), actor=MIA)
    voted = plans.approve(run_id, actor="dora", seat=MIA)["votes"][-1]
    assert (voted["voter"], voted["seat"]) == ("dora", MIA)
    with pytest.raises(Refused, match="The seat of mia has approved run 1 already"):
        plans.approve(run_id, actor=MIA)
    assert plans.approve(run_id, actor=MAX)["state"] == "approved"


@pytest.mark.parametrize("days", [0, -1, 93])
def test_a_deputyship_ends(folder: Path, days: int) -> None:
    """It ends within three months, and not in the past."""
    with pytest.raises(InputError, match="within the next 92 days"):
        decide.name_deputy("dora", until=timezone.now() + timedelta(days=days), actor=MIA)


def test_a_deputy_has_no_deputy(folder: Path) -> None:
    """Who sits for somebody cannot pass the seat on."""
    decide.name_deputy("dora", until=timezone.now() + timedelta(days=3), actor=MIA)
    with pytest.raises(Refused, match="takes the role reviewer or privacy"):
        decide.name_deputy(OPERATOR, until=timezone.now() + timedelta(days=3), actor="dora")


def test_editor_and_the_editors_deputy_never_vote(folder: Path) -> None:
    """Who edited cannot vote in any seat, and nobody votes in the editor's seat."""
    run_id = waiting(folder)
    people.add(MIA, "author")
    decide.name_deputy("dora", until=timezone.now() + timedelta(days=3), actor=MIA)
    decide.name_deputy(MIA, until=timezone.now() + timedelta(days=3), actor=MAX)
    decide.edit(run_id, actor=MIA, messages=[OTHER])
    Run.objects.update(findings={**runs.get(run_id).findings, "findings": [], "verdict": "pass"})
    decide.submit(run_id, actor=AUTHOR)
    for voter, seat in ((MIA, MIA), ("dora", MIA), (MIA, MAX)):
        with pytest.raises(Refused, match="mia edited run 1, so"):
            plans.approve(run_id, actor=voter, seat=seat)
    assert Vote.objects.count() == 0


def test_an_edit_voids_the_votes_and_changes_the_hash(folder: Path) -> None:
    """The next version is a draft, checked anew; whoever looked at the old one has not looked at this."""
    run_id = plans.approved(folder)
    before = runs.get(run_id)
    plan = decide.edit(run_id, actor=AUTHOR, messages=[OTHER])
    assert (plan["state"], plan["version"], plan["approvals"]) == ("draft", 2, 0)
    assert plan["approval_hash"] != before.approval_hash
    assert plan["messages"][0]["subject"] == "Another letter for {{ name }}"
    assert any(f["code"] == "SMALL_AUDIENCE" for f in plan["findings"])
    with pytest.raises(Refused, match="cannot be launched"):
        launch.start(run_id, actor=OPERATOR)


def test_edit_says_what_is_wrong(folder: Path) -> None:
    """No message of that kind, nothing to change."""
    run_id = plans.draft(folder)
    with pytest.raises(InputError, match="no message for the offer 'Beer' by email; it has 'Wine' by email"):
        decide.edit(run_id, actor=AUTHOR, messages=[Message("Beer", "email", OTHER.sender, "x", "y")])
    with pytest.raises(InputError, match="Nothing of run 1 would change"):
        decide.edit(run_id, actor=AUTHOR)


def test_who_has_not_looked_cannot_approve(folder: Path) -> None:
    """Every pane of this version must have been opened."""
    run_id = waiting(folder)
    own = runs.get(run_id).approval_hash
    decide.look(run_id, actor=MIA, panes=("findings", "audience"))
    with pytest.raises(Refused, match="mia has not looked at the messages of run 1, version 1"):
        decide.approve(run_id, actor=MIA, expected_hash=own)
    decide.look(run_id, actor=MIA, panes=("messages",))
    decide.approve(run_id, actor=MIA, expected_hash=own)
    assert Vote.objects.get().opened == ["audience", "findings", "messages"]


def test_who_has_a_password_gives_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vote takes the password, the right one, or a fresh sign-in."""
    people.add("rita", "reviewer", password="a long pass-phrase, for tests only")
    run_id = waiting(folder)
    with pytest.raises(Refused, match="rita has a password, so this vote takes it"):
        plans.approve(run_id, actor="rita")
    with pytest.raises(Refused, match="rita has a password"):
        plans.approve(run_id, actor="rita", signed_in=timezone.now() - timedelta(minutes=16))
    with pytest.raises(Refused, match="The password is not that of rita"):
        plans.approve(run_id, actor="rita", password="wrong")
    plans.approve(run_id, actor="rita", password="a long pass-phrase, for tests only")
    assert Vote.objects.get().authenticated == "password"


def test_a_vote_is_taken_back(folder: Path) -> None:
    """Until the start, by who cast it and nobody else."""
    run_id = plans.approved(folder)
    with pytest.raises(Refused, match="mona has no vote on run 1 to take back"):
        decide.revoke(run_id, actor=MONA)
    plan = decide.revoke(run_id, actor=MIA)
    assert (plan["state"], plan["approvals"]) == ("in_review", 1)
    assert plans.approve(run_id, actor=MONA)["state"] == "approved"
    launch.start(run_id, actor=OPERATOR)
    with pytest.raises(Refused, match="cannot lose a vote: it is sending"):
        decide.revoke(run_id, actor=MONA)


@pytest.mark.parametrize(("before", "field", "days"), [("in_review", "submitted_at", 7), ("approved", "approved_at", 14)])
def test_what_waits_too_long_expires(folder: Path, before: str, field: str, days: int) -> None:
    """A day earlier it holds, then it is expired, its votes are void, and its author can reopen it."""
    run_id = waiting(folder) if before == "in_review" else plans.approved(folder)
    days_ago(run_id, days - 0.01, field)
    assert decide.settle(run_id) == before
    days_ago(run_id, days, field)
    decide.settle_all()
    assert state(run_id) == "expired"
    assert json.loads(AuditEvent.objects.order_by("-pk")[0].details)["why"].startswith("it w")
    assert decide.reopen(run_id, actor=AUTHOR)["state"] == "draft"


def test_a_changed_policy_expires_approvals(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was approved under older rules must be checked again."""
    run_id = plans.approved(folder)
    monkeypatch.setattr("netlift.workflow.decide.step.POLICY_VERSION", "99")
    assert decide.settle(run_id) == "expired"


def test_a_voter_who_leaves_takes_the_approval_along(folder: Path) -> None:
    """Deactivated after the approval: the plan is in review again; while sending it pauses."""
    run_id = plans.approved(folder)
    plans.deactivate(MIA)
    assert decide.settle(run_id) == "in_review"
    plans.approve(run_id, actor=MONA)
    launch.start(run_id, actor=OPERATOR)
    plans.deactivate(MONA)
    assert decide.settle(run_id) == "paused"


def test_window_and_schedule(folder: Path) -> None:
    """Nothing is launched before its window; a scheduled start that was missed by an hour expires."""
    run_id = plans.draft(folder)
    Run.objects.update(findings={**runs.get(run_id).findings, "findings": []})
    tomorrow = datetime.now() + timedelta(days=1)  # noqa: DTZ005 -- the project's clock
    decide.edit(run_id, actor=AUTHOR, window=(tomorrow, tomorrow + timedelta(days=2)))
    run = runs.get(run_id)
    run.findings = {**run.findings, "findings": [], "verdict": "pass"}
    run.save()
    decide.submit(run_id, actor=AUTHOR)
    for member in (MIA, MAX):
        plans.approve(run_id, actor=member)
    with pytest.raises(Refused, match=r"may be sent from .* on, not at"):
        launch.start(run_id, actor=OPERATOR)
    with pytest.raises(InputError, match="is past"):
        decide.schedule(run_id, actor=OPERATOR, at=tomorrow - timedelta(days=3))
    with pytest.raises(Refused, match="may be sent until"):
        decide.schedule(run_id, actor=OPERATOR, at=tomorrow + timedelta(days=3))
    assert launch.start_scheduled() == []
    assert decide.schedule(run_id, actor=OPERATOR, at=tomorrow + timedelta(hours=1))["state"] == "scheduled"
    days_ago(run_id, 1.1 / 24, "start_at")
    assert decide.settle(run_id) == "expired"


def test_pause_and_resume(folder: Path) -> None:
    """By an operator at once; a campaign that paused by itself needs a member's word; after a day neither helps."""
    run_id = plans.approved(folder)
    launch.start(run_id, actor=OPERATOR)
    assert decide.pause(run_id, actor=OPERATOR, reason="a look")["state"] == "paused"
    assert decide.resume(run_id, actor=OPERATOR)["state"] == "sending"
    decide.pause_by_itself(run_id, reason="7 % bounced")
    with pytest.raises(Refused, match="paused by itself \\(7 % bounced\\); a member of the committee must agree first"):
        decide.resume(run_id, actor=OPERATOR)
    decide.agree(run_id, actor=MONA)
    run = runs.get(run_id)
    run.pause = {**(run.pause or {}), "at": (timezone.now() - timedelta(hours=24)).isoformat()}
    run.save()
    with pytest.raises(Refused, match="longer than 24 hours"):
        decide.resume(run_id, actor=OPERATOR)
    assert decide.stop(run_id, actor="dora")["state"] == "stopped"


def test_a_stop_is_lifted_by_two(folder: Path) -> None:
    """A stopped plan may be approved again, and still not start until two members have lifted the stop."""
    run_id = plans.approved(folder)
    assert decide.stop(run_id, actor="dora", reason="wrong price")["state"] == "draft"
    decide.submit(run_id, actor=AUTHOR)
    for member in (MIA, MAX):
        plans.approve(run_id, actor=member)
    with pytest.raises(Refused, match="was stopped by dora; 2 more members must lift the stop first"):
        launch.start(run_id, actor=OPERATOR)
    assert stops.in_force(int(run_id)) == "stopped by dora"
    decide.lift(run_id, actor=MIA)
    with pytest.raises(Refused, match="mia has lifted the stop of run 1 already"):
        decide.lift(run_id, actor=MIA)
    assert decide.lift(run_id, actor=MONA)["halt"] is None
    launch.start(run_id, actor=OPERATOR)
    assert (state(run_id), stops.in_force(int(run_id))) == ("sending", "")


def test_everything_is_stopped(folder: Path, tmp_path: Path) -> None:
    """By anybody, or by a file; two members lift it."""
    decide.stop_everything(actor="dora", reason="breach")
    assert stops.everywhere() == "everything was stopped by dora"
    assert decide.lift_everything(actor=MIA) == 1
    with pytest.raises(Refused, match="mia has lifted the stop already"):
        decide.lift_everything(actor=MIA)
    assert decide.lift_everything(actor=MAX) == 0
    assert stops.everywhere() == ""
    (tmp_path / "netlift" / "STOP").touch()
    assert stops.everywhere() == "the file STOP stands in the data directory"


def test_the_rest_of_a_stopped_campaign(folder: Path) -> None:
    """Submitted again, it holds only those who got nothing: whoever was reached, or may have been, is left out."""
    run_id = plans.approved(folder, plans.plan(plans.audience(140)))
    launch.start(run_id, actor=OPERATOR)
    touched = list(Delivery.objects.filter(state="ready").order_by("customer_id")[:3])
    for row, became in zip(touched, ("accepted", "unknown", "failed"), strict=True):
        Delivery.objects.filter(pk=row.pk).update(state=became)
    decide.stop(run_id, actor="dora")
    assert ledger.reached(int(run_id)) == {row.customer_id for row in touched}
    plan = decide.resubmit(run_id, actor=AUTHOR)
    assert (plan["state"], plan["version"]) == ("in_review", 2)
    assert plan["counts"] == {"contacted": 135, "holdout": 2, "reached by version 1": 3}
    for member in (MIA, MAX):
        plans.approve(run_id, actor=member)
        decide.lift(run_id, actor=member)
    launch.start(run_id, actor=OPERATOR)
    assert ledger.counts(int(run_id)) == {"accepted": 1, "excluded": 2, "failed": 1, "ready": 135, "unknown": 1}


def test_people_who_drop_out_send_the_plan_back(folder: Path) -> None:
    """Up to 5 % are left out silently; more, and the committee decides again on who is left."""
    run_id = plans.approved(folder, plans.plan(plans.audience(402)))
    for i in range(20):
        vault.suppress(f"c{i:04d}", reason="asked", actor=OPERATOR)
    vault.suppress("c0020", reason="asked", actor=OPERATOR)
    with pytest.raises(Refused, match=r"21 of the 400 approved people \(5\.2%\) dropped out, more than 5%"):
        launch.start(run_id, actor=OPERATOR)
    run = runs.get(run_id)
    assert (run.state, run.version, Delivery.objects.count()) == ("in_review", 2, 0)
    assert run.content["audience"]["counts"] == {"contacted": 379, "holdout": 2, "suppressed": 21}
    for member in (MIA, MAX):
        plans.approve(run_id, actor=member)
    launch.start(run_id, actor=OPERATOR)
    assert ledger.counts(run.pk) == {"excluded": 23, "ready": 379}
    assert audit.verify().whole


def test_five_per_cent_may_drop_out(folder: Path) -> None:
    """Just as many as the setting allows."""
    run_id = plans.approved(folder, plans.plan(plans.audience(402)))
    for i in range(20):
        vault.suppress(f"c{i:04d}", reason="asked", actor=OPERATOR)
    launch.start(run_id, actor=OPERATOR)
    assert ledger.counts(int(run_id)) == {"excluded": 22, "ready": 380}


def test_a_new_finding_sends_the_plan_back(folder: Path) -> None:
    """Even one person less, where that makes the checks find more."""
    run_id = plans.approved(folder, plans.plan(plans.audience(302)))
    vault.suppress("c0000", reason="asked", actor=OPERATOR)
    with pytest.raises(Refused, match="the checks now find SMALL_AUDIENCE"):
        launch.start(run_id, actor=OPERATOR)
    assert state(run_id) == "in_review"


def test_a_scheduled_plan_begins_by_itself(folder: Path) -> None:
    """When its time has come the scheduler begins it, not earlier; what has changed meanwhile is told and not sent."""
    run_id = plans.approved(folder)
    decide.schedule(run_id, actor=OPERATOR, at=datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1))
    assert (launch.start_scheduled(), state(run_id)) == ([], "scheduled")
    days_ago(run_id, 0, "start_at")
    assert (launch.start_scheduled(), state(run_id)) == ([], "sending")
