from __future__ import annotations

import pytest

from netlift.campaigns.channels.addresses import email_problem


@pytest.mark.parametrize("address", ["a@example.com", "first.last+tag@sub.example.co.uk", "o'neil@example.com"])
def test_addresses_that_can_be(address: str) -> None:
    """Plain, with a tag, with an apostrophe."""
    assert email_problem(address) is None


@pytest.mark.parametrize("address", ["", "a", "a@", "@b.de", "a b@c.de", "a@b.de\nBcc: x@y.z", "ä@b.de", "<a@b.de>", "a@b.de, c@d.de"])
def test_addresses_that_cannot_be(address: str) -> None:
    """Empty, halves, blanks, line breaks, letters outside ASCII, brackets, two of them."""
    assert email_problem(address) == "invalid address"
