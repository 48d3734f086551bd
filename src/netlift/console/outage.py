"""What the browser gets when the store's database is away, or an error was not foreseen."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse

from netlift.store import outages


def server_error(_request: HttpRequest) -> HttpResponse:
    """One sentence as plain text: a page with the user's name would need the database."""
    error = sys.exc_info()[1]
    outage = outages.told(error) if error else None
    text = str(outage) if outage else "Something went wrong in netlift; its log tells what."
    return HttpResponse(text, status=503 if outage else 500, content_type="text/plain; charset=utf-8")
