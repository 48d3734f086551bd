"""The verdict on one person and channel at an instant: allowed, later, or excluded with the rule's id and words.

Every rule of every candidate jurisdiction is asked, so one more candidate can only make the verdict stricter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from netlift.rules.facts import SOFT, WRITTEN, Clock, Consent, Person
from netlift.rules.hours import Windows, next_open
from netlift.rules.packs import CHANNELS, Rule, rules_for

PRESSURE = "CONTACT_PRESSURE"  # the hard cap over all campaigns (review policy, FREQUENCY_PRESSURE)
EXPRESS, SOFT_OPT_IN = "given", "soft_opt_in"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say. `reason` is the same for everybody a rule leaves out for the same cause; `detail` has the figures."""

    kind: Literal["allowed", "later", "excluded"]
    rule: str = ""
    reason: str = ""
    detail: str = ""
    at: datetime | None = None  # of later

    @property
    def words(self) -> str:
        """The reason of an exclusion as audiences, ledgers and reports show it."""
        return f"{self.reason} ({self.rule})"


ALLOWED = Verdict("allowed")

Judge = Callable[[Rule, Person, Clock], tuple[str, str] | None]  # reason and detail; None = the rule does not mind


def judge(person: Person, channel: str, clock: Clock, *, more: Sequence[Rule] = ()) -> Verdict:
    """The verdict of all candidates' rules; the first rule in the order of `packs.PARAMETERS` that says no is named.

    Args:
        person: who.
        channel: one of `packs.CHANNELS`.
        clock: when, and until when.
        more: rules that the administrator added.
    """
    return judged(person, book(person.packs, channel, more=more), clock)


@dataclass(frozen=True, slots=True)
class Book:
    """The rules of some candidate jurisdictions on a channel, by what they do."""

    excluding: tuple[tuple[Rule, Judge], ...]  # in the order of `packs.PARAMETERS`
    caps: tuple[Rule, ...]
    hours: frozenset[Windows]


def book(candidates: frozenset[str], channel: str, *, more: Sequence[Rule] = ()) -> Book:
    """The rules for everybody who may be there; for who judges many."""
    own = (rule for rule in more if (channel if channel in CHANNELS else "email") in rule.channels)
    rules = (*rules_for(candidates, channel), *own)
    excluding = tuple((rule, JUDGES[rule.id]) for rule in rules if rule.id in JUDGES)
    caps = tuple(rule for rule in rules if rule.id == "CONTACT_CAP")
    return Book(excluding, caps, frozenset(rule.hours for rule in rules if rule.hours))


def judged(person: Person, of: Book, clock: Clock) -> Verdict:
    """The verdict of these rules; as `judge`."""
    return excluded(person, of, clock) or postponed(person, of, clock)


def excluded(person: Person, of: Book, clock: Clock) -> Verdict | None:
    """The rule that leaves somebody out whatever the hour; None = none does."""
    for rule, says in of.excluding:
        said = says(rule, person, clock)
        if said:
            return Verdict("excluded", rule.id, *said)
    return None


def postponed(person: Person, of: Book, clock: Clock) -> Verdict:
    """Allowed now, later, or never within the campaign's window; pressure over all campaigns counts too."""
    for days, contacts, cap in ((7, person.contacts_7d, clock.caps.in_7d), (30, person.contacts_30d, clock.caps.in_30d)):
        if contacts + 1 > cap:
            return Verdict("excluded", PRESSURE, f"contact cap {days} days", f"{contacts} contacts in {days} days; at most {cap} may be")
    waits = [(_free(rule, person, clock.now), rule) for rule in of.caps]
    capped, cap_rule = max(waits, key=lambda wait: wait[0], default=(clock.now, None))
    at = next_open(capped, person.zones, of.hours, holidays=person.holidays, until=clock.until)
    if at is not None and at <= clock.now and (clock.until is None or at < clock.until):
        return ALLOWED
    if cap_rule is not None and capped > clock.now:
        name, reason = "CONTACT_CAP", _cap_words(cap_rule, person, clock.now)
    else:
        name, reason = "QUIET_HOURS", "quiet hours" if person.zones or at else "quiet hours of an unknown time zone"
    if at is None or (clock.until is not None and at >= clock.until):
        end = f"; the campaign ends at {_told(clock.until)}" if clock.until else ""
        return Verdict(
            "excluded", name, f"{reason} until the campaign ends" if clock.until else reason, f"no time is left to reach him{end}"
        )
    return Verdict("later", name, reason, f"{reason} until {_told(at)}", at)


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many people each rule id leaves out or puts off, and how many are allowed; they add up to the people judged."""
    return dict(Counter("allowed" if one.kind == "allowed" else f"{one.kind} {one.rule}" for one in verdicts))


# --- the rules that leave somebody out -----------------------------------------------------------------------------


def _opt_out(_rule: Rule, person: Person, _clock: Clock) -> tuple[str, str] | None:
    if person.opted_out or person.consent.status == "withdrawn":
        return "opted out", "this person opted out"
    return None


def _revoke(_rule: Rule, person: Person, _clock: Clock) -> tuple[str, str] | None:
    return ("reply asks to stop", "a reply of this person asks to stop") if person.revoked else None


def _do_not_call(rule: Rule, person: Person, clock: Clock) -> tuple[str, str] | None:
    today = clock.now.astimezone(UTC).date()
    for name in rule.parameters["lists"]:
        of = clock.lists.get(name)
        if of is None:
            return f"do-not-call list of {name} was never imported", f"the do-not-call list of {name} was never imported"
        if (today - of).days > rule.parameters["days"]:
            return f"do-not-call list of {name} is too old", f"Do-not-call list is {(today - of).days} days old"
        if name in person.on_lists:
            return f"on the do-not-call list of {name}", f"the number is on the do-not-call list of {name}"
    return None


def _consent(rule: Rule, person: Person, _clock: Clock) -> tuple[str, str] | None:
    held = person.consent
    if held.status == EXPRESS:
        return None
    if held.status != SOFT_OPT_IN:
        return "no consent", "no consent is on file"
    if not rule.parameters["soft_opt_in"]:
        return "soft opt-in is not enough", f"a soft opt-in is not enough in {rule.pack}"
    missing = next((words for fact, words in SOFT.items() if fact not in held.facts), None)
    return (f"soft opt-in is not complete: {missing}", f"of the four facts of a soft opt-in one is missing: {missing}") if missing else None


def _call_consent(_rule: Rule, person: Person, _clock: Clock) -> tuple[str, str] | None:
    if person.consent.status != EXPRESS or person.consent.kind != "express":
        return "call consent missing", "no express consent to calls is on file"
    return None if person.consent.proof else ("call consent without proof", "the consent to calls names no proof")


def _written_consent(_rule: Rule, person: Person, _clock: Clock) -> tuple[str, str] | None:
    held = person.consent
    if held.status != EXPRESS:
        return "written consent missing", "no written consent is on file"
    if not held.wording:
        return "written consent missing", "the consent names no text that was agreed to"
    missing = next((words for fact, words in WRITTEN.items() if fact not in held.facts), None)
    return ("written consent missing", f"the written consent is not complete: {missing}") if missing else None


def _consent_age(rule: Rule, person: Person, clock: Clock) -> tuple[str, str] | None:
    ends = expiry(person.consent, person.last_contact, months=rule.parameters["months"], inquiry_months=rule.parameters["inquiry_months"])
    if person.consent.status not in {EXPRESS, SOFT_OPT_IN}:
        return None  # CONSENT says so
    if ends is None:
        return "consent without a date", "when the consent was given is not on file"
    return ("consent expired", f"Consent expired on {ends.date()}") if ends <= clock.now else None


def _double_opt_in(rule: Rule, person: Person, _clock: Clock) -> tuple[str, str] | None:
    held, since = person.consent, datetime.combine(rule.parameters["since"], time(), UTC)
    if held.status != EXPRESS or (held.given_at is not None and held.given_at < since):
        return None  # a soft opt-in was no sign-up
    if held.confirmed_at is None or not held.confirmed_from:
        missing = "it was never confirmed" if held.confirmed_at is None else "the confirmation does not say where it came from"
        return "address was never confirmed", missing
    return None


JUDGES: dict[str, Judge] = {
    "OPT_OUT": _opt_out,
    "REVOKE": _revoke,
    "DNC": _do_not_call,
    "CONSENT": _consent,
    "CALL_CONSENT": _call_consent,
    "WRITTEN_CONSENT": _written_consent,
    "CONSENT_AGE": _consent_age,
    "DOI": _double_opt_in,
}


def expiry(held: Consent, last_contact: datetime | None, *, months: int, inquiry_months: int) -> datetime | None:
    """When a consent ends: its own end, or so many months after it was given or last used; None = its date is not known.

    What a purchase or an inquiry implies is not renewed by contacts: CASL s. 10(10) counts from the purchase or inquiry.
    """
    if held.given_at is None:
        return None
    since = max(filter(None, (held.given_at, last_contact if held.kind == "express" else None)))
    ends = _months_after(since, inquiry_months if held.kind == "inquiry" else months)
    return min(filter(None, (ends, held.expires_at)))


def _months_after(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    for day in (moment.day, 30, 29, 28):  # 31 March + 6 months = 30 September
        try:
            return moment.replace(year=moment.year + years, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError(moment)


# --- the rules that put off -----------------------------------------------------------------------------------------


def _free(rule: Rule, person: Person, now: datetime) -> datetime:
    """From when on one more contact keeps the caps of a rule."""
    slots = [now]
    for cap, days in (("per_day", 1), ("per_30_days", 30)):
        most = rule.parameters.get(cap)
        recent = [at for at in person.contacts if now - at < timedelta(days=days)]
        if most is not None and len(recent) >= most:
            slots.append(recent[-most] + timedelta(days=days) if most else now + timedelta(days=365))
    if person.refused_at is not None and "silence_days" in rule.parameters:
        slots.append(person.refused_at + timedelta(days=rule.parameters["silence_days"]))
    return max(slots)


def _cap_words(rule: Rule, person: Person, now: datetime) -> str:
    silence = rule.parameters.get("silence_days")
    if silence is not None and person.refused_at is not None and person.refused_at + timedelta(days=silence) > now:
        return f"silence of {silence} days after a refusal"
    of_day = [at for at in person.contacts if now - at < timedelta(days=1)]
    if len(of_day) >= rule.parameters["per_day"]:
        return f"cap of {rule.parameters['per_day']} per 24 h reached"
    return f"cap of {rule.parameters['per_30_days']} per 30 days reached"


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def named(verdict: Verdict, channel: str) -> Verdict:
    """The verdict with the channel's name where its reason needs it."""
    return replace(verdict, reason=f"no consent for {channel}") if verdict.reason == "no consent" else verdict
