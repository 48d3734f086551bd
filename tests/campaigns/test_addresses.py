from __future__ import annotations

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.channels.addresses import email_problem, on_the_wire


@pytest.mark.parametrize("address", ["a@example.com", "first.last+tag@sub.example.co.uk", "o'neil@example.com"])
def test_addresses_that_can_be(address: str) -> None:
    """Plain, with a tag, with an apostrophe."""
    assert email_problem(address) is None


@pytest.mark.parametrize("address", ["", "a", "a@", "@b.de", "a b@c.de", "a@b.de\nBcc: x@y.z", "ä@b.de", "<a@b.de>", "a@b.de, c@d.de"])
def test_addresses_that_cannot_be(address: str) -> None:
    """Empty, halves, blanks, line breaks, letters outside ASCII, brackets, two of them."""
    assert email_problem(address) == "invalid address"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@example.com", "a@example.com"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@faß.example", "anna@xn--fa-hia.example"),  # IDNA 2008; that of 2003 made "fass" of it
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@例子.example", "anna@xn--fsqu00a.example"),
        ("zoë@example.com", "zoë@example.com"),
        ("用户@例子.example", "用户@xn--fsqu00a.example"),
    ],
)
def test_the_domain_goes_in_ascii(address: str, wire: str) -> None:
    """RFC 5891 for the domain; what is before the @ stays (RFC 6531)."""
    assert on_the_wire(address) == (wire, None)


@pytest.mark.parametrize(
    "address",
    [
        "ä@",
        "@bücher.example",
        "a@bü cher.example",
        "a@bücher..example",
        "a@-bücher-.example",
        "a@\u202ebücher.example",
        "zo ë@example.com",
        "zoë@a@example.com",
        "zoë\r\nBcc: x@example.com",
        "zoë<x>@example.com",
        ".zoë@example.com",
        "zo..ë@example.com",
        "zoë\ud800@example.com",
        "zoë\u202e@example.com",
        "zoë@exa mple.com",
        "a@exa\x00mple.com",
    ],
)
def test_addresses_in_any_script_that_cannot_be(address: str) -> None:
    """Blanks, control and direction characters, brackets, empty labels: the same rules as for ASCII."""
    assert on_the_wire(address)[1] == "invalid address"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("a" * 64 + "@example.com", None),
        ("a" * 65 + "@example.com", "address too long"),
        ("ë" * 33 + "@example.com", "address too long"),
        ("a@" + "b." * 126 + "com", "address too long"),
        ("a@" + "b" * 64 + ".com", "invalid address"),
    ],
)
def test_how_long_an_address_may_be(address: str, reason: str | None) -> None:
    """RFC 5321 section 4.5.3.1: 64 bytes before the @, 254 in all; RFC 1035: 63 in a label."""
    assert on_the_wire(address)[1] == reason


@hypothesis.settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_address_breaks_a_command(local: str, domain: str) -> None:
    """Whatever passes has one @, no blank, no line break and no bracket, so RCPT TO and the header To stay whole."""
    wire, problem = on_the_wire(f"{local}@{domain}")
    if problem is None:
        assert not any(character in wire for character in "\r\n\0<> \t")
        assert wire.rpartition("@")[2].isascii()
        wire.encode()
