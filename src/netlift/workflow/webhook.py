"""What providers tell by HTTP, signed after Standard Webhooks (version 1: HMAC-SHA-256 over id, time and body).

    webhook-id: msg_…    webhook-timestamp: 1767225600    webhook-signature: v1,BASE64 [v1,BASE64 …]

The body is JSON, {"events": [{"id": …, "type": …, "message_id": "<…>", "status": "5.1.1", "recipient": …}, …]}, or one returned
mail (message/rfc822). Each event is done once, however often and in whatever order it comes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from netlift.campaigns import bounces
from netlift.errors import InputError, NotFound, Refused, SettingsError
from netlift.records import EventKind, Returned
from netlift.settings import environment
from netlift.store import audit, feedback, people
from netlift.workflow.feedback import apply, take

WINDOW = timedelta(minutes=5)
LONGEST = 1_000_000  # bytes of a body
MOST = 1000  # events of a body
MAIL = "message/rfc822"
KINDS: Mapping[str, EventKind] = {
    "delivered": "delivered",
    "delayed": "delayed",
    "hard bounce": "hard bounce",
    "soft bounce": "soft bounce",
    "complaint": "complaint",
    "opt-out": "opt-out",
}


def receive(body: bytes, headers: Mapping[str, str]) -> dict[str, int]:
    """Do what a provider tells; nothing at all where signature or body are wrong.

    Args:
        body: as it came.
        headers: of the request, found whatever their case.

    Returns:
        applied, known (done before), unknown (about no message of netlift).

    Raises:
        NotFound: no secret is set up.
        Refused: the signature is missing, wrong, or older than five minutes.
        InputError: the body cannot be read.
    """
    check_signature(body, headers)
    kinds, outcomes = Counter[str](), Counter[str]()
    if headers.get("Content-Type", "").split(";")[0].strip().lower() == MAIL:
        mail = bounces.read(body)
        with transaction.atomic():
            outcomes[take(mail, source="webhook", kinds=kinds)] += 1
            _record(outcomes)
    else:
        events = _events(body)
        with transaction.atomic():
            for event_id, told in events:
                row = feedback.row_of(told)
                done = row is not None and apply(row, told, source="webhook", parts=(event_id,))
                outcomes["unknown" if row is None else "applied" if done else "known"] += 1
            _record(outcomes)
    return {"applied": outcomes["applied"], "known": outcomes["known"], "unknown": outcomes["unknown"] + outcomes["automatic"]}


def check_signature(body: bytes, headers: Mapping[str, str], *, now: datetime | None = None) -> None:
    """Let pass what was signed with one of the secrets of NETLIFT_WEBHOOK_SECRET within the last five minutes."""
    secrets = _secrets()
    if not secrets:
        raise NotFound("No webhook is set up; set NETLIFT_WEBHOOK_SECRET.")
    name, moment = headers.get("Webhook-Id", ""), headers.get("Webhook-Timestamp", "")
    given = [one.partition(",")[2] for one in headers.get("Webhook-Signature", "").split(" ") if one.startswith("v1,")]
    signed = f"{name}.{moment}.".encode() + body
    right = [base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets]
    fits = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in right]
    if not any(fits):
        raise Refused("The webhook's signature is missing or wrong.")
    at = datetime.fromtimestamp(int(moment), UTC) if re.fullmatch(r"\d{1,11}", moment) else datetime.min.replace(tzinfo=UTC)
    if abs((now or datetime.now(UTC)) - at) > WINDOW:
        raise Refused("The webhook was signed more than five minutes ago, or its clock is wrong.")


def _secrets() -> list[bytes]:
    """The secrets, several parted by commas or blanks while one takes the place of another."""
    told = environment().webhook_secret
    try:
        found = (
            [base64.b64decode(one.removeprefix("whsec_"), validate=True) for one in re.split(r"[\s,]+", told.get_secret_value()) if one]
            if told
            else []
        )
    except binascii.Error:
        raise SettingsError("NETLIFT_WEBHOOK_SECRET is no secret: whsec_ and 24 to 64 random bytes in base64 are expected.") from None
    if any(not 24 <= len(one) <= 64 for one in found):
        raise SettingsError("NETLIFT_WEBHOOK_SECRET is too short or too long: whsec_ and 24 to 64 random bytes in base64 are expected.")
    return found


def _events(body: bytes) -> list[tuple[str, Returned]]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("The webhook's body is no JSON.") from None
    events = told.get("events") if isinstance(told, dict) else None
    if not isinstance(events, list) or len(events) > MOST:
        raise InputError(f'The webhook\'s body has no list of at most {MOST:,} "events".')
    return [_event(one) for one in events]


def _event(told: Any) -> tuple[str, Returned]:  # noqa: ANN401 -- any JSON value
    texts = {name: text for name, text in told.items() if isinstance(text, str)} if isinstance(told, dict) else {}
    event_id, kind = texts.get("id", ""), texts.get("type", "")
    if not re.fullmatch("[ -~]{1,200}", event_id) or kind not in KINDS:
        raise InputError(
            f'An event of the webhook needs an "id" of 1 to 200 letters, digits and signs, and a "type" of: {", ".join(KINDS)}.'
        )
    status = bounces.STATUS.match(texts.get("status", ""))
    recipient = texts.get("recipient", "").strip().lower()
    message_id = texts.get("message_id", "").strip()
    named = bounces.MESSAGE_ID.fullmatch(message_id if message_id.startswith("<") else f"<{message_id}>")
    tokens = tuple(found.lower() for found in bounces.TOKEN.findall(texts.get("return_path", "")))
    return event_id, Returned(
        KINDS[kind], status[0] if status else "", (recipient,) if recipient else (), tokens, named[0] if named else ""
    )


def _record(outcomes: Counter[str]) -> None:
    if outcomes["applied"]:
        audit.record("returned mail", actor=people.RESERVED, details={"applied": outcomes["applied"], "source": "webhook"})
