"""What somebody may do with a plan now, and if not, why not: the rules themselves are asked."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from netlift.errors import NetliftError
from netlift.records import Case, Committee, Reading
from netlift.review import POLICY_VERSION, committee
from netlift.store import cases, runs
from netlift.workflow import kept

ANY = "-"  # stands for the words that somebody would write


def possible(run_id: str, actor: str) -> dict[str, str]:
    """For each step, why this person cannot take it now; "" where nothing stands in the way.

    Raises:
        NotFound: there is no such run.
    """
    run = runs.get(run_id)
    if run.state == "preparing":
        return dict.fromkeys(_rules("", "", ""), f"Run {run_id} is being prepared; wait until it is done.")
    now, everybody = timezone.now(), cases.committee()
    case, _ = committee.settled(cases.of(run), everybody, now=now, policy_version=POLICY_VERSION)
    chosen = next((s for s in committee.seats(everybody, actor, now) if not committee.conflict(case, voter=actor, seat=s)), actor)
    return {act: _hindrance(rule, case, everybody) for act, rule in _rules(actor, chosen, kept.hash_of(run)).items()}


def seats(actor: str) -> tuple[str, ...]:
    """The members in whose seats somebody may vote now, the own one first."""
    return committee.seats(cases.committee(), actor, timezone.now())


def _rules(actor: str, seat: str, found: str) -> dict[str, Callable[[Case, Committee], Case]]:
    now = timezone.now()
    seen = Reading(found, frozenset(committee.PANES))
    return {
        "approve": lambda c, e: committee.approve(c, e, actor, now=now, reading=seen, seat=seat, text=ANY),
        "request_changes": lambda c, e: committee.request_changes(c, e, actor, now=now, seat=seat, text=ANY),
        "reject": lambda c, e: committee.reject(c, e, actor, now=now, seat=seat, text=ANY),
        "revoke": lambda c, e: committee.revoke(c, e, actor, now=now),
        "submit": lambda c, e: committee.submit(c, e, actor, now=now),
        "withdraw": lambda c, e: committee.withdraw(c, e, actor),
        "reopen": lambda c, e: committee.reopen(c, e, actor),
        "launch": lambda c, e: committee.start(c, e, actor, found=found, now=now),
        "pause": lambda c, e: committee.pause(c, e, actor, now=now, reason=ANY),
        "agree": lambda c, e: committee.agree(c, e, actor),
        "resume": lambda c, e: committee.resume(c, e, actor, found=found, now=now),
        "lift": lambda c, e: committee.lift(c, e, actor),
        "resubmit": lambda c, e: committee.resubmit(c, e, actor, approval_hash="", blocked="", heightened=False, now=now),
        "cancel": lambda c, e: committee.cancel(c, e, actor),
        "stop": lambda c, e: committee.stop(c, e, actor, now=now, reason=ANY),
    }


def _hindrance(rule: Callable[[Case, Committee], Case], case: Case, everybody: Committee) -> str:
    try:
        rule(case, everybody)
    except NetliftError as error:
        return str(error)
    return ""
