"""Mails that come back, for tests."""

from __future__ import annotations

ORIGINAL = "From: news@shop.example\r\nTo: somebody@cust.example\r\nMessage-ID: <m1@shop.example>\r\n"
RECIPIENTS = "Original-Recipient: rfc822; Somebody@cust.example\r\nFinal-Recipient: rfc822;somebody@box.example\r\n"


def mail(*parts: tuple[str, str], kind: str = "report; report-type=delivery-status", headers: str = "") -> bytes:
    """A multipart mail of (content type, content)."""
    body = "".join(f"--edge\r\nContent-Type: {content_type}\r\n\r\n{content}\r\n" for content_type, content in parts)
    top = f"{headers}Message-ID: <r1@mx.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary=edge\r\n\r\n"
    return f"{top}{body}--edge--\r\n".encode()


def report(*blocks: str, headers: str = "", original: str = ORIGINAL) -> bytes:
    """A delivery report (RFC 3464) on one or several recipients."""
    status = "Reporting-MTA: dns; mx.example\r\n\r\n" + "\r\n".join(blocks)
    returned = (("text/rfc822-headers", original),) if original else ()
    return mail(("text/plain", "It could not be delivered."), ("message/delivery-status", status), *returned, headers=headers)


def block(action: str, status: str) -> str:
    """What is said of one recipient."""
    return f"{RECIPIENTS}Action: {action}\r\nStatus: {status}\r\n"


def complaint(kind: str = "abuse", *, fields: str = "", original: str = ORIGINAL) -> bytes:
    """A complaint of a feedback loop (RFC 5965)."""
    told = f"Feedback-Type: {kind}\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n{fields}"
    parts = (("text/plain", "a complaint"), ("message/feedback-report", told), ("message/rfc822", f"{original}\r\nbody\r\n"))
    return mail(*parts, kind="report; report-type=feedback-report")
