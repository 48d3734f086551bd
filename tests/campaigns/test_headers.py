from __future__ import annotations

from email import message_from_bytes, policy

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.headers import line, structured
from netlift.campaigns.messages import BREAK
from netlift.errors import InputError


def read(raw: bytes, name: str) -> str:
    """What a mail program shows."""
    return str(message_from_bytes(raw + b"\r\n", policy=policy.default)[name])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Wine week", b"Subject: Wine week\r\n"),
        ("Zoë", b"Subject: =?utf-8?b?Wm/Dqw==?=\r\n"),
        ("a" * 67, b"Subject: " + b"a" * 67 + b"\r\n"),
        ("word " * 15 + "end", b"Subject: " + b"word " * 12 + b"word\r\n word word end\r\n"),
        (" blank before", b"Subject: =?utf-8?b?IGJsYW5rIGJlZm9yZQ==?=\r\n"),
        ("=?utf-8?q?x?=", b"Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n"),
    ],
)
def test_lines_as_they_are_written(value: str, written: bytes) -> None:
    """ASCII stays as it is and is folded at blanks; all else is encoded (RFC 2047)."""
    assert line("Subject", value) == written


@hypothesis.settings(deadline=None)
@given(st.text(max_size=400).filter(lambda text: text.strip() == text and text and not BREAK.search(text)))
def test_a_subject_is_read_as_it_was_written(value: str) -> None:
    """Any text comes back, in ASCII lines of at most 76 characters (RFC 2047 section 2)."""
    raw = line("Subject", value)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert read(raw, "Subject") == value


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\0b", "a\x85b", "a\u2028b", "a\x1bb"])
def test_nothing_ends_a_header(bad: str) -> None:
    """Line breaks and control characters are refused, not repaired."""
    for make in (line, structured):
        with pytest.raises(InputError, match="control character"):
            make("Subject", bad)


def test_structured_headers_are_folded_between_words() -> None:
    """Mailboxes and lists of links keep their form; a word that no line can hold is refused."""
    urls = f"<https://shop.example/u/{'x' * 60}>, <mailto:news@shop.example>"
    told = f"List-Unsubscribe: <https://shop.example/u/{'x' * 60}>,\r\n <mailto:news@shop.example>\r\n"
    assert structured("List-Unsubscribe", urls) == told.encode()
    with pytest.raises(InputError, match="more than 998 characters"):
        structured("To", "a" * 1000)
    with pytest.raises(InputError, match="beyond ASCII"):
        structured("To", "zoë@example.com")
