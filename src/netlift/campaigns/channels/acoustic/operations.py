"""The operations that netlift uses, each with what it takes and gives; names as in the vendor's reference of the XML API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from xml.etree.ElementTree import Element

from netlift.campaigns.channels.acoustic import faults
from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.channels.acoustic.envelope import Elements, text

SHARED = "1"  # private mailings of another user are left out of exports without an error
DAYS = timedelta(days=2)  # before and after now, in which a mailing is looked for: wider than any difference of time zones
WINDOW = "%m/%d/%Y %H:%M:%S"
EVENTS = (
    "SENT",
    "SUPPRESSED",
    "OPENS",
    "CLICKS",
    "OPTOUTS",
    "HARD_BOUNCES",
    "SOFT_BOUNCES",
    "REPLY_ABUSE",
    "MAIL_BLOCKS",
    "MAILING_RESTRICTIONS",
)


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the platform does by itself."""

    status: Literal["waiting", "running", "complete", "error", "canceled", "other"]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mailing:
    """A mailing that was ordered; `report_id` is "" until it is sent."""

    mailing_id: str
    report_id: str
    status: str
    sent: int


def list_metadata(client: Client, list_id: str) -> tuple[int, frozenset[str]]:
    """Number of contacts, and names of the columns, of a database or contact list."""
    result = client.call("GetListMetaData", [("LIST_ID", list_id)], repeatable=True)
    columns = frozenset(text(column, "NAME") for column in result.iterfind("./COLUMNS/COLUMN"))
    return int(text(result, "SIZE") or 0), columns


def templates(client: Client) -> frozenset[str]:
    """Ids of the shared mailing templates."""
    result = client.call("GetMailingTemplates", [("VISIBILITY", SHARED)], repeatable=True)
    return frozenset(text(template, "MAILING_ID") for template in result.iterfind("./MAILING_TEMPLATE"))


def contact_list_named(client: Client, name: str) -> str | None:
    """Id of the shared contact list with this name."""
    result = client.call("GetLists", [("VISIBILITY", SHARED), ("LIST_TYPE", "2"), ("INCLUDE_ALL_LISTS", "true")], repeatable=True)
    return next((text(one, "ID") for one in result.iterfind("./LIST") if text(one, "NAME") == name), None)


def create_contact_list(client: Client, name: str) -> str:
    """Id of a new contact list of the database, shared. Not repeatable: look it up by name."""
    elements = [("DATABASE_ID", client.settings.database), ("CONTACT_LIST_NAME", name), ("VISIBILITY", SHARED)]
    return _required(client.call("CreateContactList", elements, repeatable=False), "CONTACT_LIST_ID", "CreateContactList")


def import_list(client: Client, mapping: str, source: str) -> str:
    """Job that reads two files of the folder upload. Done twice it changes the same contacts to the same values."""
    elements = [("MAP_FILE", mapping), ("SOURCE_FILE", source), ("FILE_ENCODING", "UTF-8")]
    return _required(client.call("ImportList", elements, repeatable=True), "JOB_ID", "ImportList")


def job(client: Client, job_id: str) -> Job:
    """How far a job is."""
    result = client.call("GetJobStatus", [("JOB_ID", job_id)], repeatable=True)
    word = text(result, "JOB_STATUS").lower().replace("cancelled", "canceled")
    known: dict[str, Literal["waiting", "running", "complete", "error", "canceled"]] = {
        w: w for w in ("waiting", "running", "complete", "error", "canceled")
    }
    parameters = {text(p, "NAME"): text(p, "VALUE") for p in result.iterfind("./PARAMETERS/PARAMETER")}
    return Job(known.get(word, "other"), parameters)


def schedule_mailing(client: Client, *, template: str, list_id: str, name: str, sender: tuple[str, str], at: datetime) -> str:
    """Id of a new mailing of a template to a list, ordered for a moment to come (aware). Never repeatable: look it up by name."""
    elements: Elements = [
        ("TEMPLATE_ID", template),
        ("LIST_ID", list_id),
        ("MAILING_NAME", name),
        ("SEND_HTML", None),
        ("SEND_TEXT", None),
        *((key, value) for key, value in (("FROM_NAME", sender[0]), ("FROM_ADDRESS", sender[1])) if value),
        ("VISIBILITY", SHARED),
        ("SCHEDULED", at.astimezone(UTC).strftime("%m/%d/%Y %I:%M:%S %p")),
        ("SCHEDULED_IN_GMT", None),
        *([("SUPPRESSION_LISTS", [("SUPPRESSION_LIST_ID", one) for one in ids])] if (ids := client.settings.suppression_lists) else ()),
    ]
    return _required(client.call("ScheduleMailing", elements, repeatable=False), "MAILING_ID", "ScheduleMailing")


def mailing_named(client: Client, name: str, *, around: datetime) -> Mailing | None:
    """The mailing with this name that was ordered, is being sent or was sent around a moment."""
    window = [("DATE_START", (around - DAYS).strftime(WINDOW)), ("DATE_END", (around + DAYS).strftime(WINDOW))]
    flags = [(flag, None) for flag in ("PRIVATE", "SHARED", "SCHEDULED", "SENT", "SENDING")]
    result = client.call("GetSentMailingsForOrg", [*window, *flags], repeatable=True)
    for one in result.iterfind("./Mailing"):
        if text(one, "MailingName") == name:
            return Mailing(
                text(one, "MailingId"), text(one, "ReportId"), "sent" if text(one, "SentTS") else "scheduled", _number(one, "NumSent")
            )
    return None


def aggregate(client: Client, mailing: Mailing) -> dict[str, int]:
    """The platform's own counts of a mailing: NumSent, NumBounceHard, NumUnsubscribes and more."""
    elements = [("MAILING_ID", mailing.mailing_id), ("REPORT_ID", mailing.report_id)]
    found = client.call("GetAggregateTrackingForMailing", elements, repeatable=True).find("./Mailing")
    return {one.tag: int(count) for one in found if (count := (one.text or "").strip()).isdigit()} if found is not None else {}


def raw_export(client: Client, mailing_id: str, *, since: datetime, until: datetime) -> tuple[str, str]:
    """Job and file name of an export of what people did with a mailing between two moments. Done twice it makes two files."""
    elements: Elements = [
        ("MAILING", [("MAILING_ID", mailing_id)]),
        ("EVENT_DATE_START", since.strftime(WINDOW)),
        ("EVENT_DATE_END", until.strftime(WINDOW)),
        ("EXPORT_FORMAT", "0"),
        ("FILE_ENCODING", "utf-8"),
        ("MOVE_TO_FTP", None),
        *((event, None) for event in EVENTS),
        ("COLUMNS", [("COLUMN", [("NAME", client.settings.key_column)])]),
    ]
    result = client.call("RawRecipientDataExport", elements, repeatable=True)
    mailing = result.find("./MAILING")
    found = mailing if mailing is not None else result
    return _required(found, "JOB_ID", "RawRecipientDataExport"), _required(found, "FILE_PATH", "RawRecipientDataExport")


def add_recipient(client: Client, columns: Mapping[str, str], *, contact_lists: Sequence[str] = ()) -> str:
    """Id of one contact, added to the database or brought up to date. The platform keeps an opt-out."""
    elements: Elements = [
        ("LIST_ID", client.settings.database),
        ("CREATED_FROM", "1"),
        ("SEND_AUTOREPLY", "false"),
        ("UPDATE_IF_FOUND", "true"),
        *([("CONTACT_LISTS", [("CONTACT_LIST_ID", one) for one in contact_lists])] if contact_lists else ()),
        ("SYNC_FIELDS", [("SYNC_FIELD", [("NAME", name), ("VALUE", columns[name])]) for name in _key(client, columns)]),
        *_columns(columns),
    ]
    return _required(client.call("AddRecipient", elements, repeatable=True), "RecipientId", "AddRecipient")


def double_opt_in(client: Client, columns: Mapping[str, str]) -> str:
    """Id of a contact who confirmed the wish to get mail. Not repeatable: it may send a mail of its own."""
    elements: Elements = [("LIST_ID", client.settings.database), ("SEND_AUTOREPLY", "true"), *_columns(columns)]
    return _required(client.call("DoubleOptInRecipient", elements, repeatable=False), "RecipientId", "DoubleOptInRecipient")


def opt_out(client: Client, address: str) -> bool:
    """Opt one address out of the database; False where the platform has no such contact."""
    try:
        client.call("OptOutRecipient", [("LIST_ID", client.settings.database), ("EMAIL", address)], repeatable=True)
    except faults.Rejected as fault:
        if fault.errorid in faults.NO_RECIPIENT:
            return False
        raise
    return True


def _key(client: Client, columns: Mapping[str, str]) -> tuple[str, ...]:
    return (client.settings.key_column,) if client.settings.key_column in columns else ("EMAIL",)


def _columns(columns: Mapping[str, str]) -> Elements:
    return [("COLUMN", [("NAME", name), ("VALUE", value)]) for name, value in columns.items()]


def _number(element: Element, name: str) -> int:
    found = text(element, name)
    return int(found) if found.isdigit() else 0


def _required(result: Element, name: str, operation: str) -> str:
    found = text(result, name)
    if not found:
        raise faults.Ambiguous(f"Acoustic Campaign answers {operation} with success and without {name}; look there at what it did.")
    return found
