"""What comes back is read as the standards say, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns import bounces
from tests.campaigns.returned import ORIGINAL, block, complaint, mail, report

TOKEN = "a" * 31 + "2"


@pytest.mark.parametrize(
    ("action", "status", "kind", "code"),
    [
        ("failed", "5.1.1", "hard bounce", "5.1.1"),
        ("Failed (bad address)", "5.1.1 (bad destination mailbox address)", "hard bounce", "5.1.1"),
        ("failed", "5.7.26", "hard bounce", "5.7.26"),
        ("failed", "4.4.1", "soft bounce", "4.4.1"),
        ("failed", "none", "soft bounce", ""),
        ("failed", "2.0.0", "other", "2.0.0"),
        ("delayed", "4.2.2", "delayed", "4.2.2"),
        ("delayed", "5.1.1", "delayed", "5.1.1"),
        ("delivered", "2.0.0", "delivered", "2.0.0"),
        ("relayed", "2.6.0", "delivered", "2.6.0"),
        ("expanded", "2.1.5", "delivered", "2.1.5"),
        ("delivered", "5.1.1", "other", "5.1.1"),
        ("vanished", "5.1.1", "other", "5.1.1"),
    ],
)
def test_action_first_then_status(action: str, status: str, kind: str, code: str) -> None:
    """The action says what became of it, the status whether for good; where they contradict each other nothing follows."""
    read = bounces.read(report(block(action, status)))
    assert read.kind == "report"
    (one,) = read.returned
    assert (one.kind, one.status, one.message_id) == (kind, code, "<m1@shop.example>")
    assert one.recipients == ("somebody@cust.example", "somebody@box.example")


def test_the_examples_of_rfc_3464() -> None:
    """Appendix E: one recipient after a time-out; three of them, of whom two failed and one waits."""
    first = (
        "Original-Recipient: rfc822;louisl@larry.slip.umd.edu\r\nFinal-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n"
        "Action: failed\r\nStatus: 4.0.0\r\nDiagnostic-Code: smtp; 426 connection timed out\r\n"
        "Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n"
    )
    (one,) = bounces.read(report(first)).returned
    assert (one.kind, one.status, one.recipients) == ("soft bounce", "4.0.0", ("louisl@larry.slip.umd.edu",))
    several = (
        (
            "Original-Recipient: rfc822;arathib@vnet.ibm.com\r\nFinal-Recipient: rfc822;arathib@vnet.ibm.com\r\nAction: failed\r\n"
            "Status: 5.0.0 (permanent failure)\r\nDiagnostic-Code: smtp; 550 'arathib@vnet.IBM.COM' is not a registered gateway user\r\n"
            "Remote-MTA: dns; vnet.ibm.com\r\n"
        ),
        (
            "Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com\r\nFinal-Recipient: rfc822;johnh@hpnjld.njd.hp.com\r\nAction: delayed\r\n"
            "Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\r\n"
        ),
        (
            "Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\r\nFinal-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\r\nAction: failed\r\n"
            "Status: 5.0.0\r\nDiagnostic-Code: smtp; 550 user unknown\r\nRemote-MTA: dns; sdcc13.ucsd.edu\r\n"
        ),
    )
    assert [(r.kind, r.status) for r in bounces.read(report(*several)).returned] == [
        ("hard bounce", "5.0.0"),
        ("delayed", "4.0.0"),
        ("hard bounce", "5.0.0"),
    ]


def test_the_example_of_rfc_5965() -> None:
    """Appendix B.2: abuse, with its optional fields; its original has no Message-ID in angle brackets, so none is told."""
    fields = (
        "Original-Mail-From: <somespammer@example.net>\r\nOriginal-Rcpt-To: <user@example.com>\r\n"
        "Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT\r\nReporting-MTA: dns; mail.example.com\r\nSource-IP: 192.0.2.1\r\n"
    )
    original = "From: <somespammer@example.net>\r\nSubject: Earn money\r\nMessage-ID: 8787KJKJ3K4J3K4J3K4J3.mail@example.net\r\n"
    read = bounces.read(complaint(fields=fields, original=original))
    assert read.kind == "complaint"
    (one,) = read.returned
    assert (one.kind, one.status, one.recipients, one.message_id) == ("complaint", "abuse", ("user@example.com",), "")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("abuse", "complaint"),
        ("Fraud", "complaint"),
        ("opt-out", "complaint"),
        ("not-spam", "other"),
        ("auth-failure", "other"),
        ("", "other"),
    ],
)
def test_only_wishes_of_people_are_complaints(kind: str, told: str) -> None:
    """Reports of failed authentication (RFC 6591) and of mail that is no spam (RFC 6430) take nobody off."""
    (one,) = bounces.read(complaint(kind)).returned
    assert one.kind == told


@pytest.mark.parametrize("header", ["To", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_the_return_address_is_found(header: str) -> None:
    """In whatever field the server writes it, in capitals or not; also in what is returned, and in a complaint's fields."""
    address = f"Bounces+{TOKEN.upper()}@shop.example"
    assert bounces.read(report(block("failed", "5.1.1"), headers=f"{header}: {address}\r\n")).returned[0].tokens == (TOKEN,)
    assert bounces.read(report(block("failed", "5.1.1"), original=f"Return-Path: <{address}>\r\n")).returned[0].tokens == (TOKEN,)
    assert bounces.read(complaint(fields=f"Original-Mail-From: <{address}>\r\n")).returned[0].tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"Auto-Submitted: auto-replied\r\nSubject: away\r\n\r\nI am away", "automatic"),
        (b"Auto-Submitted: auto-generated; x=y\r\n\r\n", "automatic"),
        (b"Auto-Submitted: no\r\n\r\n", "unknown"),
        (b"Precedence: auto_reply\r\n\r\n", "automatic"),
        (b"X-Autoreply: yes\r\n\r\n", "automatic"),
        (
            mail(("text/plain", "read"), ("message/disposition-notification", "x: y"), kind="report; report-type=disposition-notification"),
            "automatic",
        ),
        (b"Subject: Undelivered Mail\r\n\r\n550 5.1.1 no such user", "unknown"),
        (
            mail(
                ("text/plain", "see below"),
                ("message/rfc822", report(block("failed", "5.1.1")).decode().replace("edge", "inner")),
                kind="mixed",
            ),
            "unknown",
        ),
        (mail(("text/plain", "nothing"), ("message/delivery-status", "Reporting-MTA: dns; mx.example\r\n")), "unknown"),
        (b"", "unknown"),
        (b"\x00\xff", "unknown"),
    ],
)
def test_what_is_no_report(raw: bytes, kind: str) -> None:
    """Automatic answers, letters, words that look like a bounce, and reports that somebody forwards."""
    assert bounces.read(raw).kind == kind
    assert bounces.read(raw).returned == ()


def test_a_report_is_no_automatic_answer() -> None:
    """Postfix marks its own reports as auto-replied."""
    assert bounces.read(report(block("failed", "5.1.1"), headers="Auto-Submitted: auto-replied\r\n")).kind == "report"


def test_a_report_in_unicode() -> None:
    """RFC 6533: message/global-delivery-status with an address beyond ASCII."""
    status = "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: utf-8; jürgen@cust.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    (one,) = bounces.read(mail(("message/global-delivery-status", status), ("message/global-headers", ORIGINAL))).returned
    assert (one.kind, one.status, one.message_id) == ("hard bounce", "5.1.1", "<m1@shop.example>")


def test_the_same_mail_is_known_again() -> None:
    """By its Message-ID, whatever servers add on the way; without one by its bytes."""
    plain = report(block("failed", "5.1.1"))
    assert bounces.read(plain).identity == bounces.read(b"Received: by mx2\r\n" + plain).identity
    assert bounces.read(b"Subject: a\r\n\r\n").identity != bounces.read(b"Subject: b\r\n\r\n").identity


def test_nesting_without_end() -> None:
    """A thousand layers are answered, not an error."""
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(3000))
    assert bounces.read(raw).kind == "unknown"


GOOD = (report(block("failed", "5.1.1")), complaint(), report(block("delayed", "4.2.2"), block("delivered", "2.0.0")))


@given(st.binary(max_size=2000))
def test_any_bytes(raw: bytes) -> None:
    """Whatever comes, it is answered."""
    bounces.read(raw)


@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 30), st.binary(max_size=30)), min_size=1, max_size=6))
def test_broken_reports(raw: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    """Cut, overwritten, stuffed: no error, and nothing is told that does not stand in the mail."""
    for at, length, put in cuts:
        raw = raw[:at] + put + raw[at + length :]
    for one in bounces.read(raw).returned:
        assert one.message_id.encode() in raw
        assert one.status == "" or one.status.encode() in raw or one.status.encode() in raw.lower()
        assert all(token.encode() in raw.lower() for token in one.tokens)


HEADERS = st.sampled_from(
    ["To", "Content-Type", "Message-ID", "Action", "Status", "Auto-Submitted", "Content-Transfer-Encoding", "Feedback-Type"]
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "multipart/report; boundary=edge",
            "message/delivery-status",
            "message/feedback-report",
            "base64",
            "=?x?q?=FF?=",
            "text/plain; charset=x",
        ]
    ),
)


@given(st.lists(st.tuples(HEADERS, VALUES), max_size=8), st.sampled_from(GOOD))
def test_odd_headers(headers: list[tuple[str, str]], raw: bytes) -> None:
    """Headers of any text, in front of a report and within it."""
    told = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("utf-8", "surrogatepass")
    bounces.read(told + raw)
    bounces.read(raw.replace(b"Action:", told + b"Action:").replace(b"Feedback-Type:", told + b"Feedback-Type:"))
