"""Sending what is due, people's reactions to it, and the export of both."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

from netlift.campaigns.testing.acoustic.organisation import Contact, Job, Mailing, Organisation
from netlift.campaigns.testing.acoustic.strictness import EVENT_FLAGS

HEADER = (
    "Recipient Id",
    "Recipient Type",
    "Mailing Id",
    "Report Id",
    "Campaign Id",
    "Email",
    "Event Type",
    "Event Timestamp",
    "Body Type",
    "Content Id",
    "Click Name",
    "URL",
    "Conversion Action",
    "Conversion Detail",
    "Conversion Amount",
    "Suppression Reason",
)
# share of people, what they do: drawn once a person and mailing
REACTIONS = (
    ("Hard Bounce", 0.01),
    ("Soft Bounce", 0.02),
    ("Opt Out", 0.004),
    ("Reply Abuse", 0.001),
    ("Click Through", 0.05),
    ("Open", 0.2),
)
LIST_LEVEL, OPTED_OUT, DUPLICATE = "8", "3", "11"  # suppression codes
COUNTED = {
    "NumSent": "Sent",
    "NumSuppressed": "Suppressed",
    "NumBounceHard": "Hard Bounce",
    "NumBounceSoft": "Soft Bounce",
    "NumGrossOpen": "Open",
    "NumGrossClick": "Click Through",
    "NumUnsubscribes": "Opt Out",
    "NumGrossAbuse": "Reply Abuse",
}


def send_due(organisation: Organisation, now: datetime) -> None:
    """Send every mailing whose time has come, to everybody who is on its list now and not suppressed."""
    for mailing in organisation.mailings.values():
        if mailing.sent is None and mailing.scheduled <= now:
            mailing.sent = mailing.scheduled
            _send(organisation, mailing)


def export(organisation: Organisation, job: Job, root: Path, *, form: str, repeat: float) -> None:
    """Write the zip of an export into download/. A share of the rows comes twice; private mailings are left out without a word."""
    wanted = {EVENT_FLAGS[flag] for flag in EVENT_FLAGS if flag in job.asked or "ALL_EVENT_TYPES" in job.asked}
    since, until = job.asked.get("EVENT_DATE_START"), job.asked.get("EVENT_DATE_END")
    draw = random.Random(job.job_id)  # noqa: S311 - a generator of test data
    text = io.StringIO(newline="")
    sheet = csv.writer(text)
    sheet.writerow([*HEADER, *job.asked["columns"]])
    for mailing in organisation.mailings.values():
        if mailing.mailing_id not in job.asked["mailings"] or mailing.visibility != "1":
            continue
        for contact, word, at, detail in mailing.events:
            if word in wanted and (since is None or since <= at) and (until is None or at <= until):
                row = _row(mailing, contact, word, at.strftime(form), detail)
                cells = [*row, *(contact.values.get(name, "") for name in job.asked["columns"])]
                sheet.writerow(cells)
                if draw.random() < repeat:
                    sheet.writerow(cells)
    with zipfile.ZipFile(root / "download" / job.asked["file"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(job.asked["file"].removesuffix(".zip") + ".csv", text.getvalue())
    job.status = "COMPLETE"


def counted(mailing: Mailing) -> dict[str, int]:
    """The aggregate counts of a mailing."""
    words = [word for _, word, _, _ in mailing.events]
    return {name: words.count(word) for name, word in COUNTED.items()}


def _send(organisation: Organisation, mailing: Mailing) -> None:
    draw = random.Random(mailing.name)  # noqa: S311 - a generator of test data
    stopped = frozenset().union(*(organisation.suppression[one] for one in mailing.suppression))
    seen: set[str] = set()
    at = mailing.scheduled
    for contact in (organisation.members(mailing.list_id) or {}).values():
        address = contact.values["EMAIL"].lower()
        code = OPTED_OUT if contact.opted_out else LIST_LEVEL if address in stopped else DUPLICATE if address in seen else ""
        if code:
            mailing.events.append((contact, "Suppressed", at, code))
            continue
        seen.add(address)
        organisation.delivered.append((mailing.mailing_id, address))
        mailing.events.append((contact, "Sent", at, ""))
        _react(mailing, contact, draw)


def _react(mailing: Mailing, contact: Contact, draw: random.Random) -> None:
    chance, later = draw.random(), mailing.scheduled + timedelta(minutes=draw.randint(1, 600))
    for word, share in REACTIONS:
        if chance < share:
            if word in {"Click Through", "Opt Out"}:
                mailing.events.append((contact, "Open", later, ""))
            contact.opted_out |= word == "Opt Out"
            mailing.events.append((contact, word, later + timedelta(minutes=1), "to the shop" if word == "Click Through" else ""))
            return
        chance -= share


def _row(mailing: Mailing, contact: Contact, word: str, at: str, detail: str) -> list[str]:
    cells = dict.fromkeys(HEADER, "")
    cells |= {
        "Recipient Id": contact.contact_id,
        "Recipient Type": "Normal",
        "Mailing Id": mailing.mailing_id,
        "Report Id": mailing.report_id,
        "Email": contact.values["EMAIL"],
        "Event Type": word,
        "Event Timestamp": at,
        "Body Type": "HTML",
        "Click Name": detail if word == "Click Through" else "",
        "Suppression Reason": detail if word == "Suppressed" else "",
    }
    return [cells[name] for name in HEADER]
