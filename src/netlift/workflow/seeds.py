"""Seeds: own addresses that get a copy when a launch begins, so that somebody sees what arrives. They are never customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from django.db import transaction

from netlift import campaigns
from netlift.errors import NetliftError
from netlift.records import Delivery
from netlift.settings import ChannelSettings
from netlift.store import audit, vault
from netlift.store.models import Run
from netlift.workflow import filling


def send(run: Run, actor: str) -> dict[str, int]:
    """Send a copy of every message to the seeds of its channel; the answer is how many by state, counted apart from the run.

    A seed that is a customer's address gets none. What goes wrong here never holds up the launch: it is in the audit trail.
    """
    told: Counter[str] = Counter()
    for name, settings in filling.channels(run).items():
        if isinstance(settings, ChannelSettings) and settings.seeds:
            told += _copies(run, name, settings)
    if told:
        with transaction.atomic():
            audit.record("seeds", actor=actor, run_id=run.pk, details=dict(told))
    return dict(told)


def _copies(run: Run, name: str, settings: ChannelSettings) -> Counter[str]:
    strangers = [seed for seed in settings.seeds if not vault.of_address(seed, None)]
    told = Counter({"customers": len(settings.seeds) - len(strangers)})
    messages = [message for (_, channel), message in filling.messages_of(run).items() if channel == name]
    copies = [campaigns.trial_copy(message, seed, mark="") for message in messages for seed in strangers]
    try:
        with closing(campaigns.open_channel(settings)) as channel:
            told.update(receipt.state for receipt in channel.send(copies, every))
    except NetliftError:
        told["not sent"] = len(copies)
    return +told


def every(deliveries: Sequence[Delivery]) -> frozenset[int]:
    """Copies are in no ledger: all of them may go."""
    return frozenset(one.delivery_id for one in deliveries)
