"""What can go wrong between netlift and Acoustic Campaign, by what may be done next.

AcousticError        an InputError: one sentence for the user
├── AuthLost         no token, or none that counts: the account has to be set right
├── Rejected         a fault: the platform says that it did not do it
├── Throttled        too much at once: later is worth a try
    │   └── Unreached    nobody took the call: it was certainly not done
├── Ambiguous        the answer is lost and the operation must not be repeated blindly: look up what exists
└── Malformed        answers that make no sense, every time
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from netlift.errors import InputError

SERVER_ERROR, INVALID_XML, EXISTS, NO_RECIPIENT, SESSION = "50", "51", "122", ("128", "155"), "145"
# errorids that tell for certain that nothing was done; what others mean is not documented
CERTAIN = {
    INVALID_XML: "the request is not one that the platform understands",
    EXISTS: "the contact is there already",
    NO_RECIPIENT[0]: "there is no such contact",
    NO_RECIPIENT[1]: "there is no such contact",
    SESSION: "the session has expired or is invalid",
}


class AcousticError(InputError):
    """An operation on the platform did not come to its end."""


class AuthLost(AcousticError):
    """The sign-in is refused."""


class Rejected(AcousticError):
    """A fault; `errorid` is the platform's number of it, "" where it gave none."""

    def __init__(self, told: str, errorid: str) -> None:
        super().__init__(told)
        self.errorid = errorid

    @property
    def certain(self) -> bool:
        """Whether this fault is known to mean that nothing was done."""
        return self.errorid in CERTAIN


class Throttled(AcousticError):
    """Not done, because too much was asked at once or nobody answered the call."""


class Unreached(Throttled):
    """Nothing was sent."""


class Ambiguous(AcousticError):
    """The operation may or may not have been done."""


class Malformed(AcousticError):
    """No answer that makes sense, time after time."""


def errorid(envelope: Element) -> str:
    """The number of the fault, "" where there is none."""
    return (envelope.findtext("./Body/Fault/detail/error/errorid") or "").strip()


def rejected(operation: str, envelope: Element, sent: Iterable[str]) -> Rejected:
    """The fault in an answer, told without any of the values that were sent."""
    number = errorid(envelope)
    said = CERTAIN.get(number) or redacted(envelope.findtext("./Body/Fault/FaultString") or "no reason given", sent)
    name = f"fault {number}" if number.isdigit() else "a fault"
    return Rejected(f"Acoustic Campaign refuses {operation} with {name} ({said}); correct what it names and try again.", number)


def redacted(text: str, sent: Iterable[str]) -> str:
    """A text of the platform without what was sent to it, without addresses and without long numbers; one line."""
    for value in sorted({v for v in sent if len(v) > 2}, key=len, reverse=True):
        text = text.replace(value, "<value>")
    text = re.sub(r"\S+@\S+", "<address>", text)
    return " ".join(re.sub(r"\+?\d[\d -]{5,}\d", "<number>", text).split()).rstrip(".;")[:200]
