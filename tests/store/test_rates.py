from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from netlift.store import keys, rates
from netlift.store.models import Bucket, Delivery, Run
from netlift.store.rates import Rates, Waiting

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def due(first: int, number: int, domain: str = "a") -> list[Waiting]:
    """Rows that never waited."""
    return [Waiting(i, domain, None) for i in range(first, first + number)]


def after(until: dict[int, datetime], moment: datetime = NOW) -> list[float]:
    """Seconds that each must wait."""
    return [round((when - moment).total_seconds(), 3) for when in until.values()]


def test_without_limits_nobody_waits(owner: str) -> None:
    """No rate is set, so no bucket is kept either."""
    assert rates.put_off(due(0, 50), "email", Rates(), NOW) == {}
    assert Bucket.objects.count() == 0


def test_messages_beyond_the_rate_get_slots_of_their_own(owner: str) -> None:
    """At 2 a second a rested channel sends two at once; the others get a slot every half second."""
    assert after(rates.put_off(due(0, 5), "email", Rates(per_second=2), NOW)) == [0.5, 1.0, 1.5]


def test_a_restart_grants_no_fresh_burst(owner: str) -> None:
    """What another process asks for comes behind what was given out: the bucket is in the database."""
    rates.put_off(due(0, 5), "email", Rates(per_second=2), NOW)
    assert after(rates.put_off(due(5, 2), "email", Rates(per_second=2), NOW)) == [2.0, 2.5]


def test_a_booked_slot_is_kept(owner: str) -> None:
    """Who waited goes at the time that was booked, and takes no second slot; missed by long, it asks again."""
    rates.put_off(due(0, 5), "email", Rates(per_second=2), NOW)
    booked = [Waiting(2, "a", NOW + timedelta(seconds=0.5))]
    assert rates.put_off(booked, "email", Rates(per_second=2), NOW + timedelta(seconds=0.5)) == {}
    later = NOW + timedelta(hours=3)
    missed = [Waiting(i, "a", NOW) for i in range(10, 15)]
    assert after(rates.put_off(missed, "email", Rates(per_second=2), later), later) == [0.5, 1.0, 1.5]


def test_domains_are_limited_one_by_one(owner: str) -> None:
    """One domain's queue does not hold up another."""
    until = rates.put_off(due(0, 3, "a") + due(3, 1, "b"), "email", Rates(per_second_per_domain=1), NOW)
    assert list(until) == [1, 2]


def test_a_refusal_slows_that_domain_only(owner: str) -> None:
    """421 halves the rate of one domain after a pause; messages on the way together count once; others go on."""
    rates.slow_down("email", "a", NOW)
    rates.slow_down("email", "a", NOW)
    assert Bucket.objects.get(key="domain:email:a").factor == 0.5
    assert after(rates.put_off(due(0, 3, "a") + due(3, 2, "b"), "email", Rates(), NOW)) == [1.0, 1.02, 1.04]
    rates.slow_down("email", "a", NOW + timedelta(seconds=2))
    assert Bucket.objects.get(key="domain:email:a").factor == 0.25
    for i in range(20):
        rates.slow_down("email", "a", NOW + timedelta(seconds=10 * i))
    assert Bucket.objects.get(key="domain:email:a").factor == rates.LOWEST


def test_a_domain_recovers_slowly(owner: str) -> None:
    """A halved domain has its full rate again after 36 messages, not before, and nothing is limited then."""
    rates.slow_down("email", "a", NOW)
    rates.speed_up("email", {"a": 35})
    assert Bucket.objects.get().factor < 1
    rates.speed_up("email", {"a": 1, "b": 5})
    assert Bucket.objects.get().factor == 1
    assert rates.put_off(due(0, 9), "email", Rates(), NOW) == {}


def test_slots_of_the_old_rate_are_given_up(owner: str) -> None:
    """After a refusal the rows of that domain ask again."""
    run = Run.objects.create(name="x", author=User.objects.get(username=owner), state="sending")
    for domain in ("a", "b"):
        Delivery.objects.create(run=run, customer_id=domain, channel="email", state="ready", domain=domain, not_before=NOW)
    rates.slow_down("email", "a", NOW)
    assert dict(Delivery.objects.values_list("domain", "not_before")) == {"a": None, "b": NOW}


def test_warm_up(owner: str) -> None:
    """A new sender's first day has 3 messages, the second 5, the third no limit; what is beyond waits for the next day."""
    plan = Rates(warm_up=(3, 5), sender="news@shop.example")
    tomorrow = datetime(2026, 11, 23, tzinfo=UTC)
    assert rates.put_off(due(0, 4), "email", plan, NOW) == {3: tomorrow}
    assert rates.put_off(due(4, 2), "email", plan, NOW) == {4: tomorrow, 5: tomorrow}
    assert len(rates.put_off(due(0, 9), "email", plan, NOW + timedelta(days=1))) == 4
    assert rates.put_off(due(0, 9), "email", plan, NOW + timedelta(days=2)) == {}
    assert "shop.example" not in " ".join(Bucket.objects.values_list("key", flat=True))


@pytest.mark.parametrize(("address", "name"), [("x@GMail.com", "gmail.com"), ("+1 212 555 0100", ""), ("", "")])
def test_domains_of_large_providers_by_name(owner: str, address: str, name: str) -> None:
    """A public provider tells nothing of a person; an address without a domain has none."""
    assert rates.domain_of(address, key=keys.vault_key()) == name


def test_other_domains_by_keyed_hash(owner: str) -> None:
    """A domain of one's own could name a person: always the same hash, without the name."""
    first, again = (rates.domain_of(a, key=keys.vault_key()) for a in ("a@Miller.example", "b@miller.example"))
    assert first == again
    assert len(first) == 32
    assert "miller" not in first
