"""Numbers as people read them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.reports import figures

USD = "USD"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.count(1469307), "1,469,307"),
        (figures.percent(-0.057, signed=True), "−5.7 %"),
        (figures.percent(0.414, signed=True), "+41.4 %"),
        (figures.percent(-0.0004), "0.0 %"),
        (figures.percent(None), "not known"),
        (figures.percent_interval(-0.092, -0.021), "[−9.2 %, −2.1 %]"),
        (figures.percent_interval(None, 0.1), "no interval"),
        (figures.money(1234.5, USD), "1,234 USD"),
        (figures.money(-1.97, USD, signed=True), "−1.97 USD"),
        (figures.money(0.012, USD), "0.012 USD"),
        (figures.money(0, USD, signed=True), "0.00 USD"),
        (figures.money(math.nan, USD), "not known"),
        (figures.money_interval(0.02, 0.31), "[0.02, 0.31]"),
        (figures.money_interval(0.002, 0.031), "[0.002, 0.031]"),
        (figures.plain(12.34, "days"), "12.3 days"),
        (figures.plain(0.1234, "days"), "0.123 days"),
        (figures.plain(3, "segments"), "3 segments"),
        (figures.signed(-0.04), "0.0"),
        (figures.quantity(0.25, "share", USD), "25.0 %"),
        (figures.quantity(7.25, "USD", USD), "7.25 USD"),
        (figures.quantity(7.25, "purchases", USD), "7.25 purchases"),
        (figures.words("no_consent"), "no consent"),
    ],
)
def test_figures_are_written_with_unit_separators_and_a_true_minus(written: str, expected: str) -> None:
    """Each kind of figure has one way to be written."""
    assert written == expected


@given(amount=st.floats(-1e9, 1e9), signed=st.booleans())
def test_money_reads_back_as_the_amount(amount: float, *, signed: bool) -> None:
    """What is printed is the amount to its last shown digit, and zero has no sign."""
    text = figures.money(amount, USD, signed=signed)
    number = text.removesuffix(" USD").replace("−", "-").replace(",", "")
    digits = len(number.partition(".")[2])
    assert float(number) == pytest.approx(amount, abs=0.5000001 * 10**-digits)
    assert float(number) != 0 or re.fullmatch(r"[\d.]+", number)
