"""The buttons: each posts to one verb of `workflow.decide` and shows the review page again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from netlift.console import views
from netlift.console.access import status
from netlift.errors import NetliftError, NotFound
from netlift.workflow import decide


@require_POST
def approve(request: HttpRequest, run_id: int) -> HttpResponse:
    """Vote for the plan that was shown: the form carries its hash."""

    def verb(run: str, actor: str) -> dict[str, Any]:
        return decide.approve(run, actor=actor, expected_hash=request.POST.get("approval_hash", ""), text=request.POST.get("text", ""))

    return _act(request, run_id, verb, done="Your approval is recorded.")


@require_POST
def request_changes(request: HttpRequest, run_id: int) -> HttpResponse:
    """Give the plan back to its author."""
    text = request.POST.get("text", "")
    return _act(
        request, run_id, lambda run, actor: decide.request_changes(run, actor=actor, text=text), done="The plan goes back to its author."
    )


@require_POST
def reject(request: HttpRequest, run_id: int) -> HttpResponse:
    """Refuse the plan."""
    text = request.POST.get("text", "")
    return _act(request, run_id, lambda run, actor: decide.reject(run, actor=actor, reason=text), done="The plan is rejected.")


@require_POST
def submit(request: HttpRequest, run_id: int) -> HttpResponse:
    """Put the plan before the committee."""
    return _act(request, run_id, lambda run, actor: decide.submit(run, actor=actor), done="The plan is before the committee.")


@require_POST
def withdraw(request: HttpRequest, run_id: int) -> HttpResponse:
    """Take the plan back."""
    return _act(request, run_id, lambda run, actor: decide.withdraw(run, actor=actor), done="The plan is a draft again.")


@require_POST
def stop(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop the run at once."""
    reason = request.POST.get("text", "")
    return _act(request, run_id, lambda run, actor: decide.stop(run, actor=actor, reason=reason), done="The run is stopped.")


def _act(request: HttpRequest, run_id: int, verb: Callable[[str, str], dict[str, Any]], *, done: str) -> HttpResponse:
    """Call the verb as whoever is signed in; a refusal is told on the review page, with what was typed."""
    try:
        plan = verb(str(run_id), request.user.get_username())
    except NotFound:
        raise
    except NetliftError as error:
        return views.committee_page(request, run_id, problem=str(error), status=status(error))
    messages.success(request, f"{done} It is {plan['state'].replace('_', ' ')} now.")
    return redirect("review", run_id=run_id)
