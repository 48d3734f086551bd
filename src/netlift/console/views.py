"""The pages that show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from netlift.console import files
from netlift.console.access import roles_of
from netlift.errors import NotFound
from netlift.reports import charts, summary
from netlift.workflow import show

RUNS_PER_PAGE = 50
REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@require_safe
def health(_request: HttpRequest) -> HttpResponse:
    """Whether the server and its database answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """All runs, the newest first."""
    shown = Paginator(show.runs(), RUNS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "console/runs.html", {"rows": [_row(run) for run in shown], "page": shown})


def _row(run: dict[str, Any]) -> dict[str, Any]:
    left_out = sum(people for label, people in run["counts"].items() if label not in {"contacted", "holdout"})
    return {**run, "left_out": left_out, "measurement": files.measurement(Path(run["folder"])) if run["folder"] else None}


@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a run found and what to do."""
    plan, folder = prepared(run_id)
    measurement = files.measurement(folder)
    facts = {
        "plan": plan,
        "currency": files.currency(folder),
        "verdict_sentence": summary.verdict_sentence(files.verdict(folder)),
        "recommendations": files.recommendations(folder),
        "proposals": files.proposals(folder),
        "audience": summary.audience_lines(plan["counts"]),
        "messages_by_state": summary.messages(show.deliveries(str(run_id))["counts"]),
        "measurement": measurement,
        "headline": summary.headline(measurement.best if measurement else None),
        "naive": summary.naive_twin(measurement),
        "may_launch": "operator" in roles_of(request.user) and plan["state"] == "approved",
    }
    return render(request, "console/run.html", facts)


@require_safe
def segment_map(request: HttpRequest, run_id: int) -> HttpResponse:
    """The map of the customers, the segments, and how they were chosen."""
    plan, folder = prepared(run_id)
    facts = {
        "plan": plan,
        "currency": files.currency(folder),
        "segments": files.segments(folder),
        "comparison": files.comparison(folder),
        "most_points": charts.MOST_POINTS,
    }
    return render(request, "console/map.html", facts)


@require_safe
def map_picture(_request: HttpRequest, run_id: int) -> HttpResponse:
    """The map's picture."""
    plan, folder = prepared(run_id)
    return HttpResponse(files.map_picture(folder, seed=plan["facts"]["seed"]), content_type="image/svg+xml")


@require_safe
def report(_request: HttpRequest, run_id: int) -> HttpResponse:
    """report.html in a sandbox: it can neither run anything nor reach anything."""
    response = HttpResponse(files.report(prepared(run_id)[1]))
    response.headers["Content-Security-Policy"] = REPORT_POLICY
    return response


def prepared(run_id: int) -> tuple[dict[str, Any], Path]:
    """A run's plan and the folder of its files.

    Raises:
        NotFound: there is no such run, or it has no files yet.
    """
    plan = show.plan(str(run_id))
    if not plan["folder"]:
        raise NotFound(f"Run {run_id} is still being prepared; come back when that is done.")
    return plan, Path(plan["folder"])
