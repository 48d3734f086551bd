"""What each operation does, and the RESULT it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from netlift.campaigns.testing.acoustic import mailings
from netlift.campaigns.testing.acoustic.organisation import Contact, ContactList, Database, Job, Mailing, Organisation
from netlift.campaigns.testing.acoustic.strictness import EVENT_FLAGS, Fault

Answer = Iterable[tuple[str, str]]  # element and its content, as XML


def answer(organisation: Organisation, asked: Element, now: datetime) -> str:
    """Do it; the answer is the inside of RESULT without SUCCESS."""
    mailings.send_due(organisation, now)
    return "".join(f"<{name}>{content}</{name}>" for name, content in DONE[asked.tag](organisation, asked, now))


def _text(asked: Element, name: str) -> str:
    return (asked.findtext(name) or "").strip()


def _database(organisation: Organisation, asked: Element, name: str = "LIST_ID") -> Database:
    found = organisation.databases.get(_text(asked, name))
    if found is None:
        raise Fault(140, f"List {_text(asked, name)} is not a database of this organization")
    return found


def _create_contact_list(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    database = _database(organisation, asked, "DATABASE_ID")
    number = organisation.number()
    organisation.lists[number] = ContactList(number, _text(asked, "CONTACT_LIST_NAME"), database, _text(asked, "VISIBILITY"))
    return [("CONTACT_LIST_ID", number), ("PARENT_FOLDER_ID", "1")]


def _get_lists(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    kind, visible = _text(asked, "LIST_TYPE"), _text(asked, "VISIBILITY")
    databases = [
        (d.list_id, d.name, "0", len(d.contacts)) for d in organisation.databases.values() if kind in {"0", "2"} and visible == "1"
    ]
    lists = [
        (one.list_id, one.name, "18", len(one.members))
        for one in organisation.lists.values()
        if kind in {"2", "18"} and one.visibility == visible
    ]
    for number, name, type_, size in [*databases, *lists]:
        yield (
            "LIST",
            f"<ID>{number}</ID><NAME>{escape(name)}</NAME><TYPE>{type_}</TYPE><SIZE>{size}</SIZE><VISIBILITY>{visible}</VISIBILITY>",
        )


def _get_list_metadata(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    number = _text(asked, "LIST_ID")
    members = organisation.members(number)
    if members is None:
        raise Fault(140, "No such list")
    database = organisation.databases.get(number) or organisation.lists[number].database
    columns = "".join(f"<COLUMN><NAME>{escape(name)}</NAME></COLUMN>" for name in database.columns)
    return [("NAME", escape(database.name)), ("SIZE", str(len(members))), ("COLUMNS", columns)]


def _get_templates(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    for number, name in organisation.templates.items():
        yield "MAILING_TEMPLATE", f"<MAILING_ID>{number}</MAILING_ID><MAILING_NAME>{escape(name)}</MAILING_NAME>"


def _import_list(organisation: Organisation, asked: Element, now: datetime) -> Answer:
    return [("JOB_ID", _job(organisation, "import", {child.tag: (child.text or "").strip() for child in asked}, now).job_id)]


def _job(organisation: Organisation, what: str, asked: dict[str, object], now: datetime) -> Job:
    job = Job(organisation.number(), what, asked, now.timestamp())
    organisation.jobs[job.job_id] = job
    return job


def _job_status(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    job = organisation.jobs.get(_text(asked, "JOB_ID"))
    if job is None:
        raise Fault(141, "No such job")
    described = "Import list." if job.what == "import" else "Export raw recipient data."
    parameters = "".join(
        f"<PARAMETER><NAME>{name}</NAME><VALUE>{value}</VALUE></PARAMETER>" if name else "<PARAMETER/>"
        for name, value in job.parameters.items()
    )
    return [("JOB_ID", job.job_id), ("JOB_STATUS", job.status), ("JOB_DESCRIPTION", described), ("PARAMETERS", parameters)]


def _columns(database: Database, asked: Element) -> dict[str, str]:
    values = {c.findtext("NAME") or "": c.findtext("VALUE") or "" for c in asked.iterfind("./COLUMN")}
    if strange := sorted(set(values) - set(database.columns)):
        raise Fault(51, f"Invalid XML Request: no column {strange[0]}")
    if "EMAIL" not in values:
        raise Fault(51, "Invalid XML Request: no EMAIL")
    return values


def _by_address(database: Database, address: str) -> Contact | None:
    return next((c for c in database.contacts.values() if c.values.get("EMAIL", "").lower() == address.lower()), None)


def _add_recipient(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    database = _database(organisation, asked)
    values = _columns(database, asked)
    sync = {f.findtext("NAME") or "": (f.findtext("VALUE") or "").lower() for f in asked.iterfind("./SYNC_FIELDS/SYNC_FIELD")}
    sync = sync or {"EMAIL": values["EMAIL"].lower()}
    found = next((c for c in database.contacts.values() if all(c.values.get(k, "").lower() == v for k, v in sync.items())), None)
    if found is not None and _text(asked, "UPDATE_IF_FOUND") != "true":
        raise Fault(122, f"Recipient {values['EMAIL']} is already in the list")
    contact = found or Contact(organisation.number(), {})
    contact.values |= values
    database.contacts[contact.contact_id] = contact
    for one in asked.iterfind("./CONTACT_LISTS/CONTACT_LIST_ID"):
        if one.text not in organisation.lists:
            raise Fault(140, "No such list")
        organisation.lists[one.text].members[contact.contact_id] = contact
    return [("RecipientId", contact.contact_id), ("ORGANIZATION_ID", "4711")]


def _double_opt_in(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    database = _database(organisation, asked)
    values = _columns(database, asked)
    contact = _by_address(database, values["EMAIL"]) or Contact(organisation.number(), {})
    contact.values |= values
    contact.opted_out = False
    database.contacts[contact.contact_id] = contact
    return [("RecipientId", contact.contact_id)]


def _recipient(organisation: Organisation, asked: Element) -> Contact:
    database = _database(organisation, asked)
    found = database.contacts.get(_text(asked, "RECIPIENT_ID")) or _by_address(database, _text(asked, "EMAIL"))
    if found is None:
        raise Fault(128, f"Recipient {_text(asked, 'EMAIL')} is not a member of the list")
    return found


def _opt_out(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    _recipient(organisation, asked).opted_out = True
    return ()


def _select(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    found = _recipient(organisation, asked)
    columns = "".join(f"<COLUMN><NAME>{escape(n)}</NAME><VALUE>{escape(v)}</VALUE></COLUMN>" for n, v in found.values.items())
    address = escape(found.values["EMAIL"])
    return [("EMAIL", address), ("Email", address), ("RecipientId", found.contact_id), ("COLUMNS", columns)]


def _schedule(organisation: Organisation, asked: Element, now: datetime) -> Answer:
    template, list_id = _text(asked, "TEMPLATE_ID"), _text(asked, "LIST_ID")
    suppression = tuple(one.text or "" for one in asked.iterfind("./SUPPRESSION_LISTS/SUPPRESSION_LIST_ID"))
    if (
        template not in organisation.templates
        or organisation.members(list_id) is None
        or not set(suppression) <= set(organisation.suppression)
    ):
        raise Fault(5999, "No such template, list or suppression list")
    when = now
    if given := _text(asked, "SCHEDULED"):
        when = datetime.strptime(given, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
        if when <= now:
            raise Fault(5998, "SCHEDULED lies in the past")
        if asked.find("SCHEDULED_IN_GMT") is None:
            when += timedelta(hours=5)  # the zone of the organisation is not the client's
    number = organisation.number()
    organisation.mailings[number] = Mailing(
        number, organisation.number(), _text(asked, "MAILING_NAME"), template, list_id, _text(asked, "VISIBILITY"), when, suppression,
        _text(asked, "FROM_ADDRESS"),
    )  # fmt: skip
    return [("MAILING_ID", number)]


def _sent_mailings(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    start, end = (datetime.strptime(_text(asked, name), "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC) for name in ("DATE_START", "DATE_END"))
    visible = {bit for flag, bit in (("PRIVATE", "0"), ("SHARED", "1")) if asked.find(flag) is not None} or {"0", "1"}
    kinds = {flag for flag in ("SCHEDULED", "SENT", "SENDING") if asked.find(flag) is not None} or {"SCHEDULED", "SENT"}
    for one in reversed(organisation.mailings.values()):
        if start <= one.scheduled <= end and one.visibility in visible and ("SENT" if one.sent else "SCHEDULED") in kinds:
            sent = f"<SentTS>{one.sent:%Y-%m-%d %H:%M:%S}.0</SentTS><ReportId>{one.report_id}</ReportId>" if one.sent else ""
            number = mailings.counted(one)["NumSent"]
            name = f"<MailingId>{one.mailing_id}</MailingId><MailingName><![CDATA[{one.name}]]></MailingName>"
            yield "Mailing", f"{name}<ListId>{one.list_id}</ListId><NumSent>{number}</NumSent>{sent}"


def _aggregate(organisation: Organisation, asked: Element, now: datetime) -> Answer:  # noqa: ARG001
    found = organisation.mailings.get(_text(asked, "MAILING_ID"))
    if found is None or found.report_id != _text(asked, "REPORT_ID"):
        raise Fault(142, "No such mailing")
    return [("Mailing", "".join(f"<{name}>{number}</{name}>" for name, number in mailings.counted(found).items()))]


def _export(organisation: Organisation, asked: Element, now: datetime) -> Answer:
    def moment(name: str) -> datetime | None:
        text = _text(asked, name)
        return datetime.strptime(text, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC) if text else None

    columns = [one.text or "" for one in asked.iterfind("./COLUMNS/COLUMN/NAME")]
    known = {name for database in organisation.databases.values() for name in database.columns}
    if asked.find("MOVE_TO_FTP") is None or not set(columns) <= known:
        raise Fault(51, "Invalid XML Request: MOVE_TO_FTP missing, or no such column")
    file = f"Raw Recipient Data Export {now:%b %d %Y %H-%M-%S %p} {len(organisation.jobs)}.zip"
    job = _job(
        organisation,
        "export",
        {
            "mailings": {one.text for one in asked.iterfind("./MAILING/MAILING_ID")},
            "columns": columns,
            "file": file,
            **{flag: "" for flag in (*EVENT_FLAGS, "ALL_EVENT_TYPES") if asked.find(flag) is not None},
            **{name: moment(name) for name in ("EVENT_DATE_START", "EVENT_DATE_END")},
        },
        now,
    )
    return [("MAILING", f"<JOB_ID>{job.job_id}</JOB_ID><FILE_PATH>/download/{file}</FILE_PATH>")]


DONE: dict[str, Callable[[Organisation, Element, datetime], Answer]] = {
    "AddRecipient": _add_recipient,
    "CreateContactList": _create_contact_list,
    "DoubleOptInRecipient": _double_opt_in,
    "GetAggregateTrackingForMailing": _aggregate,
    "GetJobStatus": _job_status,
    "GetListMetaData": _get_list_metadata,
    "GetLists": _get_lists,
    "GetMailingTemplates": _get_templates,
    "GetSentMailingsForOrg": _sent_mailings,
    "ImportList": _import_list,
    "OptOutRecipient": _opt_out,
    "RawRecipientDataExport": _export,
    "ScheduleMailing": _schedule,
    "SelectRecipientData": _select,
}
