"""Every door through which a plan can be changed, and who may use it. A new door without a rule here fails."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from django.utils import timezone

import netlift
from netlift import cli
from netlift.cli.committee import review_app
from netlift.console import acts, urls
from netlift.errors import NetliftError
from netlift.records import Message
from netlift.store import people, runs
from netlift.store.models import Run
from netlift.workflow import decide, launch
from netlift.workflow.unknown import resolve
from tests.workflow import plans
from tests.workflow.plans import TEXT

ROLES = tuple(people.ROLES)
SEATED = frozenset({"reviewer", "privacy"})
ANYONE = frozenset(ROLES)
NEW = Message("Wine", "email", "Shop <news@shop.example>", "Another letter for {{ name }}", TEXT)

# verb -> the state it is tried in, who may, and how it is called
Call = Callable[[str, str], object]
VERBS: dict[str, tuple[str, frozenset[str], Call]] = {
    "submit": ("draft", frozenset({"author"}), lambda r, who: decide.submit(r, actor=who)),
    "withdraw": ("in_review", frozenset({"author"}), lambda r, who: decide.withdraw(r, actor=who)),
    "reopen": ("expired", frozenset({"author"}), lambda r, who: decide.reopen(r, actor=who)),
    "edit": ("draft", frozenset({"author"}), lambda r, who: decide.edit(r, actor=who, messages=[NEW])),
    "approve": ("in_review", SEATED, lambda r, who: plans.approve(r, actor=who)),
    "request_changes": ("in_review", SEATED, lambda r, who: decide.request_changes(r, actor=who, text="shorter")),
    "reject": ("in_review", SEATED, lambda r, who: decide.reject(r, actor=who, reason="no")),
    "schedule": ("approved", frozenset({"operator"}), lambda r, who: decide.schedule(r, actor=who, at=_tomorrow())),
    "pause": ("sending", frozenset({"operator"}), lambda r, who: decide.pause(r, actor=who, reason="a look")),
    "resume": ("paused", frozenset({"operator"}), lambda r, who: decide.resume(r, actor=who)),
    "agree": ("paused", SEATED, lambda r, who: decide.agree(r, actor=who)),
    "stop": ("sending", ANYONE, lambda r, who: decide.stop(r, actor=who)),
    "lift": ("stopped", SEATED, lambda r, who: decide.lift(r, actor=who)),
    "cancel": ("stopped", SEATED, lambda r, who: decide.cancel(r, actor=who)),
    "resubmit": ("stopped", frozenset({"author"}), lambda r, who: decide.resubmit(r, actor=who)),
    "launch": ("approved", frozenset({"operator"}), lambda r, who: launch.start(r, actor=who)),
    "resolve": ("sending", frozenset({"operator"}), lambda r, who: resolve(r, state="failed", actor=who)),
    "stop_everything": ("draft", ANYONE, lambda _, who: decide.stop_everything(actor=who)),
    "lift_everything": ("draft", SEATED, lambda _, who: decide.lift_everything(actor=who)),
    "name_deputy": ("draft", SEATED, lambda _, who: decide.name_deputy("dirk", until=timezone.now() + timedelta(days=1), actor=who)),
}
# what only looks, only lets time pass, or is a part of the steps above and takes no actor's word for anything
NO_STEP = {"CLOCK", "drift", "is_fresh", "keep", "locked", "look", "message", "possible", "refreeze", "seats", "settle", "settle_all"}
BY_ITSELF = {"pause_by_itself"}  # the monitor's; it only ever interrupts
TRIED_ELSEWHERE = {"revoke"}  # takes the voter himself: test_decide.py

# every command of the command line -> the verb behind it; None = changes no plan
COMMANDS: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "demo",
            "init",
            "inbox",
            "answers-address",
            "check",
            "measure",
            "targets",
            "survey",
            "assign",
            "close",
            "deliveries show",
            "deliveries feedback",
            "jobs",
            "serve",
            "worker",
        )
    ),
    **dict.fromkeys(("experiment assign", "experiment analyse", "experiment holdout", "experiment power", "experiment replay")),
    **dict.fromkeys(("user add", "audit head", "audit verify", "review list", "review show", "review cases")),
    **dict.fromkeys(
        ("privacy why", "privacy export", "privacy erase", "privacy suppress", "privacy renew-keys")
    ),  # they only ever take away
    **dict.fromkeys(("consent show", "consent withdraw", "consent import-list")),  # so do these
    **dict.fromkeys(("preview", "test-send", "dkim-key")),  # a test goes to one's own addresses, with placeholders for people
    "prepare": None,  # makes a new plan
    "launch": "launch",
    "deliveries resolve": "resolve",
    **{
        f"review {verb.replace('_', '-')}": verb
        for verb in ("submit", "withdraw", "reopen", "edit", "approve", "request_changes", "reject")
    },
    **{f"review {verb}": verb for verb in ("revoke", "schedule", "pause", "resume", "agree", "stop", "lift", "cancel", "resubmit")},
    "review deputy": "name_deputy",
}


def _tomorrow() -> Any:
    return (timezone.now() + timedelta(days=1)).replace(tzinfo=None)


def _commands(app: typer.Typer, prefix: str = "") -> set[str]:
    names = {prefix + (c.name or c.callback.__name__.replace("_", "-")) for c in app.registered_commands if c.callback}
    for group in app.registered_groups:
        names |= _commands(group.typer_instance, f"{group.name} ") if group.typer_instance else set()
    return names


def test_every_verb_has_a_rule() -> None:
    """Whatever `workflow.decide` offers stands in the table above, or is known to change nothing."""
    known = set(VERBS) - {"launch", "resolve"} | NO_STEP | BY_ITSELF | TRIED_ELSEWHERE
    assert known == {n for n in decide.__all__ if not isinstance(getattr(decide, n), ModuleType)}


def test_every_command_is_known() -> None:
    """A new command fails here until it is said which verb it goes through."""
    assert _commands(cli.app) == set(COMMANDS)
    assert {verb for verb in COMMANDS.values() if verb} <= set(VERBS) | TRIED_ELSEWHERE
    assert len(review_app.registered_commands) == sum(name.startswith("review ") for name in COMMANDS)


def test_every_button_is_known() -> None:
    """Every page that takes a post is a button of the table in `console.acts` or of the page of sending, and each of those is a verb."""
    posting = (
        {p.name for p in urls.urlpatterns}
        - {"unsubscribe", "click", "picture", "hook", "text-status", "text-answer"}
        - {"health", "login", "logout", "runs", "run", "map", "map-picture", "review", "report", "sending", "sending-live", "sending-rows"}
    )
    assert posting == {act.name for act in acts.ACTS} | {"launch", "resolve"}
    assert posting <= set(VERBS) | TRIED_ELSEWHERE


def test_every_name_of_the_notebook_is_known() -> None:
    """What a notebook may call and takes an actor: of these only launch changes a plan, and it is in the table."""
    acting = {n for n in netlift.__all__ if "actor" in inspect.signature(getattr(netlift, n)).parameters}
    assert acting == {"assign", "close", "experiment_assign", "launch", "prepare", "survey"}


def _plan(folder: Path, before: str) -> str:
    """A run in a state, as it comes about; its author is ada."""
    enough = plans.plan(plans.audience(140 if before == "stopped" else 20))  # so many that the rest may be submitted again
    run_id = plans.draft(folder) if before in {"draft", "in_review", "expired"} else plans.approved(folder, enough)
    if before == "in_review":
        decide.submit(run_id, actor=plans.AUTHOR)
    elif before == "expired":
        Run.objects.update(state="expired")
    elif before in {"sending", "paused", "stopped"}:
        launch.start(run_id, actor=plans.OPERATOR)
        if before == "paused":
            decide.pause_by_itself(run_id, reason="too many bounces")
        elif before == "stopped":
            decide.stop(run_id, actor="dirk")
    return run_id


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", VERBS)
def test_role_by_door(tmp_path: Path, verb: str, role: str) -> None:
    """Each verb works for the roles of the table and is refused to all others, admins included; refused, nothing changes."""
    plans.opened(tmp_path / "netlift")
    people.add("dirk", "director")
    before, roles, call = VERBS[verb]
    run_id = _plan(tmp_path / "run", before)
    who = plans.AUTHOR if role == "author" else f"the-{role}"
    people.add(who, role)
    if verb == "resume":
        decide.agree(run_id, actor=plans.MEMBERS[2])
    if verb == "lift_everything":
        decide.stop_everything(actor="dirk")
    was = runs.get(run_id)
    if role in roles:
        call(run_id, who)
        return
    with pytest.raises(NetliftError, match="may not"):
        call(run_id, who)
    now = runs.get(run_id)
    assert (now.state, now.version, now.approval_hash, now.halt) == (was.state, was.version, was.approval_hash, was.halt)
