"""Clicks and openings, for channels that track them. They are counted under a pseudonym of the message, machines apart.

Lift is never measured on them: machines open and click, and many people's programs load no picture. It is measured on sales.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import Error, transaction
from django.utils import timezone

from netlift import campaigns
from netlift.settings import ChannelSettings
from netlift.store import feedback, tokens
from netlift.store.models import Delivery, Link
from netlift.workflow import filling

SOON = timedelta(seconds=5)  # after the relay took the message: no person reads that fast
AT_ONCE = timedelta(seconds=2)  # every link of a message within this
AROUND_TRAP = timedelta(seconds=60)
SCANNERS = re.compile(
    r"googleimageproxy|ggpht\.com|yahoomailproxy|barracuda|proofpoint|mimecast|safelinks|ironport|trendmicro|symantec|fortinet|sophos"
    r"|bot\b|crawler|spider|preview|curl/|wget/|python-|okhttp|go-http-client|headless",
    re.IGNORECASE,
)
BARE = re.compile(r"Mozilla/\d\.\d\s*$")  # what Apple's Mail Privacy Protection calls itself
AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")  # headers of a browser that loads a page before anybody asks for it


@dataclass(frozen=True, slots=True)
class Request:
    """What a request tells of who asks; kept nowhere."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


def click(token: str, request: Request) -> str | None:
    """Count a click; the answer is where the link leads, None where netlift did not make it, or its run is gone."""
    meant = tokens.read_tracked("click", token)
    link = Link.objects.filter(pk=meant.link_id).first() if meant else None
    if meant is None or link is None:
        return None
    row = Delivery.objects.filter(pk=meant.delivery_id, run_id=link.run).select_related("run").first()
    if row is not None:
        _count(row, "click", link.pk, _machine(row, request), all_links=_links(row))
    return link.address


def trap(token: str) -> None:
    """The hidden link was followed, which no person sees: whatever was clicked around that moment was a machine's."""
    meant = tokens.read_tracked("trap", token)
    row = Delivery.objects.filter(pk=meant.delivery_id).first() if meant else None
    if row is not None:
        _count(row, "click", 0, "hidden link")


def opened(token: str, request: Request) -> None:
    """Count an opening."""
    meant = tokens.read_tracked("open", token)
    row = Delivery.objects.filter(pk=meant.delivery_id).first() if meant else None
    if row is not None:
        _count(row, "open", 0, _machine(row, request))


def _count(row: Delivery, kind: str, link: int, machine: str, *, all_links: int = 0) -> None:
    """Keep it, and see whether it makes a machine of what came before. Who clicks is led on, counted or not."""
    subject, now = feedback.tracked_subject(row.pk), timezone.now()
    heard = feedback.Heard(
        parts=(str(row.pk), str(link), now.isoformat(timespec="seconds")),  # who repeats it within a second counts once
        kind=kind,
        run=row.run_id,
        channel=row.channel,
        subject=subject,
        source="link",
        detail=str(link),
        machine=machine,
    )
    try:
        with transaction.atomic():
            feedback.note(heard)
            for numbers, why in _machines(feedback.visits(subject), now, all_links):
                feedback.mark_machine(numbers, why)
    except Error:
        return


def _links(row: Delivery) -> int:
    """How many links the approved message of this row has."""
    message = filling.messages_of(row.run).get((row.offer, row.channel))
    settings = filling.channels(row.run)[row.channel]
    return len(campaigns.links_of(message, settings)) if message and isinstance(settings, ChannelSettings) else 0


def _machines(visits: list[tuple[int, str, str, datetime]], now: datetime, all_links: int) -> list[tuple[list[int], str]]:
    """Which clicks of one message were a machine's, seen together, and why."""
    clicks = [(number, link, at) for number, kind, link, at in visits if kind == "click"]
    found = []
    trapped = [at for _, link, at in clicks if link == "0"]
    if around := [n for n, _, at in clicks if any(abs(at - one) <= AROUND_TRAP for one in trapped)]:
        found.append((around, "hidden link"))
    lately = [(n, link) for n, link, at in clicks if now - at <= AT_ONCE and link != "0"]
    if all_links > 1 and len({link for _, link in lately}) == all_links:
        found.append(([n for n, _ in lately], "all links at once"))
    return found


def _machine(row: Delivery, request: Request) -> str:
    """Why a single request is a machine's; "" = it may be a person's."""
    agent = request.headers.get("User-Agent", "")
    if request.method != "GET":
        return "no GET"
    if any(word in request.headers.get(name, "").lower() for name in AHEAD for word in ("prefetch", "preview", "prerender")):
        return "loaded ahead"
    if not agent or SCANNERS.search(agent) or BARE.match(agent):
        return "known program"
    on_its_way = row.state in {"claimed", "committing"}
    return "too soon" if on_its_way or timezone.now() - row.changed_at < SOON else ""
