from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns import CannotWrite, write
from netlift.campaigns.messages import BREAK
from netlift.campaigns.mime import letter, skeleton
from netlift.errors import InputError
from netlift.records import Message
from tests.campaigns.letters import MESSAGE, delivery, settings
from tests.campaigns.test_dkim import RSA, RSA_RECORD, verified

HTML = "<heading>For {{ name }}</heading><text>Hello {{ name }}</text>"
BOTH = dataclasses.replace(MESSAGE, html=HTML)
CHANNEL = settings(1, postal_address="1 Main Street, Springfield", list_id="news.shop.example")
URL = "https://shop.example/u/Zm9v"


def parsed(message: Message = BOTH, **changes: Any) -> EmailMessage:
    """The mail as a mail program reads it."""
    raw = letter(skeleton(message, CHANNEL), delivery(1, message=message, **changes))
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(mail: EmailMessage, kind: str) -> str:
    """One part, with plain line ends."""
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_the_headers_of_a_mail() -> None:
    """In full: who, whom, when, what, and how to get off the list in one click (RFC 2369, RFC 8058, RFC 2919)."""
    mail = parsed(unsubscribe_url=URL)
    told = dict(mail.items())
    assert (datetime.now(UTC) - mail["Date"].datetime).total_seconds() < 5
    del told["Date"]
    assert re.fullmatch(r'multipart/alternative; boundary="=_[0-9a-f]{32}"', told.pop("Content-Type"))
    assert told == {
        "Subject": "A letter for Name 1",
        "To": "c1@example.com",
        "Message-ID": "<m1@shop.example>",
        "List-Unsubscribe": f"<{URL}>, <mailto:news@shop.example?subject=unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "From": "Shop <news@shop.example>",
        "MIME-Version": "1.0",
        "List-Id": "<news.shop.example>",
        "Feedback-ID": "Wine:email:marketing:shop.example",
    }


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8000/u/x"])
def test_one_click_needs_https(url: str) -> None:
    """RFC 8058 section 3.1: without an https address there is no List-Unsubscribe-Post."""
    mail = parsed(unsubscribe_url=url)
    assert "List-Unsubscribe-Post" not in mail
    assert mail["List-Unsubscribe"].endswith("<mailto:news@shop.example?subject=unsubscribe>")


def test_both_parts_end_with_sender_address_and_link() -> None:
    """The footer is in text and HTML, whatever the offer says."""
    mail = parsed(unsubscribe_url=URL)
    assert part(mail, "plain") == (f"Hello Name 1\n.dot\n\n-- \nShop · 1 Main Street, Springfield\nUnsubscribe: {URL}\n")
    assert f'Shop · 1 Main Street, Springfield<br><a href="{URL}">Unsubscribe</a></p>' in part(mail, "html")
    assert "mailto:news@shop.example?subject=unsubscribe" in part(parsed(), "html")


def test_lines_are_short_and_end_with_crlf() -> None:
    """RFC 5322 section 2.1.1 and RFC 2045 section 6.8: at most 76 characters in a body, ASCII alone, and no bare line end."""
    fields = {"name": "Zoë \N{WAVING HAND SIGN} " + "long " * 80}
    raw = letter(skeleton(BOTH, CHANNEL), delivery(1, message=BOTH, fields={"name": fields["name"].strip()}, unsubscribe_url=URL))
    assert raw.isascii()
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\r\n." not in raw


NAMES = st.text(max_size=80).filter(lambda name: not BREAK.search(name) and name.strip() == name)


@hypothesis.settings(deadline=None)
@given(name=NAMES)
def test_spliced_is_what_the_library_makes(name: str) -> None:
    """For any name, parsed: subject, addresses and both bodies equal those of a mail that `EmailMessage` built."""
    of = skeleton(BOTH, CHANNEL)
    one = delivery(1, message=BOTH, fields={"name": name}, unsubscribe_url=URL)
    written = write(of.message, one.fields, unsubscribe_url=URL)
    built = EmailMessage(policy=policy.SMTP)
    built["Subject"], built["From"], built["To"] = written.subject, BOTH.sender, Address(addr_spec=one.address)
    built.set_content(written.text, cte="base64")
    built.add_alternative(written.html, subtype="html", cte="base64")
    ours, theirs = (message_from_bytes(raw, policy=policy.default) for raw in (letter(of, one), built.as_bytes()))
    assert isinstance(ours, EmailMessage)
    assert isinstance(theirs, EmailMessage)
    assert ours["Subject"] == written.subject  # the library loses blanks between long words that it encodes
    for header in ("From", "To", "MIME-Version"):
        assert ours[header] == theirs[header]
    assert ours.get_content_type() == theirs.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        assert part(ours, kind) == part(theirs, kind).replace("\r", "\n")
    assert not [defect for every in ours.walk() for defect in every.defects]


@pytest.mark.parametrize(
    "sender",
    [
        "Shop <news@shop.example>",
        "news@shop.example",
        '"Shop, wine & more" <news@shop.example>',
        'Shop "of" wine <news@shop.example>',
        "Weinladen Müller <news@shop.example>",
        "店 <news@shop.example>",
        f"{'A very long name ' * 6}<news@shop.example>",
    ],
)
def test_every_name_of_a_sender(sender: str) -> None:
    """Quoted, encoded or folded, a mail program shows the same name and address."""
    mail = parsed(dataclasses.replace(MESSAGE, sender=sender))
    (shown,) = mail["From"].addresses
    built = EmailMessage(policy=policy.default)
    built["From"] = sender
    (wanted,) = built["From"].addresses
    assert (shown.display_name.strip(), shown.addr_spec) == (wanted.display_name.strip(), "news@shop.example")


def test_text_alone_is_one_part() -> None:
    """Without HTML there is nothing to choose from."""
    mail = parsed(MESSAGE)
    assert mail.get_content_type() == "text/plain"
    assert part(mail, "plain").startswith("Hello Name 1\n.dot\n\n-- \nShop")


def test_a_signed_mail_is_accepted_with_both_unsubscribe_headers_signed() -> None:
    """RFC 8058 section 4: List-Unsubscribe and List-Unsubscribe-Post are in h; changing either breaks the signature."""
    raw = letter(skeleton(BOTH, CHANNEL, [RSA]), delivery(1, message=BOTH, unsubscribe_url=URL))
    names = re.sub(rb"\s", b"", raw.split(b"h=")[1].split(b";")[0]).split(b":")
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(names)
    assert verified(raw, RSA_RECORD)
    changes = {URL.encode(): b"https://evil.example/u", b"=One-Click": b"=No", b"A letter": b"A lettre", b"SGVsbG8": b"SGVsbG9"}
    for was, then in changes.items():
        assert was in raw
        assert not verified(raw.replace(was, then), RSA_RECORD)


def test_two_keys_make_two_signatures() -> None:
    """A receiver that does not know one of them reads the other (RFC 8463 section 1)."""
    raw = letter(skeleton(BOTH, CHANNEL, [RSA, RSA]), delivery(1, message=BOTH))
    assert raw.count(b"DKIM-Signature:") == 2
    assert verified(raw, RSA_RECORD)


def test_the_boundary_is_new_and_in_no_part() -> None:
    """It begins with =_, which base64 never holds, and differs from skeleton to skeleton."""
    found = {skeleton(BOTH, CHANNEL).middle for _ in range(10)}
    assert len(found) == 10
    assert all(one.startswith(b"--=_") for one in found)


def test_what_cannot_be_a_mail() -> None:
    """Half a character in a field, a line break in what becomes a header, broken HTML: a reason, never broken bytes."""
    with pytest.raises(CannotWrite, match="half a character"):
        letter(skeleton(MESSAGE, CHANNEL), delivery(1, fields={"name": "\ud83d"}))
    broken = "\r\nBcc: x@y.z"
    for changes in ({"message_id": f"<a@b>{broken}"}, {"unsubscribe_url": f"https://x{broken}"}, {"address": f"a@b{broken}"}):
        with pytest.raises(InputError, match="control character"):
            letter(skeleton(MESSAGE, CHANNEL), delivery(1, **changes))
    with pytest.raises(InputError, match="<script> is not allowed"):
        skeleton(dataclasses.replace(MESSAGE, html="<script></script>"), CHANNEL)
    with pytest.raises(InputError, match="is not of the form"):
        skeleton(dataclasses.replace(MESSAGE, sender="Shop <zoë@shop.example>"), CHANNEL)
