"""Consent in force, its proof, and addresses: who can be reached on a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.offers.conftest import Case, consents

# ruff: noqa: DTZ001 - times are naive, as in the tables

EARLY, LATE = datetime(2024, 1, 1, 12), datetime(2024, 2, 1, 12)


@pytest.mark.parametrize(
    ("rows", "proof"),
    [
        ([{"given_at": EARLY}], "shop, 2024-01-01"),
        ([{"given_at": EARLY}, {"given_at": LATE, "status": "withdrawn"}], None),
        ([{"given_at": EARLY, "status": "withdrawn"}, {"given_at": LATE}], "shop, 2024-02-01"),
        ([{"given_at": LATE}, {"given_at": LATE, "status": "withdrawn"}], None),
        ([{"given_at": LATE}, {"given_at": None, "status": "withdrawn"}], None),
        ([{"given_at": None, "source": None}], "source not recorded, date not recorded"),
        ([{"status": "pending"}], None),
        ([{"status": None}], None),
        ([{"status": " Given "}], "shop, 2024-03-01"),
        ([{"purpose": "marketing"}], "shop, 2024-03-01"),
        ([{"purpose": "service"}], None),
        ([{"given_at": EARLY}, {"given_at": LATE, "status": "withdrawn", "purpose": "service"}], "shop, 2024-01-01"),
        ([{"channel": "sms"}], None),
        ([{"channel": "Email"}], "shop, 2024-03-01"),
    ],
)
def test_the_latest_consent_to_marketing_on_this_channel_counts(five: Case, rows: Sequence[Mapping[str, Any]], proof: str | None) -> None:
    """A later row beats an earlier one; where time does not tell, the refusal counts."""
    five.tables["consents"] = consents([{"customer_id": "c", **row} for row in rows])
    choice = five.choose()
    assert choice.consent[2] == proof
    assert choice.excluded_reason[2] == (None if proof else "no consent for email")


def test_consents_without_optional_columns_are_read(five: Case) -> None:
    """Only customer, channel and status are required of a table of consents."""
    five.tables["consents"] = pa.table({"customer_id": ["a"], "channel": ["email"], "status": ["given"]})
    assert five.choose().consent.tolist() == ["source not recorded, date not recorded", None, None, None, None]


def test_the_date_of_a_consent_is_local(five: Case) -> None:
    """Three in the morning UTC is still the evening before in New York."""
    five.sections["project"] = {"name": "Shop", "currency": "USD", "time_zone": "America/New_York"}
    five.tables["consents"] = consents([{"customer_id": "a", "given_at": datetime(2024, 3, 1, 3)}])
    assert five.choose().consent[0] == "shop, 2024-02-29"


def shared(five: Case, *who: str) -> Case:
    mails = ["one@x.org" if i in who else f"{i}@x.org" for i in "abcde"]
    five.tables["contacts"] = pa.table({"customer_id": list("abcde"), "email": mails})
    return five


def test_one_address_gets_one_message(five: Case) -> None:
    """The first customer of an address keeps it, the second and third are left out."""
    assert shared(five, "b", "c", "e").choose().excluded_reason.tolist() == [
        None,
        None,
        "address shared with another customer",
        None,
        "address shared with another customer",
    ]


def test_no_consent_does_not_take_the_address_from_the_next(five: Case) -> None:
    """Who never said anything is not in the way of a consenting customer at the same address."""
    five.tables["consents"] = consents([{"customer_id": i} for i in "cde"])
    assert shared(five, "b", "c").choose().excluded_reason.tolist() == [*["no consent for email"] * 2, None, None, None]


@pytest.mark.parametrize("how", ["withdrew", "suppressed"])
def test_who_said_no_is_not_reached_through_another_customer(five: Case, how: str) -> None:
    """Nobody writes to an address of somebody who withdrew or objected, whoever else gave it."""
    if how == "suppressed":
        five.suppressed = frozenset({"c"})
    else:
        five.tables["consents"] = consents([{"customer_id": i, "status": "withdrawn" if i == "c" else "given"} for i in "abcde"])
    reasons = shared(five, "b", "c").choose().excluded_reason
    assert reasons.tolist() == [
        None,
        "address shared with another customer",
        "suppressed" if how == "suppressed" else "no consent for email",
        None,
        None,
    ]


def test_a_text_that_cannot_be_an_address_is_told_from_none(five: Case) -> None:
    """Empty and missing text is no address; what no mail server could deliver to has a reason of its own."""
    five.tables["contacts"] = pa.table({"customer_id": list("abcde"), "email": [None, "", "nobody", "d@shop.invalid", "e@x.org"]})
    assert five.choose().excluded_reason.tolist() == [*["no e-mail address"] * 2, *["e-mail address that cannot be"] * 2, None]


def test_without_contacts_nobody_has_an_address(five: Case) -> None:
    """No table of contacts: nobody can be reached."""
    del five.tables["contacts"]
    assert five.choose().excluded_reason.tolist() == ["no e-mail address"] * 5
