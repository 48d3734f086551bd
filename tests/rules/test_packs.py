"""Rule packs are data: read strictly, versioned, with a source for every rule."""

from __future__ import annotations

import pytest

from netlift.errors import InputError, Refused
from netlift.rules import check_versions, packs, rules_for, versions
from netlift.rules.packs import MARKS, PARAMETERS, read_pack

PACK = """
id = "XX"
name = "Nowhere"
version = 2
date = 2026-12-01
verified_by = ""
verified_on = ""

[[rules]]
id = "CONSENT_AGE"
channels = ["email"]
source = "a law"
mark = "U"
parameters = { months = 24, inquiry_months = 6 }
"""
WHERE = "The rule CONSENT_AGE of the pack 'xx.toml'"


def test_every_pack_of_the_note_is_there_and_none_is_signed() -> None:
    """The packs to ship, each saying that counsel has not signed it yet."""
    states = {f"US-{state}" for state in ("FL", "MD", "MS", "NJ", "OK", "CT", "TX", "RI")}
    assert set(packs()) == {"DEFAULT", "EU", "DE", "FR", "UK", "US", "CA", "IN", "STRICTEST"} | states
    assert {pack.signed for pack in packs().values()} == {"not yet signed by counsel"}


def test_every_rule_of_the_table_is_in_force_somewhere_with_source_and_mark() -> None:
    """No rule id is without a rule, no rule without a source."""
    rules = [rule for pack in packs().values() for rule in pack.rules]
    assert {rule.id for rule in rules} == set(PARAMETERS)
    assert all(rule.source and rule.mark in MARKS for rule in rules)


def test_a_signed_pack_says_by_whom_and_when() -> None:
    """What counsel signed is told."""
    signed = PACK.replace('by = ""', 'by = "counsel"').replace('on = ""', "on = 2026-12-24")
    assert read_pack(signed, "xx.toml").signed == "signed by counsel on 2026-12-24"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "Nowhere"', 'name = "Nowhere"\ncolour = 1', "The rule pack 'xx.toml' has the unknown key 'colour'; the keys are"),
        ('source = "a law"\n', "", f"{WHERE} has no 'source'; add it."),
        ('"a law"', '" "', f"{WHERE} names no source; write the law or the text it comes from."),
        ("version = 2\n", "", "The rule pack 'xx.toml' has no 'version'; add it."),
        ("version = 2", "version = true", "The rule pack 'xx.toml' has version = True, and a whole number from 0 is expected."),
        ('"CONSENT_AGE"', '"CONSENT_OLD"', "The rule CONSENT_OLD of the pack 'xx.toml' is not known; the rules are"),
        ('mark = "U"', 'mark = "X"', f"{WHERE} has the mark 'X'; the marks are R, R2, U, P, M."),
        ('["email"]', '["fax"]', f"{WHERE} is for the channel 'fax'; the channels are email, sms, phone, post, export."),
        ("months = 24", "month = 24", f"{WHERE} has the unknown key 'month'; the keys are months, inquiry_months."),
        ("months = 24", 'months = "24"', f"{WHERE} has months = '24', and a whole number from 0 is expected."),
        (", inquiry_months = 6", "", f"{WHERE} has no 'inquiry_months'; add it."),
        ('by = ""', 'by = "counsel"', "The rule pack 'xx.toml' has verified_by without verified_on, or the other way round"),
        ("[[rules]]", "[[rules]", "The rule pack 'xx.toml' is not valid TOML"),
    ],
)
def test_what_is_no_pack_is_refused_in_one_sentence(old: str, new: str, says: str) -> None:
    """Unknown keys, missing sources, wrong values: each names what was found and what is expected."""
    with pytest.raises(InputError) as error:
        read_pack(PACK.replace(old, new, 1), "xx.toml")
    assert says in str(error.value)


@pytest.mark.parametrize("hours", ["10-20", "20:00-10:00", "10:00-24:01", "10:61-12:00"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    """A window is two times of a day, the first before the last."""
    rule = '"QUIET_HOURS"\nchannels = ["sms"]\nsource = "a law"\nmark = "U"\n'
    rule += f'parameters = {{ weekdays = ["{hours}"], saturday = [], sunday = [], holidays = [] }}'
    with pytest.raises(InputError, match=f"weekdays, has the hours '{hours}'; write them like 10:00-20:00"):
        read_pack(PACK.split('"CONSENT_AGE"', maxsplit=1)[0] + rule, "xx.toml")


def test_an_older_pack_than_the_approved_one_is_refused() -> None:
    """The same and newer versions pass, an older or a missing one does not."""
    check_versions(versions())
    check_versions({})
    with pytest.raises(Refused, match=r"The rule pack DE is version 1, and version 2 was approved; install a netlift that has it."):
        check_versions({**versions(), "DE": 2})
    with pytest.raises(Refused, match="The rule pack XX is not there, and version 1 was approved"):
        check_versions({"XX": 1})


def test_a_pack_brings_the_rules_of_what_it_extends_and_of_everywhere() -> None:
    """Florida has federal and default quiet hours beside its own; a country without a pack has the strictest."""
    assert [rule.pack for rule in rules_for(frozenset({"US-FL"}), "sms") if rule.id == "QUIET_HOURS"] == ["DEFAULT", "US", "US-FL"]
    assert {rule.pack for rule in rules_for(frozenset({"ZZ"}), "email")} == {"DEFAULT", "EU", "STRICTEST"}
