"""From the ledger to the channels: sending what is due, pausing a campaign that goes wrong, and the end of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.db import transaction

from netlift import campaigns
from netlift.records import Message, Progress, Receipt
from netlift.settings import ChannelSettings
from netlift.store import audit, health, ledger, runs
from netlift.store.models import Run
from netlift.store.rates import Rates
from netlift.workflow import filling

CHECK_EVERY = 50  # messages between two looks at the shares of errors, bounces and complaints


class WatchedLedger(ledger.RunLedger):
    """A run's ledger that pauses the run when too much goes wrong."""

    _since = 0
    ended: Callable[[], bool] = staticmethod(lambda: False)  # whether this process drains

    def _may_send(self) -> bool:
        """As in the ledger; a process that drains claims and begins nothing more."""
        return not self.ended() and super()._may_send()

    def record(self, token: str, receipts: Sequence[Receipt]) -> None:
        """As in the ledger; now and then the last messages are looked at."""
        super().record(token, receipts)
        self._since += len(receipts)
        if self._since >= CHECK_EVERY:
            self._since = 0
            if reason := health.alarm(self._run_id, self._channel):
                pause(self._run_id, reason)


def pause(run_id: int, reason: str) -> None:
    """Sending -> paused, by netlift itself; nothing more is claimed or begun until somebody resumes the run."""
    with transaction.atomic():
        run = runs.get(str(run_id))
        if run.state == "sending":
            runs.move(run, "paused")
            audit.record("pause", actor="netlift", run_id=run_id, details={"reason": reason})


def send(
    run: Run, progress: Progress, *, patience: float = campaigns.PATIENCE, ended: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Send what is due on every channel of a run; the answer is what `launch` tells."""
    dues = []
    messages = filling.messages_of(run)
    for name, settings in filling.channels(run).items():
        by_offer = {offer: message for (offer, channel), message in messages.items() if channel == name}
        with closing(campaigns.open_channel(settings)) as channel:
            rows = WatchedLedger(
                run.pk,
                name,
                by_offer,
                address_field=channel.address_field,
                limits=_rates(settings, by_offer),
                resend=settings.unknown == "resend",
            )
            rows.ended = ended
            dues.append(campaigns.deliver(rows, channel, patience=patience, progress=progress))
    _finish(run)
    run.refresh_from_db()
    return told(run, ledger.counts(run.pk), ledger.exclusions(run.pk), due=min(filter(None, dues), default=None))


def _rates(settings: ChannelSettings, messages: Mapping[str, Message]) -> Rates:
    sender = parseaddr(next((m.sender for m in messages.values() if m.sender), settings.sender))[1].lower()
    return Rates(settings.per_second, settings.per_second_per_domain, tuple(settings.warm_up), sender)


def _finish(run: Run) -> None:
    """Sending -> completed, when every message came to its end."""
    with transaction.atomic():
        fresh = runs.get(str(run.pk))
        if fresh.state == "sending" and not ledger.open_rows(run.pk):
            runs.move(fresh, "completed")
            audit.record("complete", actor="netlift", run_id=run.pk, details={"rows": ledger.counts(run.pk)})


def told(
    run: Run, counts: dict[str, int], excluded: dict[str, int], *, dry_run: bool = False, due: datetime | None = None
) -> dict[str, Any]:
    """What `launch` tells of a run."""
    return {
        "run_id": str(run.pk),
        "state": run.state,
        "dry_run": dry_run,
        "counts": counts,
        "excluded": excluded,
        "unknown": counts.get("unknown", 0),
        "sentence": _sentence(run, counts, dry_run=dry_run, due=due),
    }


def _sentence(run: Run, counts: Mapping[str, int], *, dry_run: bool, due: datetime | None) -> str:
    parts = ", ".join(f"{number:,} {state}" for state, number in counts.items())
    if dry_run and run.state == "sending":
        return f"Run {run.pk} is being sent: {parts}. A dry run sends nothing."
    if dry_run:
        return f"Run {run.pk} would be launched: {parts}. Nothing was sent."
    unknown = counts.get("unknown", 0)
    state = f"completed with {unknown:,} unknown" if run.state == "completed" and unknown else run.state
    text = f"Run {run.pk} is {state}: {parts}."
    if unknown:
        text += f" The unknown ones may have arrived and are held, never sent again by themselves: netlift deliveries {run.pk}."
    if due is not None:
        text += f" Some wait for another attempt at {due:%H:%M} UTC; netlift worker goes on with them."
    return text
