from __future__ import annotations

import random

import pytest
from django.db import DatabaseError, transaction

from netlift.store import audit
from netlift.store.models import AuditEvent
from tests.store import stores

EVENTS = 30
COLUMNS = ("at", "actor", "act", "details", "previous_hash", "hash")


@pytest.fixture
def trail(owner: str) -> int:
    """A trail; the answer is its number of events."""
    for i in range(EVENTS):
        with transaction.atomic():
            audit.record("act", actor=owner, run_id=i, details={"step": i, "text": "grün"})
    return AuditEvent.objects.count()


@pytest.fixture
def open_to_tampering(trail: int) -> None:
    """Somebody with the database file in hand takes the triggers away."""
    stores.drop_triggers()


def test_untouched_trail_is_whole(trail: int) -> None:
    """Nothing done, nothing found; the head of now and an earlier head both fit."""
    earlier = audit.head()
    with transaction.atomic():
        audit.record("later", actor="anna")
    assert audit.verify().text == f"All {trail + 1} events are as they were written."
    assert audit.verify(earlier).whole
    assert audit.verify(audit.head()).whole


def test_database_refuses_changes(trail: int) -> None:
    """As long as its triggers stand, no event can be changed or deleted."""
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEvent.objects.filter(pk=3).update(actor="eve")
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEvent.objects.filter(pk=3).delete()


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.usefixtures("open_to_tampering")
def test_every_changed_character_is_found(column: str, trail: int) -> None:
    """One character changed anywhere in an event is found, and the event is named."""
    draw = random.Random(column)
    for event in AuditEvent.objects.order_by("pk"):
        text = getattr(event, column)
        place = draw.randrange(len(text))
        wrong = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
        AuditEvent.objects.filter(pk=event.pk).update(**{column: wrong})
        assert audit.verify().first_bad == event.pk
        AuditEvent.objects.filter(pk=event.pk).update(**{column: text})
    assert audit.verify().whole


@pytest.mark.usefixtures("open_to_tampering")
def test_changed_run_is_found(trail: int) -> None:
    """Telling an act of another run is found."""
    AuditEvent.objects.filter(pk=7).update(run=999)
    assert audit.verify().first_bad == 7


@pytest.mark.usefixtures("open_to_tampering")
def test_deleted_events_are_found(trail: int) -> None:
    """A gap is found at the first event that is missing."""
    AuditEvent.objects.filter(pk__in=(5, 6)).delete()
    assert audit.verify().first_bad == 5


@pytest.mark.usefixtures("open_to_tampering")
def test_swapped_events_are_found(trail: int) -> None:
    """Two events with changed places are found."""
    AuditEvent.objects.filter(pk=4).update(id=1000)
    AuditEvent.objects.filter(pk=9).update(id=4)
    AuditEvent.objects.filter(pk=1000).update(id=9)
    assert audit.verify().first_bad == 4


@pytest.mark.usefixtures("open_to_tampering")
def test_cut_tail_is_found_with_a_noted_head_only(trail: int) -> None:
    """A missing end cannot be seen from the chain, but from the head noted before."""
    noted = audit.head()
    AuditEvent.objects.filter(pk__gt=trail - 3).delete()
    assert audit.verify().whole
    assert audit.verify(noted).first_bad == trail - 2
    assert "were noted earlier" in audit.verify(noted).text


@pytest.mark.usefixtures("open_to_tampering")
def test_rewritten_trail_is_found_with_a_noted_head_only(trail: int) -> None:
    """A chain computed anew is whole in itself; the head noted before gives it away."""
    noted = audit.head()
    AuditEvent.objects.all().delete()
    for _ in range(trail + 5):
        with transaction.atomic():
            audit.record("act", actor="eve")
    assert audit.verify().whole
    assert not audit.verify(noted).whole


def test_event_needs_the_transaction_of_its_act(owner: str) -> None:
    """An event outside of a transaction could tell of an act that never happened."""
    with pytest.raises(RuntimeError, match="in the transaction of the act"):
        audit.record("act", actor=owner)


def test_event_vanishes_with_its_act(trail: int) -> None:
    """When the act fails, its event is gone too."""

    class Failed(Exception):
        pass

    with pytest.raises(Failed), transaction.atomic():
        audit.record("act", actor="anna")
        raise Failed
    assert AuditEvent.objects.count() == trail
    assert audit.verify().whole
