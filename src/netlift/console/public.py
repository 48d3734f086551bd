"""Pages for strangers: to unsubscribe, the tracked links, the webhook. No sign-in, no cookie; the token in the address is the right.

Only these paths, all below /p/, and /static/ need to be reachable from outside.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from netlift.console.access import status
from netlift.console.words import LANGUAGES, WORDS
from netlift.errors import NetliftError, Refused
from netlift.store.ways_back import PAGES
from netlift.workflow import opt_out as opting
from netlift.workflow import texts, visits, webhook

ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058, section 3.1
LONGEST_FORM = 10_000  # bytes
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # a transparent GIF of one pixel

View = Callable[..., HttpResponse]


def public(route: str, view: View, name: str) -> URLPattern:
    """A page for anybody; its path ends without a slash, because a redirect would lose what was posted."""
    return path(f"{PAGES}/{route}", csrf_exempt(login_not_required(_plain(view))), name=name)


@require_http_methods(["GET", "HEAD", "OPTIONS", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Only a post takes somebody off: programs that scan mail follow every link. Right and wrong links get the same answers."""
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": "GET, HEAD, OPTIONS, POST"})
    if request.method != "POST":
        return _page(request, token, "ask")
    form = _form(request)
    asked = form.get("take_off", "")
    if asked in {"channel", "everything"}:
        opting.opt_out(token, way="page", everything=asked == "everything")
    elif form.get(ONE_CLICK[0], "").strip().lower() == ONE_CLICK[1].lower():
        opting.opt_out(token, way="one-click")
    else:
        return _page(request, token, "ask", code=400)
    return _page(request, token, "everything" if asked == "everything" else "done")


@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on to where the link of the approved message leads; nothing in the request can lead elsewhere."""
    address = visits.click(token, _visit(request))
    if address is None:
        visits.trap(token)
        raise Http404
    return HttpResponseRedirect(address)


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one pixel; whatever the token, the same."""
    visits.opened(token, _visit(request))
    return HttpResponse(PICTURE, content_type="image/gif")


@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """What providers tell; see `workflow.webhook`."""
    body = request.read(webhook.LONGEST + 1)
    if len(body) > webhook.LONGEST:
        return JsonResponse({"error": f"At most {webhook.LONGEST:,} bytes are taken."}, status=413)
    try:
        return JsonResponse(webhook.receive(body, request.headers))
    except Refused as error:
        return JsonResponse({"error": str(error)}, status=401)
    except NetliftError as error:
        return JsonResponse({"error": str(error)}, status=status(error))


@require_http_methods(["GET", "POST"])
def text_status(request: HttpRequest, token: str) -> HttpResponse:
    """What a provider tells of one text message; see `workflow.texts`."""
    try:
        return JsonResponse({"told": texts.told(token, _fields(request), **_signed(request))})
    except Refused as error:
        return JsonResponse({"error": str(error)}, status=401)


@require_http_methods(["GET", "POST"])
def text_answer(request: HttpRequest, channel: str, token: str) -> HttpResponse:
    """What somebody answers to a text message; the answer to him is TwiML for a post (Twilio), plain text else (Kannel)."""
    try:
        words = texts.answered(channel, token, _fields(request), **_signed(request))
    except Refused as error:
        return JsonResponse({"error": str(error)}, status=401)
    if request.method == "GET":
        return HttpResponse(words, content_type="text/plain; charset=utf-8")
    response = Element("Response")
    if words:
        SubElement(response, "Message").text = words
    return HttpResponse(tostring(response, encoding="utf-8", xml_declaration=True), content_type="text/xml; charset=utf-8")


def _fields(request: HttpRequest) -> dict[str, str]:
    """What a request carries: the form of a post, the query of a get; the last value of a name."""
    given = request.GET if request.method == "GET" else _form(request)
    return {name: str(value) for name, value in given.items()}


def _signed(request: HttpRequest) -> dict[str, str]:
    return {"path": request.get_full_path(), "signature": request.headers.get("X-Twilio-Signature", "")}


def _plain(view: View) -> View:
    """No address of these pages is told to the sites that they lead to: it holds the token."""

    @wraps(view)
    def answered(request: HttpRequest, **arguments: Any) -> HttpResponse:  # noqa: ANN401 -- what the route carries
        response = view(request, **arguments)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return answered


def _form(request: HttpRequest) -> QueryDict:
    """What was posted, form-encoded or multipart; also where a mail program forgets to say which."""
    body = request.read(LONGEST_FORM + 1)
    if len(body) > LONGEST_FORM:
        return QueryDict()
    if request.content_type != "multipart/form-data":
        return QueryDict(body)
    try:
        return MultiPartParser({**request.META, "CONTENT_LENGTH": len(body)}, BytesIO(body), request.upload_handlers).parse()[0]
    except MultiPartParserError:
        return QueryDict()


def _visit(request: HttpRequest) -> visits.Request:
    return visits.Request(request.method or "GET", dict(request.headers))


def _page(request: HttpRequest, token: str, state: str, *, code: int = 200) -> HttpResponse:
    language = _language(request, token)
    return render(request, "console/unsubscribe.html", {"words": WORDS[language], "language": language, "state": state}, status=code)


def _language(request: HttpRequest, token: str) -> str:
    """What the browser asks for first, of those there are; else the person's, where known; else English."""
    weighed = []
    for place, part in enumerate(request.headers.get("Accept-Language", "")[:500].split(",")):
        name, _, weight = part.partition(";")
        weighed.append((-_weight(weight), place, name.strip()[:2].lower()))
    asked = [name for weight, _, name in sorted(weighed) if name in LANGUAGES and weight < 0]
    return asked[0] if asked else opting.language(token) or LANGUAGES[0]


def _weight(text: str) -> float:
    """Of a language (RFC 9110, section 12.4.2); 0 = not wanted."""
    try:
        return float(text.partition("=")[2]) if text.strip() else 1.0
    except ValueError:
        return 0.0


urlpatterns = [
    public("u/<str:token>", unsubscribe, "unsubscribe"),
    public("c/<str:token>", click, "click"),
    public("o/<str:token>", picture, "picture"),
    public("hooks/events", hook, "hook"),
    public("s/<str:token>", text_status, "text-status"),
    public("t/<slug:channel>/<str:token>", text_answer, "text-answer"),
]
