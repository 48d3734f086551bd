"""From the ledger to the channels: sending what is due, pausing a campaign that goes wrong, and the end of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.db import transaction

from netlift import campaigns
from netlift.errors import Refused
from netlift.records import Delivery, Message, Progress, Receipt, TrackedMessage
from netlift.review import committee
from netlift.settings import AnyChannel, ChannelSettings, environment
from netlift.store import health, ledger, ways_back
from netlift.store.models import Run
from netlift.store.rates import Rates
from netlift.workflow import decide, filling, texts
from netlift.workflow.opt_out import do_waiting

CHECK_EVERY = 100  # messages between two looks at the shares of errors, bounces and complaints


class WatchedLedger(ledger.RunLedger):
    """A run's ledger that pauses the run when too much goes wrong."""

    _since = 0
    ended: Callable[[], bool] = staticmethod(lambda: False)  # whether this process drains

    def claim(self, size: int) -> list[Delivery]:
        """As in the ledger; what waits to be taken off is taken off before."""
        do_waiting()
        return super().claim(size)

    def next_due(self) -> datetime | None:
        """As in the ledger; for a process that drains nothing is due."""
        return None if self.ended() else super().next_due()

    def _may_send(self) -> bool:
        """As in the ledger; a process that drains claims and begins nothing more."""
        return not self.ended() and super()._may_send()

    def record(self, token: str, receipts: Sequence[Receipt]) -> None:
        """As in the ledger; now and then the last messages are looked at."""
        super().record(token, receipts)
        texts.stopped_there([one.delivery_id for one in receipts if one.reason == campaigns.OPTED_OUT])
        self._since += len(receipts)
        if self._since >= CHECK_EVERY:
            self._since = 0
            if reason := health.alarm(self._run_id, self._channel):
                with contextlib.suppress(Refused):  # it was paused or stopped meanwhile
                    decide.pause_by_itself(str(self._run_id), reason=reason)


def send(
    run: Run, progress: Progress, *, patience: float = campaigns.PATIENCE, ended: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Send what is due on every channel of a run; the answer is what `launch` tells."""
    dues = []
    messages = filling.messages_of(run)
    for name, settings in filling.channels(run).items():
        by_offer = {offer: message for (offer, channel), message in messages.items() if channel == name}
        by_offer = _tracked(run, by_offer, settings)
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


def _tracked(run: Run, by_offer: Mapping[str, Message], settings: AnyChannel) -> dict[str, Message]:
    """The messages with names for links where the approved channel tracks them; the ledger fills them in for each person."""
    if not environment().public_url or not isinstance(settings, ChannelSettings) or not (settings.track_clicks or settings.track_opens):
        return dict(by_offer)
    names: dict[str, str] = {}
    if settings.track_clicks:
        addresses = {address: None for message in by_offer.values() for address in campaigns.links_of(message, settings)}
        names = ways_back.keep_links(run.pk, addresses)
    links = tuple(names.items())
    return {offer: _counted(message, links, opens=settings.track_opens) for offer, message in by_offer.items()}


def _counted(message: Message, links: tuple[tuple[str, str], ...], *, opens: bool) -> TrackedMessage:
    return TrackedMessage(message.offer, message.channel, message.sender, message.subject, message.text, message.html, links, opens)


def _rates(settings: AnyChannel, messages: Mapping[str, Message]) -> Rates:
    sender = parseaddr(next((m.sender for m in messages.values() if m.sender), settings.sender))[1].lower()
    return Rates(settings.per_second, settings.per_second_per_domain, tuple(settings.warm_up), sender)


def _finish(run: Run) -> None:
    """Sending -> completed, when every message came to its end."""
    with transaction.atomic():
        at = decide.locked(str(run.pk), decide.CLOCK)
        if at.case.state == "sending" and not ledger.open_rows(run.pk):
            decide.keep("complete", at, committee.finish(at.case, unsent=0), numbers(ledger.counts(run.pk)))


def numbers(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts per state for the audit trail."""
    return {f"rows {state}": number for state, number in counts.items()}


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
