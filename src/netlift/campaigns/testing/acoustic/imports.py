"""The import job: mapping file and people are looked up when the job runs, and read as the platform does."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from netlift.campaigns.testing.acoustic.organisation import Contact, ContactList, Database, Job, Organisation

ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")
ACTIONS = ("ADD_ONLY", "UPDATE_ONLY", "ADD_AND_UPDATE", "OPT_OUT")


class Unreadable(Exception):
    """The job ends as ERROR."""


@dataclass
class _Meant:
    """What a mapping file asks for."""

    action: str
    database: Database
    lists: list[ContactList]
    columns: dict[int, str]  # by index, from 0
    sync: tuple[str, ...]  # the columns to match by
    index: dict[tuple[str, ...], Contact] = field(default_factory=dict)
    seen: set[tuple[str, ...]] = field(default_factory=set)


def run(organisation: Organisation, job: Job, root: Path) -> None:
    """Do the import; its counts are in the job's parameters, refused rows in download/<job>.err."""
    try:
        mapping = fromstring(_bytes(root, job.asked["MAP_FILE"]))
        encoding = job.asked.get("FILE_ENCODING") or ("ISO-8859-1" if organisation.latin else "UTF-8")
        text = _bytes(root, job.asked["SOURCE_FILE"]).decode(encoding)
        meant = _meant(organisation, mapping)
    except (Unreadable, ParseError, UnicodeDecodeError):
        job.status = "ERROR"
        return
    rows = csv.reader(io.StringIO(text, newline=""))
    if mapping.findtext("./LIST_INFO/HASHEADERS") == "true":
        next(rows, None)
    counts = dict.fromkeys(("SQL_ADDED", "SQL_UPDATED", "BAD_ADDRESSES", "BAD_RECORDS", "NOT_ALLOWED", "DUPLICATES"), 0)
    with (root / "download" / f"{job.job_id}.err").open("w", encoding="utf-8", newline="") as file:
        errors = csv.writer(file)
        for cells in rows:
            outcome = _row(organisation, cells, meant)
            counts[outcome] += 1
            if outcome not in {"SQL_ADDED", "SQL_UPDATED"}:
                errors.writerow([*cells, outcome])
    (root / "download" / f"{job.job_id}.res").write_text(f"{counts}\n", encoding="utf-8")
    told = {"ERROR_FILE_NAME": f"{job.job_id}.err", "RESULTS_FILE_NAME": f"{job.job_id}.res", "": ""}  # an empty one occurs
    job.parameters = {**{name: str(count) for name, count in counts.items()}, **told}
    job.parameters["TOTAL_VALID"] = str(counts["SQL_ADDED"] + counts["SQL_UPDATED"])
    job.status = "COMPLETE"


def _bytes(root: Path, name: str) -> bytes:
    path = root / "upload" / name
    if "/" in name or not path.is_file():
        raise Unreadable
    return path.read_bytes()


def _meant(organisation: Organisation, mapping: Element) -> _Meant:
    action = mapping.findtext("./LIST_INFO/ACTION") or ""
    database = organisation.databases.get(mapping.findtext("./LIST_INFO/LIST_ID") or "")
    lists = [organisation.lists.get(one.text or "") for one in mapping.iterfind("./CONTACT_LISTS/CONTACT_LIST_ID")]
    taken = [column for column in mapping.iterfind("./MAPPING/COLUMN") if column.findtext("INCLUDE") == "true"]
    columns = {int(column.findtext("INDEX") or 0) - 1: column.findtext("NAME") or "" for column in taken}
    sync = tuple(one.text or "" for one in mapping.iterfind("./SYNC_FIELDS/SYNC_FIELD/NAME"))
    known = mapping.tag == "LIST_IMPORT" and action in ACTIONS and mapping.findtext("./LIST_INFO/FILE_TYPE") == "0"
    if not known or database is None or None in lists or -1 in columns:
        raise Unreadable
    if not set(columns.values()) <= set(database.columns) or not sync or not set(sync) <= set(columns.values()):
        raise Unreadable
    index = {_key(contact.values, sync): contact for contact in database.contacts.values()}
    return _Meant(action, database, [one for one in lists if one], columns, sync, index)


def _key(values: dict[str, str], sync: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(values.get(name, "").lower() for name in sync)


def _row(organisation: Organisation, cells: list[str], meant: _Meant) -> str:
    """What becomes of one row: the name of the count that it adds to."""
    if len(cells) <= max(meant.columns):
        return "BAD_RECORDS"
    values = {name: cells[i] for i, name in meant.columns.items()}
    if not ADDRESS.fullmatch(values.get("EMAIL", "")):
        return "BAD_ADDRESSES"
    key = _key(values, meant.sync)
    if not all(key):
        return "BAD_RECORDS"
    if key in meant.seen:
        return "DUPLICATES"
    meant.seen.add(key)
    contact = meant.index.get(key)
    if (contact is None and meant.action in {"UPDATE_ONLY", "OPT_OUT"}) or (contact is not None and meant.action == "ADD_ONLY"):
        return "NOT_ALLOWED"
    new = contact is None
    if contact is None:
        contact = meant.index[key] = Contact(organisation.number(), {})
        meant.database.contacts[contact.contact_id] = contact
    if meant.action == "OPT_OUT":
        contact.opted_out = True
    contact.values |= values  # an opt-out stays one
    for one in meant.lists:
        one.members[contact.contact_id] = contact
    return "SQL_ADDED" if new else "SQL_UPDATED"
