"""What a request must look like: for each operation its elements, what each may hold, and which must be there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring


class Fault(Exception):
    """The platform's no."""

    def __init__(self, errorid: int, text: str, class_: str = "SP.API") -> None:
        super().__init__(text)
        self.errorid, self.text, self.class_ = errorid, text, class_


def _invalid(why: str) -> Fault:
    return Fault(51, f"Invalid XML Request: {why}")


def _form(pattern: str) -> Callable[[Element], bool]:
    return lambda e: not len(e) and re.fullmatch(pattern, (e.text or "").strip(), re.DOTALL) is not None


def _date(*forms: str) -> Callable[[Element], bool]:
    def fits(element: Element) -> bool:
        for form in forms:
            try:
                datetime.strptime((element.text or "").strip(), form)  # noqa: DTZ007 - the form is what counts
            except ValueError:
                continue
            return True
        return False

    return fits


def _of(*names: str) -> Callable[[Element], bool]:
    """Children of these names, each with a text."""
    return lambda e: len(e) > 0 and all(child.tag in names and not len(child) for child in e)


def _nested(child: str, *names: str) -> Callable[[Element], bool]:
    return lambda e: len(e) > 0 and all(one.tag == child and _of(*names)(one) for one in e)


TEXT, ANY, NUMBER, BIT = _form(".+"), _form(".*"), _form(r"\d+"), _form("[01]")
FLAG, SWITCH = _form("|true"), _form("true|false")
RANGE, SCHEDULED = _date("%m/%d/%Y %H:%M:%S"), _date("%m/%d/%Y %I:%M:%S %p")
COLUMN = _of("NAME", "VALUE")
SYNC = _nested("SYNC_FIELD", "NAME", "VALUE")
SCOPE = ("PRIVATE", "SHARED", "SCHEDULED", "SENT", "SENDING", "AUTOMATED", "INCLUDE_TAGS", "EXCLUDE_ZERO_SENT", "EXCLUDE_TEST_MAILINGS")
EVENT_FLAGS = {
    "SENT": "Sent",
    "SUPPRESSED": "Suppressed",
    "OPENS": "Open",
    "CLICKS": "Click Through",
    "OPTOUTS": "Opt Out",
    "HARD_BOUNCES": "Hard Bounce",
    "SOFT_BOUNCES": "Soft Bounce",
    "REPLY_ABUSE": "Reply Abuse",
    "MAIL_BLOCKS": "Reply Mail Block",
    "MAILING_RESTRICTIONS": "Reply Mail Restriction",
}

# operation: (elements, the ones that must be there)
OPERATIONS: dict[str, tuple[dict[str, Callable[[Element], bool]], tuple[str, ...]]] = {
    "CreateContactList": (
        {"DATABASE_ID": NUMBER, "CONTACT_LIST_NAME": TEXT, "VISIBILITY": BIT, "PARENT_FOLDER_ID": ANY, "PARENT_FOLDER_PATH": ANY},
        ("DATABASE_ID", "CONTACT_LIST_NAME", "VISIBILITY"),
    ),
    "GetLists": (
        {"VISIBILITY": BIT, "LIST_TYPE": _form("0|1|2|5|6|13|15|18"), "FOLDER_ID": NUMBER, "INCLUDE_ALL_LISTS": FLAG, "INCLUDE_TAGS": FLAG},
        ("VISIBILITY", "LIST_TYPE"),
    ),
    "GetListMetaData": ({"LIST_ID": NUMBER}, ("LIST_ID",)),
    "GetMailingTemplates": ({"VISIBILITY": BIT}, ("VISIBILITY",)),
    "ImportList": (
        {"MAP_FILE": TEXT, "SOURCE_FILE": TEXT, "EMAIL": TEXT, "FILE_ENCODING": _form("UTF-8|ISO-8859-1")},
        ("MAP_FILE", "SOURCE_FILE"),
    ),
    "GetJobStatus": ({"JOB_ID": NUMBER}, ("JOB_ID",)),
    "AddRecipient": (
        {
            "LIST_ID": NUMBER,
            "CREATED_FROM": _form("[0123]"),
            "SEND_AUTOREPLY": SWITCH,
            "UPDATE_IF_FOUND": SWITCH,
            "ALLOW_HTML": SWITCH,
            "VISITOR_KEY": TEXT,
            "CONTACT_LISTS": _of("CONTACT_LIST_ID"),
            "SYNC_FIELDS": SYNC,
            "HONOR_OPTOUT_STATUS": SWITCH,
            "COLUMN": COLUMN,
        },
        ("LIST_ID", "CREATED_FROM", "COLUMN"),
    ),
    "DoubleOptInRecipient": (
        {"LIST_ID": NUMBER, "SEND_AUTOREPLY": SWITCH, "ALLOW_HTML": SWITCH, "COLUMN": COLUMN},
        ("LIST_ID", "COLUMN"),
    ),
    "OptOutRecipient": (
        {"LIST_ID": NUMBER, "EMAIL": TEXT, "RECIPIENT_ID": NUMBER, "MAILING_ID": NUMBER, "JOB_ID": NUMBER, "COLUMN": COLUMN},
        ("LIST_ID",),
    ),
    "SelectRecipientData": (
        {"LIST_ID": NUMBER, "EMAIL": TEXT, "RECIPIENT_ID": NUMBER, "RETURN_CONTACT_LISTS": FLAG, "COLUMN": COLUMN},
        ("LIST_ID",),
    ),
    "ScheduleMailing": (
        {
            "TEMPLATE_ID": NUMBER,
            "LIST_ID": NUMBER,
            "MAILING_NAME": TEXT,
            "SEND_HTML": FLAG,
            "SEND_TEXT": FLAG,
            "SUBJECT": TEXT,
            "FROM_NAME": TEXT,
            "FROM_ADDRESS": _form(r"[^@\s]+@[^@\s]+"),
            "REPLY_TO": TEXT,
            "VISIBILITY": BIT,
            "SCHEDULED": SCHEDULED,
            "SCHEDULED_IN_GMT": FLAG,
            "INBOX_MONITOR": FLAG,
            "SEND_TIME_OPTIMIZATION": _form("NONE|SEND_24HRS|SEND_WEEK"),
            "SUPPRESSION_LISTS": _of("SUPPRESSION_LIST_ID"),
            "SUBSTITUTIONS": _nested("SUBSTITUTION", "NAME", "VALUE"),
            "PARENT_FOLDER_PATH": TEXT,
            "CREATE_PARENT_FOLDER": FLAG,
        },
        ("TEMPLATE_ID", "LIST_ID", "MAILING_NAME", "VISIBILITY"),
    ),
    "GetSentMailingsForOrg": (
        {"DATE_START": RANGE, "DATE_END": RANGE, **dict.fromkeys(SCOPE, FLAG)},
        ("DATE_START", "DATE_END"),
    ),
    "GetAggregateTrackingForMailing": (
        {"MAILING_ID": NUMBER, "REPORT_ID": NUMBER, "TOP_DOMAIN": FLAG, "INBOX_MONITORING": FLAG, "PER_CLICK": FLAG},
        ("MAILING_ID", "REPORT_ID"),
    ),
    "RawRecipientDataExport": (
        {
            "MAILING": _of("MAILING_ID"),
            "EVENT_DATE_START": RANGE,
            "EVENT_DATE_END": RANGE,
            "EXPORT_FORMAT": _form("[012]"),
            "EXPORT_FILE_NAME": TEXT,
            "FILE_ENCODING": _form("(?i)utf-8|iso-8859-1"),
            "MOVE_TO_FTP": FLAG,
            **dict.fromkeys(EVENT_FLAGS, FLAG),
            "ALL_EVENT_TYPES": FLAG,
            "COLUMNS": _nested("COLUMN", "NAME"),
        },
        ("EXPORT_FORMAT",),
    ),
}
REPEATED = frozenset({"COLUMN", "MAILING"})


def operation(body: bytes) -> Element:
    """The one operation of a request.

    Raises:
        Fault: 51, for whatever is not as it must be.
    """
    try:
        envelope = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _invalid("not well-formed") from error
    bodies = envelope.findall("Body")
    if envelope.tag != "Envelope" or len(bodies) != 1 or len(bodies[0]) != 1:
        raise _invalid("one Envelope/Body/operation is expected")
    found: Element = bodies[0][0]
    if found.tag not in OPERATIONS:
        raise _invalid(f"{found.tag} is no operation")
    elements, required = OPERATIONS[found.tag]
    names = [child.tag for child in found]
    for child in found:
        if child.tag not in elements:
            raise _invalid(f"{child.tag} is no element of {found.tag}")
        if not elements[child.tag](child):
            raise _invalid(f"{child.tag} holds what it may not")
    twice = {name for name in names if names.count(name) > 1} - REPEATED
    missing = set(required) - set(names)
    if twice or missing:
        raise _invalid(f"{', '.join(sorted(twice | missing))} missing or twice")
    return found
