"""The signature of webhooks, against the published example of Standard Webhooks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from netlift.errors import Refused
from netlift.workflow.webhook import check_signature

BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "Webhook-Timestamp": "1614265330",
    "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize("secrets", [SECRET, f"whsec_{'A' * 32}, {SECRET}", SECRET.removeprefix("whsec_")])
def test_the_published_example(monkeypatch: pytest.MonkeyPatch, secrets: str) -> None:
    """It passes, also while another secret takes the place of its own, and without the prefix."""
    monkeypatch.setenv("NETLIFT_WEBHOOK_SECRET", secrets)
    check_signature(BODY, HEADERS, now=AT)
    several = {**HEADERS, "Webhook-Signature": f"v1a,zzz v1,{'A' * 43}= {HEADERS['Webhook-Signature']}"}
    check_signature(BODY, several, now=AT + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("changes", "later"),
    [
        ({"Webhook-Id": "msg_other"}, 0),
        ({"Webhook-Timestamp": "1614265331"}, 0),
        ({"Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF="}, 0),
        ({"Webhook-Signature": HEADERS["Webhook-Signature"].replace("v1,", "v2,")}, 0),
        ({}, 301),
        ({}, -301),
    ],
)
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], later: int) -> None:
    """Another id, time, signature or version, or more than five minutes away."""
    monkeypatch.setenv("NETLIFT_WEBHOOK_SECRET", SECRET)
    with pytest.raises(Refused, match="webhook"):
        check_signature(BODY, {**HEADERS, **changes}, now=AT + timedelta(seconds=later))
