"""May a message leave now? The rules' verdict on people of a run, from what the store knows at this instant."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Max

from netlift import rules
from netlift.errors import Refused
from netlift.rules.own import own_rules
from netlift.settings import ReviewSettings, RulesSettings
from netlift.store import consents, keys, statements
from netlift.store.models import Delivery, Terms

CALLED = ("sms", "phone")  # the channels on which a number is used
ARRIVED = ("accepted", "delivered", "complained")
MADE = ("claimed", "committing", *ARRIVED, "unknown")  # states of a message that reached somebody, or may have
PLANNED = ("ready", "retry")
NEVER = datetime.min.replace(tzinfo=UTC)
HOLDS = timedelta(seconds=2)  # of the verdicts of a claim
MONTH, WEEK = timedelta(days=30), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Judged:
    """When verdicts were given, and what was known then (`statements.Standing.news`).

    Later contacts of other runs do not count: a claimed message is one in every later verdict of theirs.
    """

    at: datetime = NEVER
    news: tuple[int | None, ...] = ()
    claimed_at: datetime | None = None  # by the database's clock

    def holds(self, now: datetime, news: tuple[int | None, ...]) -> bool:
        """Whether the same verdicts would be given again: windows open and close with the minute, consents end at any instant."""
        same_minute = now.replace(second=0, microsecond=0) <= self.at
        return same_minute and timedelta() <= now - self.at < HOLDS and news == self.news


@dataclass(frozen=True, slots=True)
class Touches:
    """The contacts of one customer."""

    moments: tuple[datetime, ...] = ()  # over all channels, of the last 30 days
    on_channel: tuple[datetime, ...] = ()  # of these by the channel asked for
    last: datetime | None = None  # that was accepted, ever


NONE, SILENCE, NOWHERE = Touches(), rules.Consent(), frozenset[str]()


def keep(run_id: int, review: ReviewSettings, more: RulesSettings, *, home: str = "") -> None:
    """Write down by which rules a run is judged; call it in the transaction that keeps its plan.

    `home` is the country of whoever's contact data name none; "" = that is not known, and the strictest rules hold.
    """
    defaults = {
        "packs": rules.versions(),
        "rules": more.model_dump(mode="json"),
        "home": home,
        "cap_7d": review.max_contacts_7d,
        "cap_30d": review.max_contacts_30d,
    }
    Terms.objects.update_or_create(run_id=run_id, defaults=defaults)


def check(run_id: int) -> None:
    """The rules that a run was prepared by are known, and not older now.

    Raises:
        Refused: they are; prepare it again.
    """
    terms = Terms.objects.filter(run_id=run_id).first()
    if terms is None:
        raise Refused(f"Run {run_id} was prepared without the rules of channels and countries; prepare it again.")
    rules.check_versions(terms.packs)


def verdicts(
    run_id: int,
    channel: str,
    customer_ids: Sequence[str],
    known: Mapping[str, Mapping[str, str]],
    *,
    now: datetime,
    claimed_at: datetime | None = None,
) -> dict[str, rules.Verdict]:
    """The verdict on each of these customers at this instant.

    Args:
        run_id: the run; one that was kept without terms (`check` refuses to launch it) has no rules, and nobody is in the answer.
        channel: by which they would be reached.
        customer_ids: who.
        known: their contact data, by customer id.
        now: the instant.
        claimed_at: when their messages were claimed; what other runs claimed later is no contact yet.
    """
    terms = Terms.objects.filter(run_id=run_id).values_list("rules", "cap_7d", "cap_30d", "run__content__window__end", "home").first()
    if terms is None or not customer_ids:
        return {}
    more = _own_rules(json.dumps(terms[0]))
    clock = rules.Clock(
        now=now,
        until=datetime.fromisoformat(terms[3]) if terms[3] else None,
        lists=consents.lists() if channel in CALLED else {},
        caps=rules.Caps(terms[1], terms[2]),
    )
    people = persons(channel, customer_ids, known, now=now, run_id=run_id, home=terms[4], claimed_at=claimed_at)
    books = {packs: rules.book(packs, channel, more=more) for packs in {person.packs for person in people.values()}}
    return {customer: rules.named(rules.judged(person, books[person.packs], clock), channel) for customer, person in people.items()}


@functools.lru_cache(maxsize=64)
def _own_rules(given: str) -> tuple[rules.Rule, ...]:
    return own_rules(RulesSettings.model_validate_json(given))


def barred(
    run_id: int,
    channel: str,
    customer_ids: Sequence[str],
    known: Mapping[str, Mapping[str, str]],
    *,
    now: datetime,
    claimed_at: datetime | None = None,
) -> dict[str, rules.Verdict]:
    """Whom of these customers the rules do not allow at this instant, and why; as `verdicts`."""
    judged = verdicts(run_id, channel, customer_ids, known, now=now, claimed_at=claimed_at)
    return {customer: verdict for customer, verdict in judged.items() if verdict.kind != "allowed"}


def persons(
    channel: str,
    customer_ids: Sequence[str],
    known: Mapping[str, Mapping[str, str]],
    *,
    now: datetime,
    run_id: int | None = None,
    home: str = "",
    claimed_at: datetime | None = None,
) -> dict[str, rules.Person]:
    """What the rules need to know of each of these customers; contacts of the run's own message on this channel do not count."""
    key = keys.vault_key()
    by_hash = {consents.person(c, key=key): c for c in customer_ids}
    held = consents.latest_of(by_hash, channel)
    met = touches(by_hash, channel, now=now, run_id=run_id, claimed_at=claimed_at)
    phones = {c: known.get(c, {}).get("phone", "") for c in customer_ids} if channel in CALLED else {}
    on_lists = consents.listed(phones) if phones else {}
    found = {}
    for customer in customer_ids:
        place = where(known.get(customer, {}), home=home)
        touch = met.get(customer, NONE)
        found[customer] = rules.Person(
            packs=place.packs,
            zones=place.zones,
            holidays=place.holidays,
            consent=held.get(customer, SILENCE),
            on_lists=on_lists.get(customer, NOWHERE),
            last_contact=touch.last,
            contacts=touch.on_channel,
            contacts_7d=sum(now - at < WEEK for at in touch.moments) if touch.moments else 0,
            contacts_30d=len(touch.moments),
        )
    return found


def where(fields: Mapping[str, str], *, home: str = "") -> rules.Place:
    """Where somebody may be, from contact data; `home` where they name no country."""
    country = fields.get("country", "") or home
    return rules.place(country, fields.get("region", ""), fields.get("time_zone", ""), rules.prefix(fields.get("phone", ""), country))


def home() -> str:
    """The country that the newest run takes for whoever's contact data name none; "" = the strictest rules hold."""
    newest = Terms.objects.order_by("-run_id").values_list("home", flat=True).first()
    return newest or ""


def touches(
    by_hash: Mapping[str, str],
    channel: str,
    *,
    now: datetime,
    run_id: int | None = None,
    claimed_at: datetime | None = None,
) -> dict[str, Touches]:
    """The contacts of these customers (by `consents.person`) over all runs, and those that the table `contacted` told of."""
    found: dict[str, Touches] = {}
    for customer, of_run, on, state, at in statements.contacts(list(by_hash.values()), MADE):
        later = state == "claimed" and claimed_at is not None and at > claimed_at
        if later or (of_run == run_id and on == channel):
            continue
        was = found.get(customer, Touches())
        last = at if state in ARRIVED else was.last
        if now - at < MONTH:
            on_channel = (*was.on_channel, at) if on == channel else was.on_channel
            was = replace(was, moments=(*was.moments, at), on_channel=on_channel)
        found[customer] = replace(was, last=last)
    for person, at in statements.elsewhere(list(by_hash), since=now - MONTH, until=now):
        was = found.get(by_hash[person], Touches())
        found[by_hash[person]] = replace(was, moments=(*was.moments, at))
    return found


def planned(now: datetime) -> dict[str, tuple[int, int]]:
    """Contacts of each customer in 7 and in 30 days, of all runs: made, and still to be made in runs that are being sent."""
    found: dict[str, tuple[int, int]] = {}
    made = Delivery.objects.filter(state__in=MADE, changed_at__gt=now - MONTH)
    open_ = Delivery.objects.filter(state__in=PLANNED, run__state__in=("sending", "paused"))
    for rows in (made, open_):
        for customer, state, at in rows.values_list("customer_id", "state", "changed_at").iterator(chunk_size=2000):
            week, month = found.get(customer, (0, 0))
            found[customer] = (week + (state in PLANNED or now - at < WEEK), month + 1)
    return found


def last_contacts() -> dict[str, datetime]:
    """When each customer last got a message, of those who ever did."""
    found = Delivery.objects.filter(state__in=ARRIVED).values_list("customer_id").annotate(Max("changed_at"))
    return dict(found.order_by())
