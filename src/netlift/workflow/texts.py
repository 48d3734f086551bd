"""What providers of texts tell, and what people answer: STOP is done at once, HELP is answered, the rest is for somebody to read.

No role is asked for: the signed address that netlift gave the provider is the right to tell, and Twilio signs each request besides.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Literal

from django.db import transaction

from netlift.campaigns.channels.numbers import e164
from netlift.errors import Refused
from netlift.records import EventKind, Returned
from netlift.rules import asks_to_stop
from netlift.settings import TextSettings, TwilioSettings, channel_settings, environment
from netlift.store import audit, consents, feedback, keys, ledger, people, tokens, vault
from netlift.store.models import Delivery, Run
from netlift.store.ways_back import PAGES
from netlift.workflow.feedback import apply

HELP = frozenset({"help", "info", "hilfe", "aide", "ayuda"})
UNKNOWN_NUMBER = frozenset({"30005", "30006", "21211", "21614"})  # Twilio's: unknown, a landline, not valid, no mobile
TWILIO: Mapping[str, EventKind] = {"delivered": "delivered", "undelivered": "hard bounce", "failed": "hard bounce"}
KANNEL: Mapping[str, EventKind] = {"1": "delivered", "2": "hard bounce", "16": "hard bounce"}
STOPPED = "21610"

Told = Literal["applied", "known", "nothing"]


def told(token: str, form: Mapping[str, str], *, path: str, signature: str = "") -> Told:
    """Do what a provider tells of one message; `nothing` where netlift did not make the address, or it is no end of the message.

    Args:
        token: of the address.
        form: what the request carries: Twilio's MessageStatus and ErrorCode, Kannel's status.
        path: of the request, with its query.
        signature: X-Twilio-Signature.

    Raises:
        Refused: a message went over Twilio, and its signature is missing or wrong.
    """
    row = feedback.row_of(Returned("other", "", (), (token,), ""))
    settings = _channel(row.run, row.channel) if row else None
    if row is None or settings is None:
        return "nothing"
    if isinstance(settings, TwilioSettings):
        check_signature(settings, path, form, signature)
        code, kind = form.get("ErrorCode", "")[:10], TWILIO.get(form.get("MessageStatus", ""))
        kind = "opt-out" if code == STOPPED else kind
    else:
        code, kind = form.get("status", "")[:10], KANNEL.get(form.get("status", ""))
    if kind is None:
        return "nothing"
    status = f"5.1.1 ({code})" if code in UNKNOWN_NUMBER else code
    with transaction.atomic():
        done = apply(row, Returned(kind, "" if kind == "delivered" else status, (), (), ""), source="webhook", parts=("text", kind))
    return "applied" if done else "known"


def answers_address(channel: str, *, actor: str | None = None) -> str:
    """Where the provider of a channel of texts tells what people answer: who has it may tell, so only operators see it.

    Raises:
        Refused: no operator, or NETLIFT_PUBLIC_URL is not set.
    """
    people.require(people.acting(actor), "operator", "see where answers are told")
    address = environment().public_url
    if not address:
        raise Refused("No provider can reach this machine; set NETLIFT_PUBLIC_URL to the public address of the console.")
    return f"{address}/{PAGES}/t/{channel}/{tokens.answers(channel)}"


def answered(channel: str, token: str, form: Mapping[str, str], *, path: str, signature: str = "") -> str:
    """Do what somebody's answer asks for; what to answer, "" = nothing.

    Args:
        channel: of netlift.toml.
        token: of the address that netlift made for it (`tokens.answers`).
        form: Twilio's From, Body and MessageSid, or Kannel's from, text and id.
        path: of the request, with its query.
        signature: X-Twilio-Signature.

    Raises:
        Refused: netlift did not make the address, or Twilio's signature is missing or wrong.
    """
    known = tokens.are_answers(channel, token)  # strangers cost no look into the database
    run = Run.objects.filter(content__channels__has_key=channel).order_by("-pk").first() if known else None
    settings = _channel(run, channel) if run else None
    if settings is None:
        raise Refused("The address for answers is none of netlift's.")
    if isinstance(settings, TwilioSettings):
        check_signature(settings, path, form, signature)
    number = e164(form.get("From") or form.get("from") or "", settings.country)
    text, identity = form.get("Body") or form.get("text") or "", form.get("MessageSid") or form.get("id") or ""
    if number is None:
        return ""
    if asks_to_stop(text) == "stop":
        return settings.stop_answer if _stop(channel, number, identity) else ""
    return settings.help_answer if text.strip().strip(".!?").lower() in HELP else ""


def stopped_there(delivery_ids: Sequence[int]) -> None:
    """Suppress on their channel whom the provider no longer takes messages for, because they told it to stop."""
    for row in Delivery.objects.filter(pk__in=delivery_ids) if delivery_ids else ():
        with transaction.atomic():
            apply(row, Returned("opt-out", STOPPED, (), (), ""), source="webhook", parts=("text", "opt-out"))


def check_signature(settings: TwilioSettings, path: str, form: Mapping[str, str], signature: str) -> None:
    """Let pass what Twilio signed: HMAC-SHA-1 over the public address and the sorted fields ("Validating requests").

    Raises:
        Refused: it did not.
    """
    signed = (environment().public_url or "") + path + "".join(name + form[name] for name in sorted(form))
    right = base64.b64encode(hmac.digest((settings.token() or "").encode(), signed.encode(), "sha1")).decode()
    if not (settings.token() and hmac.compare_digest(right.encode(), signature.encode())):
        raise Refused("The signature of Twilio is missing or wrong.")


def _stop(channel: str, number: str, identity: str) -> bool:
    """Suppress a number on this channel, whoever has it, with their consents; False where that was done before.

    So two machines that answer each other come to an end.
    """
    number_hash = vault.phone_hash(number)
    with transaction.atomic():
        if vault.is_listed(number_hash, channel):
            return False
        heard = feedback.Heard(
            parts=("answer", identity or number_hash),
            kind="opt-out",
            run=None,
            channel=channel,
            subject=number_hash,
            source="webhook",
            evidence={"answer": keys.keyed_hash("answer", identity)},
        )
        feedback.note(heard)
        vault.suppress_address(phone=number, reason="answered STOP", actor=people.RESERVED, channel=channel)
        customers = vault.of_address(None, number)
        for customer in customers:
            consents.withdraw(customer, channel, source="answer STOP", actor=people.RESERVED)
        cancelled = ledger.cancel_of(customers, reason="answered STOP", channel=channel)
        audit.record("opt-out", actor=people.RESERVED, details={"customer": number_hash, "channel": channel, "cancelled": cancelled})
    return True


def _channel(run: Run, name: str) -> TextSettings | None:
    """A channel as it was approved, where it is one of texts."""
    content = run.content.get("channels", {}).get(name)
    settings = channel_settings(content) if content else None
    return settings if isinstance(settings, TextSettings) else None
