"""What a message carries so that its recipient can be taken off, and so that what comes back finds its row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from netlift.settings import environment
from netlift.store import keys, models, tokens
from netlift.store.tokens import OptOut, Tracked

PAGES = "p"  # first part of the path of every public page
LINK = "netlift_link_{}"  # names of fields that hold tracked links; the picture's and the hidden link's are of campaigns.tracking
TEXTS = ("twilio", "kannel")  # kinds of channel
OPEN, TRAP = "netlift_open", "netlift_trap"


@dataclass(frozen=True, slots=True)
class WaysBack:
    """What all messages of a run on one channel share; "" where a way is not set up."""

    channel: str
    public_url: str = ""
    bounces: str = ""
    tracked: bool = False
    texts: bool = False
    links: Mapping[int, str] = field(default_factory=dict)  # number of a tracked link -> name of the field that holds it
    signing: tuple[bytes, ...] = ()
    hashing: bytes = b""


def ways_back(run_id: int, channel: str) -> WaysBack:
    """The ways that the run's approved settings and the environment set up."""
    content = models.Run.objects.values_list("content", flat=True).get(pk=run_id)
    settings: Mapping[str, Any] = content.get("channels", {}).get(channel, {})
    url = environment().public_url or ""
    tracked = bool(url) and is_tracked(settings)
    known = models.Link.objects.filter(run=run_id).values_list("pk", flat=True) if tracked else ()
    links = {number: LINK.format(number) for number in known}
    texts = settings.get("kind") in TEXTS
    return WaysBack(channel, url, settings.get("bounces") or "", tracked, texts, links, keys.vault_keys(), keys.vault_key())


def is_tracked(settings: Mapping[str, Any]) -> bool:
    """Whether a channel's approved settings ask for tracking."""
    return bool(settings.get("track_clicks") or settings.get("track_opens"))


def keep_links(run_id: int, addresses: Iterable[str]) -> dict[str, str]:
    """Keep where tracked links lead to; the answer is the name of the field that stands for each address."""
    names: dict[str, str] = {}
    for address in addresses:
        digest = hashlib.sha256(address.encode()).hexdigest()
        link, _ = models.Link.objects.get_or_create(run=run_id, digest=digest, defaults={"address": address})
        names[address] = LINK.format(link.pk)
    return names


def unsubscribe_url(back: WaysBack, delivery_id: int, customer_id: str) -> str:
    """The address that takes this person off the channel with one click (RFC 8058); "" without a public address."""
    if not back.public_url:
        return ""
    person = keys.keyed_hash("customer", customer_id, key=back.hashing)
    return f"{back.public_url}/{PAGES}/u/{tokens.opt_out(OptOut(delivery_id, person, back.channel), by=back.signing)}"


def return_path(back: WaysBack, delivery_id: int) -> str:
    """The envelope sender that names this delivery (VERP); "" without a mailbox for returned mail."""
    if not back.bounces:
        return ""
    name, _, domain = back.bounces.partition("@")
    return f"{name}+{tokens.return_path(delivery_id, by=back.signing)}@{domain}"


def status_url(back: WaysBack, delivery_id: int) -> str:
    """Where a provider of texts tells what became of this message; "" of other channels, or without a public address."""
    if not (back.texts and back.public_url):
        return ""
    return f"{back.public_url}/{PAGES}/s/{tokens.return_path(delivery_id, by=back.signing)}"


def link_fields(back: WaysBack, delivery_id: int) -> dict[str, str]:
    """The fields that hold the tracked links of one message, of which its template uses those it has."""
    if not back.tracked:
        return {}

    def address(page: str, purpose: str, link: int) -> str:
        token = tokens.tracked(purpose, Tracked(delivery_id, link), by=back.signing)
        return f"{back.public_url}/{PAGES}/{page}/{token}"

    found = {name: address("c", "click", number) for number, name in back.links.items()}
    return {**found, OPEN: address("o", "open", 0), TRAP: address("c", "trap", 0)}
