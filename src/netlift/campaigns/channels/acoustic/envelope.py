"""Requests and answers of the XML API: Envelope/Body/Operation out, Envelope/Body/RESULT back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from netlift.errors import InputError

Elements = Sequence[tuple[str, "str | Elements | None"]]  # name and text; None = an empty element, which is how flags are set
SUCCESS = frozenset({"true", "success", "yes"})
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def request(operation: str, elements: Elements) -> bytes:
    """The envelope of one operation, in UTF-8.

    Raises:
        InputError: a value holds a character that XML cannot carry; the value is not told.
    """
    envelope = Element("Envelope")
    _fill(SubElement(SubElement(envelope, "Body"), operation), elements)
    return bytes(tostring(envelope, encoding="utf-8", xml_declaration=True))


def answer(body: bytes) -> Element | None:
    """The envelope of an answer; None where the body is none: cut off, a proxy's page, or with a DTD."""
    try:
        envelope: Element = fromstring(body.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # LookupError: an encoding nobody knows
        return None
    return envelope if envelope.tag == "Envelope" and envelope.find("Body") is not None else None


def succeeded(envelope: Element) -> bool:
    """Whether the platform says that it did it; HTTP says nothing of it."""
    return (envelope.findtext("./Body/RESULT/SUCCESS") or "").strip().lower() in SUCCESS


def values(elements: Elements) -> Iterator[str]:
    """Every text of a request."""
    for _, value in elements:
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield from values(value)


def text(element: Element, name: str) -> str:
    """The text of a child, "" where it is missing."""
    return (element.findtext(name) or "").strip()


def _fill(parent: Element, elements: Elements) -> None:
    for name, value in elements:
        child = SubElement(parent, name)
        if isinstance(value, str):
            if NO_XML.search(value):
                raise InputError(f"The value of {name} holds a control character, which XML cannot carry; take it out.")
            child.text = value
        elif value is not None:
            _fill(child, value)
