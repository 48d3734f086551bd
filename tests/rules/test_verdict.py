"""The verdict: one passing and one failing fixture for every rule and variant, and what may never happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.rules import SOFT, WRITTEN, Caps, Clock, Consent, Person, counts, judge, packs

NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)  # a Tuesday, 16:00 in Berlin, 10:00 in New York
DAY = timedelta(days=1)
FRESH = {"US": date(2026, 11, 20), "UK": date(2026, 11, 20), "IN": date(2026, 11, 20)}
CLOCK = Clock(NOW, lists=FRESH)
GIVEN = Consent(
    "given",
    given_at=datetime(2026, 6, 1, tzinfo=UTC),
    wording="v3",
    proof="form 7",
    confirmed_at=datetime(2026, 6, 1, tzinfo=UTC),
    confirmed_from="ab12",
    facts=frozenset(WRITTEN),
)
SOFT_GIVEN = replace(GIVEN, status="soft_opt_in", kind="purchase", facts=frozenset(SOFT))
ANN = Person(frozenset({"DE"}), ("Europe/Berlin",), consent=GIVEN)
SAM = replace(ANN, packs=frozenset({"US"}), zones=("America/New_York",))


def person(base: Person = ANN, **consent: object) -> Person:
    """A person with something else in the consent."""
    return replace(base, consent=replace(base.consent, **consent))  # type: ignore[arg-type]


# rule, channel, who passes, who fails, the reason, the detail
ROWS = [
    ("CONSENT", "email", ANN, person(status="none"), "no consent", "no consent is on file"),
    ("CONSENT", "sms", person(status="given"), person(status="none"), "no consent", "no consent is on file"),
    ("CONSENT", "post", ANN, person(status="none"), "no consent", "no consent is on file"),
    ("CONSENT", "export", ANN, person(status="none"), "no consent", "no consent is on file"),
    *(
        (
            "CONSENT",
            "email",
            replace(ANN, consent=SOFT_GIVEN),
            replace(ANN, consent=replace(SOFT_GIVEN, facts=SOFT_GIVEN.facts - {fact})),
            f"soft opt-in is not complete: {words}",
            f"of the four facts of a soft opt-in one is missing: {words}",
        )
        for fact, words in SOFT.items()
    ),
    (
        "CONSENT",
        "email",
        replace(ANN, consent=SOFT_GIVEN),
        replace(ANN, packs=frozenset({"STRICTEST"}), consent=SOFT_GIVEN),
        "soft opt-in is not enough",
        "a soft opt-in is not enough in STRICTEST",
    ),
    ("CALL_CONSENT", "phone", ANN, person(status="none"), "call consent missing", "no express consent to calls is on file"),
    ("CALL_CONSENT", "phone", ANN, person(kind="purchase"), "call consent missing", "no express consent to calls is on file"),
    ("CALL_CONSENT", "phone", ANN, person(proof=""), "call consent without proof", "the consent to calls names no proof"),
    (
        "DOI",
        "email",
        person(given_at=datetime(2026, 12, 1, tzinfo=UTC)),
        person(given_at=datetime(2026, 12, 1, tzinfo=UTC), confirmed_at=None),
        "address was never confirmed",
        "it was never confirmed",
    ),
    (
        "DOI",
        "email",
        person(given_at=datetime(2026, 11, 30, tzinfo=UTC), confirmed_at=None),  # no new sign-up
        person(given_at=datetime(2026, 12, 1, tzinfo=UTC), confirmed_from=""),
        "address was never confirmed",
        "the confirmation does not say where it came from",
    ),
    ("OPT_OUT", "email", ANN, replace(ANN, opted_out=True), "opted out", "this person opted out"),
    ("OPT_OUT", "post", ANN, person(status="withdrawn"), "opted out", "this person opted out"),
    ("REVOKE", "sms", ANN, replace(ANN, revoked=True), "reply asks to stop", "a reply of this person asks to stop"),
    ("REVOKE", "phone", ANN, replace(ANN, revoked=True), "reply asks to stop", "a reply of this person asks to stop"),
    ("WRITTEN_CONSENT", "sms", ANN, person(wording=""), "written consent missing", "the consent names no text that was agreed to"),
    *(
        (
            "WRITTEN_CONSENT",
            "phone",
            ANN,
            person(facts=frozenset(WRITTEN) - {fact}),
            "written consent missing",
            f"the written consent is not complete: {words}",
        )
        for fact, words in WRITTEN.items()
    ),
    ("CONSENT_AGE", "email", ANN, person(given_at=NOW.replace(year=2024)), "consent expired", "Consent expired on 2026-12-01"),
    (
        "CONSENT_AGE",
        "email",
        replace(person(given_at=NOW.replace(year=2023)), last_contact=NOW - DAY),
        replace(person(given_at=NOW.replace(year=2023)), last_contact=NOW.replace(year=2024)),
        "consent expired",
        "Consent expired on 2026-12-01",
    ),
    (
        "CONSENT_AGE",
        "email",
        replace(ANN, packs=frozenset({"CA"}), consent=replace(SOFT_GIVEN, given_at=NOW - 700 * DAY)),
        replace(ANN, packs=frozenset({"CA"}), consent=replace(SOFT_GIVEN, given_at=NOW.replace(year=2024)), last_contact=NOW),
        "consent expired",
        "Consent expired on 2026-12-01",
    ),
    (
        "CONSENT_AGE",
        "email",
        person(kind="inquiry", given_at=datetime(2026, 6, 2, tzinfo=UTC)),
        person(kind="inquiry", given_at=datetime(2026, 5, 31, tzinfo=UTC)),
        "consent expired",
        "Consent expired on 2026-11-30",
    ),
    ("CONSENT_AGE", "post", person(expires_at=NOW + DAY), person(expires_at=NOW), "consent expired", "Consent expired on 2026-12-01"),
    ("CONSENT_AGE", "email", ANN, person(given_at=None), "consent without a date", "when the consent was given is not on file"),
    (
        "DNC",
        "sms",
        SAM,
        replace(SAM, on_lists=frozenset({"US"})),
        "on the do-not-call list of US",
        "the number is on the do-not-call list of US",
    ),
]


@pytest.mark.parametrize(("rule", "channel", "passes", "fails", "reason", "detail"), ROWS)
def test_each_rule_passes_one_and_leaves_out_the_other(
    rule: str, channel: str, passes: Person, fails: Person, reason: str, detail: str
) -> None:
    """The failing one carries the rule's id and its words."""
    assert judge(passes, channel, CLOCK).kind == "allowed"
    verdict = judge(fails, channel, CLOCK)
    assert (verdict.kind, verdict.rule, verdict.reason, verdict.detail) == ("excluded", rule, reason, detail)


@pytest.mark.parametrize(
    ("lists", "reason", "detail"),
    [
        ({}, "do-not-call list of US was never imported", "the do-not-call list of US was never imported"),
        ({"US": date(2026, 10, 30)}, "do-not-call list of US is too old", "Do-not-call list is 32 days old"),
        ({"US": date(2026, 10, 31)}, "", ""),
    ],
)
def test_a_do_not_call_list_is_at_most_31_days_old(lists: dict[str, date], reason: str, detail: str) -> None:
    """Stale or absent: nobody in the country may be called or texted."""
    for channel in ("sms", "phone"):
        verdict = judge(SAM, channel, Clock(NOW, lists=lists))
        assert (verdict.reason, verdict.detail, verdict.rule) == (reason, detail, "DNC" if reason else "")


def test_quiet_hours_put_off_and_leave_out_only_at_the_end() -> None:
    """Later within the window of the campaign; behind it excluded, never sent late."""
    night = datetime(2026, 12, 1, 21, 0, tzinfo=UTC)  # 22:00 in Berlin
    later = judge(ANN, "sms", Clock(night))
    assert (later.kind, later.rule, later.at) == ("later", "QUIET_HOURS", datetime(2026, 12, 2, 9, 0, tzinfo=UTC))
    assert later.detail == "quiet hours until 2026-12-02 09:00 UTC"
    out = judge(ANN, "sms", Clock(night, until=datetime(2026, 12, 2, 9, 0, tzinfo=UTC)))
    assert (out.kind, out.rule, out.reason) == ("excluded", "QUIET_HOURS", "quiet hours until the campaign ends")
    assert judge(ANN, "email", Clock(night)).kind == "allowed"  # e-mail has no quiet hours
    assert judge(replace(ANN, zones=()), "sms", CLOCK).words == "quiet hours of an unknown time zone (QUIET_HOURS)"


def test_a_second_text_waits_for_a_day() -> None:
    """The default is one in 24 hours; Florida's three is not reached before it."""
    recent = replace(ANN, contacts=(NOW - timedelta(hours=3),))
    verdict = judge(recent, "sms", CLOCK)
    assert (verdict.kind, verdict.rule, verdict.reason) == ("later", "CONTACT_CAP", "cap of 1 per 24 h reached")
    assert verdict.at == NOW + timedelta(hours=21)
    assert judge(replace(ANN, contacts=(NOW - DAY,)), "sms", CLOCK).kind == "allowed"


def test_french_caps() -> None:
    """Four calls in 30 days; 60 days of silence after a refusal."""
    zoe = replace(ANN, packs=frozenset({"FR"}), zones=("Europe/Paris",))
    calls = tuple(NOW - days * DAY for days in (29, 20, 10, 5))
    fourth = judge(replace(zoe, contacts=calls), "phone", CLOCK)
    assert (fourth.kind, fourth.rule, fourth.reason) == ("later", "CONTACT_CAP", "cap of 4 per 30 days reached")
    assert fourth.at == datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
    assert judge(replace(zoe, contacts=calls[1:]), "phone", CLOCK).kind == "allowed"
    silent = judge(replace(zoe, refused_at=NOW - 59 * DAY), "phone", CLOCK)
    assert (silent.rule, silent.reason) == ("CONTACT_CAP", "silence of 60 days after a refusal")
    assert judge(replace(zoe, refused_at=NOW - 60 * DAY), "phone", CLOCK).kind == "allowed"


def test_contact_pressure_is_a_hard_cap() -> None:
    """The fifth contact in a week and the twelfth in a month may be; one more leaves the person out."""
    assert judge(replace(ANN, contacts_7d=4, contacts_30d=11), "email", CLOCK).kind == "allowed"
    week = judge(replace(ANN, contacts_7d=5, contacts_30d=5), "email", CLOCK)
    assert (week.rule, week.reason) == ("CONTACT_PRESSURE", "contact cap 7 days")
    month = judge(replace(ANN, contacts_30d=12), "email", CLOCK)
    assert (month.rule, month.detail) == ("CONTACT_PRESSURE", "12 contacts in 30 days; at most 12 may be")
    assert judge(replace(ANN, contacts_7d=1), "email", Clock(NOW, caps=Caps(1, 12))).rule == "CONTACT_PRESSURE"


def test_counts_add_up_to_the_people() -> None:
    """Nobody is dropped silently."""
    people = [ANN, replace(ANN, opted_out=True), person(status="none"), replace(ANN, contacts=(NOW,))]
    assert counts(judge(one, "sms", CLOCK) for one in people) == {
        "allowed": 1,
        "excluded OPT_OUT": 1,
        "excluded CONSENT": 1,
        "later CONTACT_CAP": 1,
    }


def test_the_same_clock_gives_the_same_verdict() -> None:
    """A dry run and the real one agree."""
    assert judge(SAM, "sms", CLOCK) == judge(SAM, "sms", CLOCK)


# --- what may never happen ------------------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2027, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
CONSENTS = st.builds(
    Consent,
    status=st.sampled_from(["given", "soft_opt_in", "withdrawn", "none"]),
    kind=st.sampled_from(["express", "purchase", "inquiry"]),
    given_at=st.none() | MOMENTS,
    wording=st.sampled_from(["", "v1"]),
    proof=st.sampled_from(["", "form 7"]),
    confirmed_at=st.none() | MOMENTS,
    confirmed_from=st.sampled_from(["", "ab"]),
    expires_at=st.none() | MOMENTS,
    facts=st.sampled_from([frozenset(), frozenset(SOFT), frozenset(WRITTEN), frozenset([*SOFT, *WRITTEN])]),
)
PEOPLE = st.builds(
    Person,
    packs=st.frozensets(st.sampled_from(sorted(packs())), min_size=1, max_size=3),
    zones=st.lists(st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]), max_size=2).map(tuple),
    consent=CONSENTS,
    contacts_7d=st.integers(0, 6),
    contacts_30d=st.integers(0, 13),
    contacts=st.lists(MOMENTS, max_size=3).map(lambda moments: tuple(sorted(moments))),
)
RANK = {"allowed": 0, "later": 1, "excluded": 2}


@given(
    PEOPLE,
    MOMENTS,
    st.sampled_from(["email", "sms", "phone", "post", "export"]),
    st.sampled_from([*sorted(packs()), "opt out", "revoke", "list", "holiday", "contact", "zone"]),
)
def test_nothing_added_allows_more(someone: Person, now: datetime, channel: str, added: str) -> None:
    """One more jurisdiction, opt-out, revocation, list, holiday, contact or zone: as strict as before, or stricter, and never sooner."""
    clock = Clock(now, until=now + 20 * DAY, lists=dict.fromkeys(FRESH, now.date()))
    more = {
        "opt out": replace(someone, opted_out=True),
        "revoke": replace(someone, revoked=True),
        "list": replace(someone, on_lists=frozenset({"US", "UK", "IN"})),
        "holiday": replace(someone, holidays=frozenset({("DE", "BY"), ("US", "TX")})),
        "contact": replace(someone, contacts_7d=someone.contacts_7d + 1, contacts_30d=someone.contacts_30d + 1),
        "zone": replace(someone, zones=(*someone.zones, "Asia/Tokyo")) if someone.zones else someone,
    }.get(added, replace(someone, packs=someone.packs | {added}))
    before, after = judge(someone, channel, clock), judge(more, channel, clock)
    assert RANK[after.kind] >= RANK[before.kind]
    if before.kind == after.kind == "later":
        assert before.at is not None
        assert after.at is not None
        assert after.at >= before.at


@given(PEOPLE, MOMENTS)
def test_who_opted_out_is_never_contacted(someone: Person, now: datetime) -> None:
    """Whatever else is on file, on every channel."""
    for channel in ("email", "sms", "phone", "post", "export"):
        assert judge(replace(someone, opted_out=True), channel, Clock(now)).rule == "OPT_OUT"
