"""What people did with a mailing: the platform's raw export, read strictly, and compared with its own counts."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from netlift.campaigns.channels.acoustic import faults, flow, operations, sftp
from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.channels.acoustic.steps import Steps
from netlift.errors import InputError
from netlift.records import ContactEvent, EventKind

KINDS: Mapping[str, EventKind] = {
    "sent": "sent",
    "suppressed": "suppressed",
    "open": "open",
    "click through": "click",
    "click": "click",
    "hard bounce": "hard bounce",
    "soft bounce": "soft bounce",
    "opt out": "opt-out",
    "reply abuse": "complaint",
}
COUNTS: Mapping[str, EventKind] = {
    "NumSent": "sent",
    "NumSuppressed": "suppressed",
    "NumBounceHard": "hard bounce",
    "NumBounceSoft": "soft bounce",
    "NumGrossOpen": "open",
    "NumGrossClick": "click",
    "NumUnsubscribes": "opt-out",
    "NumGrossAbuse": "complaint",
}
TIMES = ("%m/%d/%Y %H:%M:%S", "%m/%d/%y %I:%M %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p")
NEEDED = ("Recipient Id", "Mailing Id", "Report Id", "Event Type", "Event Timestamp")
NAMED = (*NEEDED, "Click Name", "URL")  # together they name an event: events come late, and again
LARGEST, MOST_PACKED = 4 << 30, 200  # bytes unpacked; times smaller when packed


def exported(client: Client, steps: Steps) -> Iterator[ContactEvent]:
    """The events of one batch's mailing so far, each once.

    Raises:
        InputError: no export, or one that cannot be read.
    """
    with tempfile.TemporaryDirectory(dir=steps.folder) as folder:
        path = Path(folder) / "export.zip"
        _fetch(client, steps, path)
        yield from read(path, client.settings.key_column, ZoneInfo(client.settings.time_zone))


def read(path: Path, key_column: str, zone: ZoneInfo) -> Iterator[ContactEvent]:
    """The events in an export: a zip of one CSV, read by the names of its columns.

    Raises:
        InputError: another content, a column that is missing, or a time that cannot be read.
    """
    seen: set[bytes] = set()
    with zipfile.ZipFile(path) as archive:
        inside = archive.infolist()
        if len(inside) != 1 or re.search(r"[/\\]|^\.", inside[0].filename):
            raise InputError(
                f"The export of Acoustic Campaign holds {len(inside)} files where one without a folder was expected; look at it there."
            )
        if inside[0].file_size > min(LARGEST, MOST_PACKED * max(inside[0].compress_size, 1 << 20)):
            raise InputError(f"The export of Acoustic Campaign would unpack to {inside[0].file_size:,} bytes, which is not believable.")
        with archive.open(inside[0]) as binary, io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(text)
            missing = [name for name in (*NEEDED, key_column) if name not in (rows.fieldnames or ())]
            if missing:
                raise InputError(f"The export of Acoustic Campaign has no column '{missing[0]}'; check key_column of the channel.")
            for row in rows:
                event = hashlib.sha256("\x1f".join(row.get(name) or "" for name in NAMED).encode()).digest()[:16]
                if event not in seen:
                    seen.add(event)
                    yield _event(event, row, key_column, zone)


def differences(found: Counter[EventKind], told: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Where events and the platform's own counts differ: name of the count, (events, platform)."""
    return {name: (found[kind], told[name]) for name, kind in COUNTS.items() if name in told and told[name] != found[kind]}


def counts(client: Client, steps: Steps) -> dict[str, int]:
    """The platform's own counts of a batch's mailing; empty until it is sent."""
    mailing = operations.mailing_named(client, steps.done["name"], around=datetime.fromisoformat(steps.done["ordering"]))
    return operations.aggregate(client, mailing) if mailing is not None and mailing.report_id else {}


def _event(event: bytes, row: Mapping[str, str | None], key_column: str, zone: ZoneInfo) -> ContactEvent:
    word = (row["Event Type"] or "").strip()
    kind = KINDS.get(word.lower(), "other")
    detail = row.get("Suppression Reason") if kind == "suppressed" else row.get("Click Name") if kind == "click" else None
    return ContactEvent(
        event_id=event.hex(),
        customer_id=row[key_column] or "",
        kind=kind,
        at=moment(row["Event Timestamp"] or "", zone),
        detail=word if kind == "other" else detail or "",
    )


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A time of an export, in any of the forms that were seen, as aware UTC.

    Raises:
        InputError: another form.
    """
    for form in TIMES:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            continue
    raise InputError(f"The export of Acoustic Campaign holds the time '{text[:30]}', and one like 12/31/2026 23:59:59 was expected.")


def _fetch(client: Client, steps: Steps, path: Path) -> None:
    """The file of an export; a job that an earlier process began is waited for, not begun again."""
    if "export" not in steps.done:
        since = datetime.fromisoformat(steps.done["ordering"])
        number, name = operations.raw_export(
            client, steps.done["mailing"], since=since - operations.DAYS, until=datetime.now(UTC) + timedelta(days=2)
        )
        steps.save(export=[number, name.replace("\\", "/").rpartition("/")[2]])
    number, name = steps.done["export"]
    try:
        flow.finished(client, number, "export", alive=lambda: None)
    except InputError as error:
        if not isinstance(error, faults.Throttled):
            steps.save(export=None)
        raise
    sftp.get(client.settings, name, path, largest=LARGEST)
    sftp.remove(client.settings, f"{sftp.DOWNLOAD}/{name}")
    steps.save(export=None)
