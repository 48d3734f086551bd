"""The files of an import: the people as CSV, the mapping as XML, and what the platform says of rows it did not take."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from netlift.campaigns.messages import CannotWrite, write
from netlift.records import Delivery
from netlift.settings import AcousticSettings

LARGEST_ERRORS = 256 << 20  # bytes


def row(settings: AcousticSettings, delivery: Delivery) -> list[str]:
    """One person's cells: address, key, then the columns of the settings in their order.

    Raises:
        CannotWrite: a field is missing, or holds what no import takes.
    """
    written = write(delivery.message, delivery.fields)
    said = {"message.subject": written.subject, "message.text": written.text, "message.offer": delivery.message.offer}
    cells = [delivery.address, delivery.customer_id]
    for field in settings.columns.values():
        value = said[field] if field in said else delivery.fields.get(field)
        if value is None:
            raise CannotWrite(f"missing field {field}")
        cells.append(str(value))
    if any("\0" in cell for cell in cells):
        raise CannotWrite("a field holds a control character")
    return cells


def write_people(path: Path, settings: AcousticSettings, rows: Sequence[Sequence[str]]) -> str:
    """Write the CSV (RFC 4180, UTF-8, header), readable by its owner only; the answer is its SHA-256."""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(names(settings))
        sheet.writerows(rows)
    with path.open("rb") as binary:
        return hashlib.file_digest(binary, "sha256").hexdigest()


def names(settings: AcousticSettings) -> list[str]:
    """The columns of the CSV, as the database calls them."""
    return ["EMAIL", settings.key_column, *settings.columns]


def mapping(settings: AcousticSettings, contact_list: str) -> bytes:
    """The mapping file: contacts are matched by key, added or brought up to date, and put on the contact list."""
    root = Element("LIST_IMPORT")
    info = SubElement(root, "LIST_INFO")
    for name, value in (("ACTION", "ADD_AND_UPDATE"), ("LIST_ID", settings.database), ("FILE_TYPE", "0"), ("HASHEADERS", "true")):
        SubElement(info, name).text = value
    SubElement(SubElement(SubElement(root, "SYNC_FIELDS"), "SYNC_FIELD"), "NAME").text = settings.key_column
    columns = SubElement(root, "MAPPING")
    for index, name in enumerate(names(settings), start=1):
        column = SubElement(columns, "COLUMN")
        for key, value in (("INDEX", str(index)), ("NAME", name), ("INCLUDE", "true")):
            SubElement(column, key).text = value
    SubElement(SubElement(root, "CONTACT_LISTS"), "CONTACT_LIST_ID").text = contact_list
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def refused(path: Path, keys: Collection[str]) -> tuple[frozenset[str], int]:
    """Whose rows the platform did not take, and the number of rows that nobody's key is in.

    The layout of the file is not documented: a row belongs to the person whose key is one of its cells.
    """
    found: set[str] = set()
    strange = 0
    for cells in _cells(path):
        own = [cell for cell in cells if cell in keys]
        found.update(own[:1])
        strange += not own
    return frozenset(found), strange


def counted(parameters: Mapping[str, str], *names_: str) -> int:
    """The sum of counts among the parameters of a finished job."""
    return sum(int(value) for name in names_ if (value := parameters.get(name, "")).isdigit())


def _cells(path: Path) -> Iterator[list[str]]:
    text = path.read_bytes().decode("utf-8", "replace")
    yield from (cells for cells in csv.reader(io.StringIO(text, newline="")) if any(cells))
