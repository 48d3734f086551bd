from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from netlift.store import health, vault
from netlift.store.models import Delivery, Run


@pytest.fixture
def run(owner: str) -> Run:
    """A run with 200 messages accepted."""
    made = Run.objects.create(name="x", author=User.objects.get(username=owner), state="sending")
    Delivery.objects.bulk_create(Delivery(run=made, customer_id=f"c{i:03d}", channel="email", state="accepted") for i in range(200))
    return made


@pytest.mark.parametrize(
    ("state", "most", "told"),
    [
        ("failed", 20, "21 errors among the last 200 messages, above the limit of 10 %"),
        ("bounced", 10, "11 bounces among the last 200 messages, above the limit of 5 %"),
        ("complained", 0, "1 complaints among the last 200 messages, above the limit of 0.1 %"),
    ],
)
def test_limits(run: Run, state: str, most: int, told: str) -> None:
    """At the limit all is well; one more and the reason says what and how many."""
    ids = list(Delivery.objects.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=ids[:most]).update(state=state)
    assert health.alarm(run.pk, "email") == ""
    Delivery.objects.filter(pk__in=ids[: most + 1]).update(state=state)
    assert health.alarm(run.pk, "email") == told
    assert health.alarm(run.pk, "sms") == ""


def test_unsubscribes(run: Run) -> None:
    """Whoever was written to and is suppressed now has unsubscribed since."""
    vault.put({"customer_id": f"c{i:03d}", "email": f"c{i:03d}@example.com"} for i in range(5))
    for i in range(4):
        vault.suppress(f"c{i:03d}", reason="unsubscribed", actor="anna", channel="email")
    assert health.alarm(run.pk, "email") == ""
    vault.suppress("c004", reason="unsubscribed", actor="anna", channel="email")
    assert health.alarm(run.pk, "email").startswith("5 unsubscribes")


def test_few_messages_say_nothing(run: Run) -> None:
    """Below 200 messages there is no alarm, even where all failed."""
    Delivery.objects.filter(customer_id="c000").delete()
    Delivery.objects.update(state="failed")
    assert health.alarm(run.pk, "email") == ""
