"""One batch on its way: contact list, upload, import, counts, order of the mailing. Each step is looked up or saved, none is done twice.

Nobody can be mailed before ScheduleMailing, so people are `committing` only from just before it; all that goes wrong earlier gives
them back. After it a lost answer is looked up by the mailing's unique name, and never answered by a second order.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from netlift.campaigns.channels.acoustic import faults, files, operations, sftp
from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.channels.acoustic.steps import Steps
from netlift.errors import InputError
from netlift.records import Delivery, Receipt
from netlift.settings import environment

FIRST_POLL, LONGEST_POLL = 2.0, 60.0  # seconds between two looks at a job, doubled each time
PATIENCE = 3600.0  # seconds for a job
LOOKS, LOOK_PAUSE = 3, 200.0  # how often, and every how many seconds, a mailing is looked for whose answer was lost

Committing = Callable[[Sequence[Delivery]], frozenset[int]]
Rows = dict[str, list[str]]  # cells by customer id


def key_of(batch: Sequence[Delivery], template: str) -> str:
    """The name of a batch: the same people and messages give the same one."""
    sha = hashlib.sha256(template.encode())
    for message_id in sorted(delivery.message_id for delivery in batch):
        sha.update(message_id.encode() + b"\n")
    return sha.hexdigest()[:20]


def mailing_name(offer: str, key: str) -> str:
    """A name that no other mailing has, with the offer for people to read."""
    return f"{re.sub(r'[^A-Za-z0-9 _-]', '_', offer)[:60]}/{key}"


def prepared(client: Client, steps: Steps, rows: Rows, alive: Callable[[], object]) -> frozenset[str]:
    """Everything up to the order; the answer is the customers whose rows the platform refuses.

    Raises:
        InputError: the counts cannot be reconciled, too many rows are refused, or the import ends in an error.
    """
    if "reconciled" in steps.done:
        return frozenset(steps.done["reconciled"])
    key = steps.folder.name
    if "list" not in steps.done:
        steps.save(list=_contact_list(client, f"netlift {key}"))
    alive()
    if "upload" not in steps.done:
        steps.save(upload=_uploaded(client, key, steps, rows))
    alive()
    if "import" not in steps.done:
        steps.save(**{"import": operations.import_list(client, *(f"{steps.done['upload']}{end}" for end in (".xml", ".csv")))})
    job = _imported(client, steps, alive)
    refused = _reconciled(client, steps, job, rows)
    steps.save(reconciled=sorted(refused))
    sftp.remove(client.settings, *(f"{sftp.UPLOAD}/{steps.done['upload']}{end}" for end in (".csv", ".xml")))
    return refused


def order(client: Client, steps: Steps, batch: Sequence[Delivery], template: str) -> Iterator[Receipt]:
    """ScheduleMailing, once; call it when everybody of the batch is committed."""
    name = mailing_name(batch[0].message.offer, steps.folder.name)
    # An order that was begun before and is not found: a person looked there, and gave these people back to be sent to.
    mailing = steps.done.get("mailing") or (_look(client, steps, name) if "ordering" in steps.done else None)
    if mailing is None:
        now = datetime.now(UTC)
        steps.save(name=name, ordering=now.isoformat())
        try:
            mailing = operations.schedule_mailing(
                client,
                template=template,
                list_id=steps.done["list"],
                name=name,
                sender=parseaddr(batch[0].message.sender),
                at=now + timedelta(minutes=client.settings.lead_minutes),
            )
        except faults.AcousticError as fault:
            if _certain(fault):
                steps.save(ordering=None)
                yield from receipts(batch, "retry", str(fault))
                return
            mailing = _looked_for(client, steps, name)
            if mailing is None and isinstance(fault, faults.Throttled):
                yield from receipts(batch, "retry", str(fault))  # looked up once more before it is ordered again
                return
    if mailing is None:
        yield from receipts(batch, "unknown", "the answer to the order was lost, and Acoustic Campaign lists no mailing of this name yet")
        return
    steps.save(mailing=mailing)
    yield from receipts(batch, "accepted", f"mailing {mailing} ordered")


def settled(client: Client, steps: Steps) -> list[Receipt]:
    """What became of a batch whose process ended while it was committed; nothing where that cannot be told."""
    _, numbers = steps.people()
    if "mailing" not in steps.done:
        if "ordering" not in steps.done:
            return [Receipt(n, "retry", "the process ended before the mailing was ordered") for n in numbers]
        found = _look(client, steps, steps.done["name"])
        if found is None:
            return []
        steps.save(mailing=found)
    return [Receipt(n, "accepted", f"mailing {steps.done['mailing']} ordered") for n in numbers]


def receipts(batch: Sequence[Delivery], state: Literal["accepted", "retry", "failed", "unknown"], reason: str) -> Iterator[Receipt]:
    """The same for everybody."""
    return (Receipt(delivery.delivery_id, state, reason) for delivery in batch)


def _contact_list(client: Client, name: str) -> str:
    """A fresh list of this name, or the one that a lost answer or an earlier process left."""
    found = operations.contact_list_named(client, name)
    if found is not None:
        return found
    try:
        return operations.create_contact_list(client, name)
    except (faults.Ambiguous, faults.Throttled):
        return operations.contact_list_named(client, name) or operations.create_contact_list(client, name)


def _uploaded(client: Client, key: str, steps: Steps, rows: Rows) -> str:
    """Both files on the server; the answer is their name without its end. The copy on this machine is deleted."""
    with tempfile.TemporaryDirectory(dir=steps.folder) as folder:
        people, columns = Path(folder) / "people.csv", Path(folder) / "columns.xml"
        sha = files.write_people(people, client.settings, list(rows.values()))
        columns.write_bytes(files.mapping(client.settings, steps.done["list"]))
        name = f"netlift-{key}-{sha[:8]}-{steps.done.get('failed_imports', 0)}"
        sftp.put(client.settings, {f"{name}.csv": people, f"{name}.xml": columns})
    return name


def finished(client: Client, number: str, what: str, *, alive: Callable[[], object]) -> operations.Job:
    """Wait for a job that imports or exports.

    Raises:
        Throttled: it is not done yet.
        Malformed: it ended otherwise.
    """
    wait, start = FIRST_POLL, time.monotonic()
    while True:
        job = operations.job(client, number)
        if job.status == "complete":
            return job
        if job.status in {"error", "canceled"}:
            raise faults.Malformed(
                f"Acoustic Campaign ended the {what} (job {number}) as {job.status}, nobody was mailed by it; look at the job there, "
                "correct the columns of the channel and prepare again, or do the same again to repeat it."
            )
        if time.monotonic() - start > PATIENCE:
            raise faults.Throttled(
                f"The {what} (job {number}) of Acoustic Campaign is not done after {PATIENCE:,.0f} seconds; go on later."
            )
        pause(wait, alive)
        wait = min(LONGEST_POLL, 2 * wait)


def _imported(client: Client, steps: Steps, alive: Callable[[], object]) -> operations.Job:
    try:
        return finished(client, steps.done["import"], "import", alive=alive)
    except faults.Malformed:
        steps.save(**{"upload": None, "import": None, "failed_imports": steps.done.get("failed_imports", 0) + 1})
        raise


def pause(seconds: float, alive: Callable[[], object]) -> None:
    """Wait, with a sign of life often enough to keep the claim."""
    end, beat = time.monotonic() + seconds, environment().lease_seconds / 3
    while (left := end - time.monotonic()) > 0:
        alive()
        time.sleep(min(left, beat))


def _reconciled(client: Client, steps: Steps, job: operations.Job, rows: Rows) -> frozenset[str]:
    """Whose rows were refused, when every row is accounted for."""
    taken = files.counted(job.parameters, "SQL_ADDED", "SQL_UPDATED")
    missing, refused, strange = len(rows) - taken, frozenset[str](), 0
    if missing:
        refused, strange = _refused(client, steps, job, rows)
    size, _ = operations.list_metadata(client, steps.done["list"])
    if missing != len(refused) or strange or size != taken:
        raise InputError(
            f"The import (job {steps.done['import']}) of Acoustic Campaign cannot be reconciled: of {len(rows):,} rows {taken:,} were "
            f"taken, {len(refused):,} refused ones are known and {strange:,} not, and {size:,} contacts are on the list; nobody was "
            "mailed, look at the job there."
        )
    if len(refused) > client.settings.max_rejected * len(rows):
        raise InputError(
            f"Acoustic Campaign refuses {len(refused):,} of {len(rows):,} rows (job {steps.done['import']}), more than max_rejected "
            f"({client.settings.max_rejected:g}) allows; nobody was mailed, stop the run and correct the addresses."
        )
    return refused


def _refused(client: Client, steps: Steps, job: operations.Job, rows: Rows) -> tuple[frozenset[str], int]:
    name = job.parameters.get("ERROR_FILE_NAME", "").rpartition("/")[2]
    if not name:
        return frozenset(), 0
    with tempfile.TemporaryDirectory(dir=steps.folder) as folder:
        path = Path(folder) / "refused"
        sftp.get(client.settings, name, path, largest=files.LARGEST_ERRORS)
        return files.refused(path, rows.keys())


def _certain(fault: faults.AcousticError) -> bool:
    """Whether nothing was done."""
    return isinstance(fault, faults.AuthLost | faults.Unreached) or (isinstance(fault, faults.Rejected) and fault.certain)


def _look(client: Client, steps: Steps, name: str) -> str | None:
    found = operations.mailing_named(client, name, around=datetime.fromisoformat(steps.done["ordering"]))
    return found.mailing_id if found else None


def _looked_for(client: Client, steps: Steps, name: str) -> str | None:
    """Look several times, because a mailing may be listed late."""
    for look in range(LOOKS):
        if look:
            time.sleep(LOOK_PAUSE)
        try:
            found = _look(client, steps, name)
        except faults.AcousticError:  # it may not be reached just now; what cannot be looked up stays unknown
            found = None
        if found is not None:
            return found
    return None
