"""The page of a run that is being sent: how far it is, what waits for an operator, and its buttons."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from netlift.console import acts, views
from netlift.console.access import roles_of, status
from netlift.errors import InputError, NetliftError, NotFound
from netlift.workflow import decide, launch, one_file, show, unknown

CHUNK = 2000
SHOWN = 50  # customers of a state; the file has all of them
BUTTONS = ("pause", "resume", "agree", "stop", "lift", "cancel", "resubmit")
OPEN = ("ready", "claimed", "committing", "retry")
COLUMNS = ("customer_id", "channel", "state", "attempts", "message_id", "reason")


@require_safe
def sending(request: HttpRequest, run_id: int) -> HttpResponse:
    """How far the messages of a run are."""
    return page(request, run_id)


def page(request: HttpRequest, run_id: int, *, problem: str = "", status: int = 200) -> HttpResponse:
    """The page; after a refused act with the reason."""
    name, run = request.user.get_username(), str(run_id)
    decide.settle(run)
    hindrance = decide.possible(run, name)
    plan, _ = views.prepared(run_id)
    is_operator = "operator" in roles_of(request.user)
    facts = {
        **_standing(run, plan),
        "acts": [_button(act, hindrance[act.name]) for act in acts.ACTS if act.name in BUTTONS and not hindrance[act.name]],
        "may_launch": is_operator and plan["state"] in {"approved", "scheduled"},
        "is_operator": is_operator,
        "problem": problem,
    }
    return render(request, "console/sending.html", facts, status=status)


@require_safe
def live(request: HttpRequest, run_id: int) -> HttpResponse:
    """The part of the page that changes while messages leave."""
    plan, _ = views.prepared(run_id)
    return render(request, "console/sending_live.html", _standing(str(run_id), plan))


@require_safe
def rows(_request: HttpRequest, run_id: int, state: str) -> StreamingHttpResponse:
    """Everybody in a state as CSV.

    Raises:
        NotFound: there is no such run, or no such state.
    """
    views.prepared(run_id)
    if state not in show.STATES:
        raise NotFound(f"There is no state '{state}'; there are {', '.join(show.STATES)}.")
    answer = StreamingHttpResponse(_csv(str(run_id), state), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="run-{run_id}-{state}.csv"'
    return answer


@require_POST
def begin(request: HttpRequest, run_id: int) -> HttpResponse:
    """Begin the sending of an approved plan; a worker does it."""
    return _done(request, run_id, lambda name: launch.start(str(run_id), actor=name), "Sending has begun; a worker takes it from here.")


@require_POST
def resolve(request: HttpRequest, run_id: int) -> HttpResponse:
    """Close unknown rows, or have them sent once more."""
    state, ids = request.POST.get("state", ""), request.POST.get("customers", "").split()

    def act(name: str) -> None:
        if not ids and not request.POST.get("all"):
            raise InputError("No customer was named; name them, or tick 'all of them'.")
        unknown.resolve(str(run_id), state=state, rows=ids or None, actor=name)  # type: ignore[arg-type]  # checked there

    return _done(request, run_id, act, f"Written down as {state}.")


def _done(request: HttpRequest, run_id: int, act: Any, told: str) -> HttpResponse:  # noqa: ANN401 -- a verb, called with who acts
    try:
        act(request.user.get_username())
    except NotFound:
        raise
    except NetliftError as error:
        return page(request, run_id, problem=str(error), status=status(error))
    messages.success(request, told)
    return redirect("sending", run_id=run_id)


def _standing(run_id: str, plan: dict[str, Any]) -> dict[str, Any]:
    counts = show.counts(run_id)
    total = sum(number for state, number in counts.items() if state not in {"excluded", "planned"})
    left = sum(counts.get(state, 0) for state in OPEN)
    return {
        "plan": plan,
        "counts": [{"state": state, "people": number, "share": number / sum(counts.values())} for state, number in counts.items()],
        "total": total,
        "ended": total - left,
        "goes_on": plan["state"] == "sending",
        "exclusions": show.exclusions(run_id),
        "attention": [(state, list(islice(show.rows(run_id, state=state), SHOWN))) for state in ("unknown", "failed") if state in counts],
        "came_back": show.came_back(run_id),
        "jobs": [job for job in show.jobs() if str(job["run_id"]) == run_id][:3],
    }


def _button(act: acts.Act, why_not: str) -> dict[str, Any]:
    return {"act": act, "slug": act.name.replace("_", "-"), "why_not": why_not}


def _csv(run_id: str, state: str) -> Iterator[bytes]:
    """Lines of a file that a spreadsheet may open: no cell is a formula."""
    found = show.rows(run_id, state=state)
    yield (",".join(COLUMNS) + "\r\n").encode()
    while some := list(islice(found, CHUNK)):
        table, _ = one_file.harmless(pa.table({name: [str(row[name]) for row in some] for name in COLUMNS}), COLUMNS)
        lines = io.StringIO()
        csv.writer(lines).writerows(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True))
        yield lines.getvalue().encode()
