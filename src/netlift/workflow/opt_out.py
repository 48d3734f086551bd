"""opt_out: a person takes himself off by a link. No role is asked for: the signed link is the right to do it.

It works whatever became of the campaign or of the person's data, and never gets lost: while the database is away the request is
kept as a file, and done before the next message is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from django.db import Error, transaction
from django.utils import timezone

from netlift.store import audit, feedback, keys, ledger, people, tokens, vault, waiting
from netlift.store.models import Delivery, Run
from netlift.store.tokens import OptOut

Way = Literal["one-click", "page"]
WAYS: Mapping[Way, str] = {"one-click": "unsubscribed by one click (RFC 8058)", "page": "unsubscribed on the page"}
LANGUAGES = ("en", "de")


def opt_out(token: str, *, way: Way, everything: bool = False) -> bool:
    """Suppress whoever the link is about, on its channel or on all, and cancel what waits for him in every run.

    Said twice it is done once. The answer is whether netlift made the link; strangers are told the same in both cases.
    """
    meant = tokens.read_opt_out(token)
    if meant is None:
        return False
    try:
        _do(meant, way=way, everything=everything)
    except Error:
        waiting.keep({"token": token, "way": way, "everything": everything})
    return True


def do_waiting() -> int:
    """Do what came in while the database was away; how many requests."""
    return waiting.drain(_again)


def language(token: str) -> str:
    """The language of whoever the link is about, where it is one of `LANGUAGES` and known; else ""."""
    meant = tokens.read_opt_out(token)
    try:
        customer = vault.of_hash(meant.customer_hash) if meant else None
        told = vault.fields([customer]).get(customer, {}).get("language", "") if customer else ""
    except Error:  # the page is shown in any case
        return ""
    return told[:2].lower() if told[:2].lower() in LANGUAGES else ""


def _again(request: Mapping[str, str | bool]) -> None:
    meant = tokens.read_opt_out(str(request["token"]))
    if meant is not None:
        _do(meant, way="page" if request["way"] == "page" else "one-click", everything=bool(request["everything"]))


def _do(meant: OptOut, *, way: Way, everything: bool) -> None:
    channel = "" if everything else meant.channel
    with transaction.atomic():
        run = _run(meant)
        heard = feedback.Heard(
            parts=(str(meant.delivery_id), meant.customer_hash, channel),
            kind="opt-out",
            run=run,
            channel=channel,
            subject=meant.customer_hash,
            source=way,
            evidence={"link": keys.keyed_hash("unsubscribe link", str(meant.delivery_id)), "received": timezone.now().isoformat()},
        )
        new = feedback.note(heard)
        if not vault.is_suppressed(meant.customer_hash, channel):
            reason = WAYS[way] + (f", run {run}" if run else "")
            vault.suppress_hash(meant.customer_hash, reason=reason, actor=people.RESERVED, channel=channel)
        customer = vault.of_hash(meant.customer_hash)
        affected = {customer, *vault.same_address(customer)} if customer else set[str]()
        cancelled = ledger.cancel_of(affected, reason="unsubscribed", channel=channel)
        if new:
            details = {"customer": meant.customer_hash, "channel": channel, "way": way, "cancelled": cancelled}
            audit.record("opt-out", actor=people.RESERVED, run_id=run, details=details)


def _run(meant: OptOut) -> int | None:
    """The run whose link it was; None where it is gone."""
    run = Delivery.objects.filter(pk=meant.delivery_id).values_list("run_id", flat=True).first()
    return run if run and Run.objects.filter(pk=run).exists() else None
