"""The review page and its buttons: each posts to one verb of `workflow.decide` and shows the page again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from netlift.console import files, views
from netlift.console.access import ANYONE, AUTHORS, OPERATORS, READERS, VOTERS, status
from netlift.errors import NetliftError, NotFound
from netlift.reports import summary, verdict
from netlift.workflow import decide

Verb = Callable[[str, str, HttpRequest], dict[str, Any]]  # run, actor, the form


@dataclass(frozen=True, slots=True)
class Act:
    """One button: what it is called, who may press it, and what it does."""

    name: str  # as in `decide.possible`
    roles: frozenset[str]
    title: str
    told: str  # what will happen
    done: str  # what has happened
    verb: Verb
    asks: str = ""  # for words
    must: bool = False  # they cannot be left out
    danger: bool = False


def text(request: HttpRequest) -> str:
    """The words of the form."""
    return str(request.POST.get("text", ""))


def seat(request: HttpRequest) -> str | None:
    """The member in whose seat the vote is cast; None = the own one."""
    return request.POST.get("seat") or None


def approved(run: str, actor: str, request: HttpRequest) -> dict[str, Any]:
    """A vote for the plan that was shown: the form carries its hash."""
    return decide.approve(
        run,
        actor=actor,
        expected_hash=request.POST.get("approval_hash", ""),
        seat=seat(request),
        text=text(request),
        password=request.POST.get("password") or None,
        signed_in=signed_in(request),
    )


ACTS = (
    Act("approve", READERS, "Approve", "", "Your approval is recorded.", approved, "Remark"),
    Act(
        "request_changes",
        READERS,  # a deputy may have any role; the verb asks for the seat
        "Request changes",
        "",
        "The plan goes back to its author.",
        lambda run, who, form: decide.request_changes(run, actor=who, seat=seat(form), text=text(form)),
        "What must change",
        must=True,
    ),
    Act(
        "reject",
        READERS,
        "Reject",
        "For good: to try again, a new plan is prepared.",
        "The plan is rejected.",
        lambda run, who, form: decide.reject(run, actor=who, seat=seat(form), reason=text(form)),
        "Reason",
        must=True,
    ),
    Act(
        "revoke",
        READERS,
        "Take back my approval",
        "Possible until sending starts.",
        "Your approval is taken back.",
        lambda run, who, _: decide.revoke(run, actor=who),
    ),
    Act(
        "submit",
        AUTHORS,
        "Submit",
        "Put this plan before the committee.",
        "The plan is before the committee.",
        lambda run, who, _: decide.submit(run, actor=who),
    ),
    Act(
        "withdraw",
        AUTHORS,
        "Withdraw",
        "Take this plan back from the committee; all votes become void.",
        "The plan is a draft again.",
        lambda run, who, _: decide.withdraw(run, actor=who),
    ),
    Act(
        "reopen",
        AUTHORS,
        "Reopen",
        "The plan has expired; make it a draft again.",
        "The plan is a draft again.",
        lambda run, who, _: decide.reopen(run, actor=who),
    ),
    Act(
        "resubmit",
        AUTHORS,
        "Submit for the rest",
        "Put the campaign before the committee again, for those who got nothing yet.",
        "The rest is before the committee.",
        lambda run, who, _: decide.resubmit(run, actor=who),
    ),
    Act(
        "pause",
        OPERATORS,
        "Pause",
        "Nothing more is sent until somebody resumes, within a day.",
        "Sending is paused.",
        lambda run, who, form: decide.pause(run, actor=who, reason=text(form)),
        "Why",
        must=True,
    ),
    Act(
        "resume",
        OPERATORS,
        "Resume",
        "Go on with exactly what was approved.",
        "Sending goes on.",
        lambda run, who, _: decide.resume(run, actor=who),
    ),
    Act(
        "agree",
        VOTERS,
        "Agree to go on",
        "The campaign paused by itself; with a member's word an operator may resume it.",
        "An operator may resume it now.",
        lambda run, who, _: decide.agree(run, actor=who),
    ),
    Act(
        "lift",
        VOTERS,
        "Lift the stop",
        "Two members must do so before anything of this campaign starts again.",
        "Your word is recorded.",
        lambda run, who, _: decide.lift(run, actor=who),
    ),
    Act(
        "cancel",
        VOTERS,
        "Cancel",
        "End the stopped campaign for good.",
        "The campaign is cancelled.",
        lambda run, who, _: decide.cancel(run, actor=who),
        danger=True,
    ),
    Act(
        "stop",
        ANYONE,
        "Emergency stop",
        "Anyone may stop a run, at once. While messages go out, at most those on the wire still arrive.",
        "The run is stopped.",
        lambda run, who, form: decide.stop(run, actor=who, reason=text(form)),
        "Why",
        danger=True,
    ),
)


@require_safe
def review(request: HttpRequest, run_id: int) -> HttpResponse:
    """What the committee decides on."""
    return page(request, run_id)


def page(request: HttpRequest, run_id: int, *, problem: str = "", status: int = 200) -> HttpResponse:
    """The review page; after a refused act with the reason and what was typed. To open it is to have looked at all its panes."""
    run, name = str(run_id), request.user.get_username()
    decide.settle(run)
    decide.look(run, actor=name)
    hindrance = decide.possible(run, name)
    plan, folder = views.prepared(run_id)
    facts: dict[str, Any] = {
        "plan": plan,
        "currency": files.currency(folder),
        "review_sentence": summary.REVIEWS[plan["verdict"]],
        "reasons": verdict.reasons(plan["findings"]),
        "remedy": verdict.remedy(plan["remedy"], files.currency(folder)),
        "score_parts": verdict.contributions(plan["contributions"]),
        "audience": summary.audience_lines(plan["counts"]),
        "acts": [{"act": act, "slug": act.name.replace("_", "-"), "why_not": hindrance[act.name]} for act in ACTS],
        "seats": decide.seats(name),
        "password_asked": not decide.is_fresh(signed_in(request)),
        "problem": problem,
        "typed": request.POST.get("text", ""),
    }
    return render(request, "console/review.html", facts, status=status)


def signed_in(request: HttpRequest) -> datetime | None:
    """When whoever asks typed his password."""
    return getattr(request.user, "last_login", None)  # nobody has none


def view(act: Act) -> Callable[..., HttpResponse]:
    """Call the verb as whoever is signed in; a refusal is told on the review page, with what was typed."""

    @require_POST
    def pressed(request: HttpRequest, run_id: int) -> HttpResponse:
        try:
            plan = act.verb(str(run_id), request.user.get_username(), request)
        except NotFound:
            raise
        except NetliftError as error:
            return page(request, run_id, problem=str(error), status=status(error))
        messages.success(request, f"{act.done} The plan is {plan['state'].replace('_', ' ')} now.")
        return redirect("review", run_id=run_id)

    return pressed
