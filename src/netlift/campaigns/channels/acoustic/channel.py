"""The channel `acoustic`: whole batches are handed over, and the platform mails them at the time ordered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime

from netlift.campaigns.channels.acoustic import events, files, flow, operations, sftp
from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.channels.acoustic.steps import begun, kept
from netlift.campaigns.channels.addresses import email_problem
from netlift.campaigns.messages import CannotWrite
from netlift.errors import SettingsError
from netlift.records import ContactEvent, Delivery, Receipt
from netlift.settings import AcousticSettings

Committing = Callable[[Sequence[Delivery]], frozenset[int]]


class Acoustic:
    """The channel `acoustic`."""

    address_field = "email"

    def __init__(self, settings: AcousticSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self.batch_size = settings.batch_size

    def problem(self, address: str) -> str | None:
        """Why nothing can be sent to this address; None = it looks right."""
        return email_problem(address)

    def open(self) -> None:
        """Sign in to both servers, and see that columns and templates are there.

        Raises:
            SettingsError: the platform has no such column or template.
            InputError: it cannot be reached or refuses the sign-in.
        """
        client = self.client()
        client.sign_in()
        sftp.sign_in(self._settings)
        _, columns = operations.list_metadata(client, self._settings.database)
        if missing := sorted(set(files.names(self._settings)) - columns):
            raise SettingsError(
                f"The database {self._settings.database} of Acoustic Campaign has no column '{missing[0]}' (capitals count); it has: "
                f"{', '.join(sorted(columns))}."
            )
        known = operations.templates(client)
        if strange := sorted({self._settings.template, *self._settings.templates.values()} - known):
            raise SettingsError(f"Acoustic Campaign has no shared mailing template {strange[0]}; share it there, or correct the channel.")

    def send(self, batch: Sequence[Delivery], committing: Committing) -> Iterator[Receipt]:
        """Hand over one mailing per template and offer; see `Channel.send`."""
        by_offer: dict[str, list[Delivery]] = {}
        for delivery in batch:
            by_offer.setdefault(delivery.message.offer, []).append(delivery)
        for offer, group in by_offer.items():
            template = self._settings.templates.get(offer, self._settings.template)
            if not (yield from self._hand_over(group, template, committing)):
                return

    def recovered(self, tokens: frozenset[str]) -> Iterator[tuple[str, Sequence[Receipt]]]:
        """What became of batches, by their claims, whose process ended while they were committed."""
        if not tokens:
            return
        for steps in kept(self.client().folder):
            token, _ = steps.people()
            if token in tokens and (found := flow.settled(self.client(), steps)):
                yield token, found

    def events(self, *, since: datetime) -> Iterator[ContactEvent]:
        """What people did with the mailings that were ordered after a moment (aware)."""
        for steps in kept(self.client().folder):
            if "mailing" in steps.done and datetime.fromisoformat(steps.done["ordering"]) >= since:
                yield from events.exported(self.client(), steps)

    def client(self) -> Client:
        """The connection of this channel."""
        if self._client is None:
            self._client = Client(self._settings)
        return self._client

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _hand_over(self, group: Sequence[Delivery], template: str, committing: Committing) -> Generator[Receipt, None, bool]:
        """One mailing; the answer is whether to go on with the next."""
        rows: flow.Rows = {}
        writable: list[Delivery] = []
        for delivery in group:
            try:
                if problem := self.problem(delivery.address):
                    raise CannotWrite(problem)  # noqa: TRY301 - both are told in the same way
                rows[delivery.customer_id] = files.row(self._settings, delivery)
                writable.append(delivery)
            except CannotWrite as error:  # the contact data were changed after the launch
                yield Receipt(delivery.delivery_id, "failed", str(error))
        if not writable:
            return True
        client = self.client()
        with begun(client.folder, flow.key_of(writable, template)) as steps:
            refused = flow.prepared(client, steps, rows, lambda: committing(()))
            yield from flow.receipts([d for d in writable if d.customer_id in refused], "failed", "refused by Acoustic Campaign at import")
            taken = [d for d in writable if d.customer_id not in refused]
            if not taken:
                return True
            steps.save_people(taken[0].token, [d.delivery_id for d in taken])
            may = committing(taken)
            if len(may) < len(taken):  # the list holds somebody who may not be mailed
                back = [d for d in taken if d.delivery_id in may]
                yield from flow.receipts(back, "retry", "somebody was taken off meanwhile; the batch is made again without them")
                return False
            yield from flow.order(client, steps, taken, template)
        return True
