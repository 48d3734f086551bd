"""The verb: advice per segment, then offer, channel and reasons against contacting per customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from netlift.engine import Engine
from netlift.offers.advice import Buying, advise, losers, per_customer, priced
from netlift.offers.asking import asking
from netlift.offers.budgeting import Field, within
from netlift.offers.evidence import believed, evidence
from netlift.offers.past_trials import advised, past_trials
from netlift.offers.reach import Asker, Mask, Reach, absent, past_contacts, reach
from netlift.offers.rules import Decision
from netlift.offers.worth import PEOPLE, bought, money_columns
from netlift.records import Choice, Features, Floats, Insight, Ints, Outcome, Recommendation, Segmentation, Standing, Tables, Texts
from netlift.settings import OfferSettings, Settings

NOT_WORTH = "a contact costs more than it changes"  # reason against contacting: decided one by one from a past trial


def choose(  # noqa: PLR0913 -- each stage before it tells something
    settings: Settings,
    engine: Engine,
    tables: Tables,
    *,
    features: Features,
    segmentation: Segmentation,
    insight: Insight,
    suppressed: frozenset[str] = frozenset(),
    standing: Standing | None = None,
) -> Choice:
    """Advice per segment in money, and offer, channel and consent for every customer, (n,) in the features' order.

    Offers are those of the settings, else the past campaigns' types. Who objected (`suppressed`, customer ids), gave no consent,
    or is left out by the rules of channels (`standing`) gets nothing; every customer who is left out has the first reason that
    applies. Where the settings limit contacts, those who are expected to earn most stay.

    Raises:
        InputError: a customer answered more often than he was contacted.
    """
    offers = settings.offers or _past_offers(features.outcome)
    n = len(features.customer_ids)
    engine.register(PEOPLE, pa.table({"customer_id": pa.array(features.customer_ids, pa.string()), "place": np.arange(n)}))
    try:
        buying = _buying(engine, tables, offers, features=features, currency=settings.project.currency)
        trials = past_trials(settings, engine, tables, features=features, offers=offers)
        advice = advise(offers, buying, features=features, segmentation=segmentation, insight=insight, effects=trials.effects)
        ask = Asker(engine, tables, n, settings.project.time_zone)
        silenced = np.array([c in suppressed for c in features.customer_ids], dtype=bool)
        week, month = past_contacts(ask, features.as_of, (7, 30))
        if standing is not None:
            week, month = week + standing.contacts_7d, month + standing.contacts_30d
        channels = _channels(offers, advice)
        needed = {c for tried in channels.values() for c in tried} | {c for o in offers if settings.allocation for c in o.channels}
        barred = standing.barred if standing else {}
        reaches = {c: reach(ask, c, settings.channels.get(c), suppressed=silenced, barred=barred.get(c)) for c in sorted(needed)}
    finally:
        engine.unregister(PEOPLE)
    people = _People(segmentation.segment, silenced, _capped(settings, week, month), trials.brings)
    offer, channel, consent, reason = _per_customer(people, advice, channels, reaches, costs={c: settings.contact_cost(c) for c in reaches})
    choice = Choice(
        recommendations=tuple(recommendation for recommendation, _ in advice.values()),
        offer=offer,
        channel=channel,
        expected_profit=per_customer(advice, segmentation),
        excluded_reason=reason,
        consent=consent,
        contacts_7d=week,
        contacts_30d=month,
        warnings=(
            *advised(trials.effects, settings.project.currency),
            *losers(advice, features),
            *_doubts(settings, tables, offers, features.outcome, tested=bool(trials.effects or trials.notes)),
            *trials.notes,
        ),
        asking=asking(features, segmentation, advice),
        effects=trials.effects,
    )
    if settings.allocation is not None:
        tried = believed(evidence(offers, features.outcome, people.segment), trials.effects)
        free = ~silenced & absent(people.capped)
        choice = within(Field(settings, settings.allocation, offers, people.segment, free, tried, reaches, trials.brings), choice)
    cost = _costs(settings, choice)
    return replace(choice, recommendations=priced(advice, people.segment, cost=cost, outcome=features.outcome))


@dataclass(frozen=True, slots=True)
class _People:
    """What is known about each customer whatever the channel, (n,) each."""

    segment: Ints
    silenced: Mask
    capped: Texts  # the contact cap that is reached, None = none
    brings: Mapping[str, Floats]  # by offer that past trials decide on one by one: what a contact brings before its cost


def _past_offers(outcome: Outcome | None) -> tuple[OfferSettings, ...]:
    return tuple(OfferSettings(name=name) for name in outcome.offers) if outcome else ()


def _buying(engine: Engine, tables: Tables, offers: Sequence[OfferSettings], *, features: Features, currency: str) -> Buying:
    n = len(features.customer_ids)
    value, name = features.value, features.value_name
    if value is None:
        value, name = money_columns(engine, tables, offers, n), f"spent on the products of all offers, {currency}"
    return Buying(value, name, bought(engine, tables, offers, as_of=features.as_of, n=n))


def _channels(offers: Sequence[OfferSettings], advice: Mapping[int, tuple[Recommendation, Decision]]) -> dict[int, tuple[str, ...]]:
    """The channels to try in each segment, in order: those that all its offers share."""
    of = {o.name: o.channels for o in offers}
    found = {}
    for s, (recommendation, decision) in advice.items():
        used = recommendation.offers or ((decision.fallback,) if decision.fallback else ())
        first = of[used[0]] if used else ("email",)
        found[s] = tuple(c for c in first if all(c in of[name] for name in used))
    return found


def _costs(settings: Settings, choice: Choice) -> Floats:
    """Money per contact of everybody who can be contacted, (n,), NaN of the others."""
    cost = np.full(len(choice.channel), np.nan)
    for name in settings.channels:
        cost[choice.channel == name] = settings.contact_cost(name)
    return cost


def _capped(settings: Settings, week: Ints, month: Ints) -> Texts:
    """The cap that one more contact would break."""
    capped: Texts = np.full(len(week), None, dtype=object)
    capped[month + 1 > settings.review.max_contacts_30d] = "contact cap 30 days"
    capped[week + 1 > settings.review.max_contacts_7d] = "contact cap 7 days"
    return capped


def _per_customer(
    people: _People,
    advice: Mapping[int, tuple[Recommendation, Decision]],
    channels: Mapping[int, tuple[str, ...]],
    reaches: Mapping[str, Reach],
    *,
    costs: Mapping[str, float],
) -> tuple[Texts, Texts, Texts, Texts]:
    """Offer, channel, proof of consent and reason against contacting; the first reason that applies stands."""
    offer, channel, consent, reason = (np.full(len(people.segment), None, dtype=object) for _ in range(4))
    for s, (recommendation, _) in advice.items():
        members = people.segment == s
        _first_channel(members, channels[s], reaches, channel=channel, reason=reason)
        for name in channels[s]:
            on = members & (channel == name)
            consent[on] = reaches[name].consent[on]
        untargeted = "no offer" if not advice[s][1].fallback else "segment not targeted"
        free = members & absent(reason)
        reason[free] = people.capped[free]
        if recommendation.offers:
            offer[members] = recommendation.offers[0]
            if recommendation.action == "keep" and recommendation.offers[0] in people.brings:
                for name in channels[s]:
                    too_little = people.brings[recommendation.offers[0]] <= costs[name]
                    reason[members & absent(reason) & (channel == name) & too_little] = NOT_WORTH
        else:
            reason[members & absent(reason)] = untargeted
    reason[people.silenced] = "suppressed"
    out = ~absent(reason)
    offer[out], channel[out] = None, None
    return offer, channel, consent, reason


def _first_channel(members: Mask, channels: Sequence[str], reaches: Mapping[str, Reach], *, channel: Texts, reason: Texts) -> None:
    """Write the first channel that reaches each member; the reason of the first one where none does."""
    reason[members] = reaches[channels[0]].reason[members] if channels else "no channel set up"
    for name in channels:
        reached = members & absent(channel) & absent(reaches[name].reason)
        channel[reached], reason[reached] = name, None


def _doubts(
    settings: Settings, tables: Tables, offers: Sequence[OfferSettings], outcome: Outcome | None, *, tested: bool
) -> tuple[str, ...]:
    """What the advice rests on and what is missing; `tested` = there were past campaigns with customers held out."""
    found = []
    if outcome is not None and tested:
        found.append("Profit of segments counts every answer as earned by the contact; what contacts changed is told beside it.")
    elif outcome is not None:
        found.append(
            "Profit counts every answer as earned by the contact: without a control group nobody knows who would have bought anyway."
        )
    if outcome is not None and not any(o.current or o.name in outcome.offers for o in offers):
        found.append("None of the offers is marked current = true or named like a past campaign, so past answers tell nothing about them.")
    if sum(o.current for o in offers) > 1:
        found.append("More than one offer is marked current = true: past answers cannot be told apart and count for each of them.")
    if not settings.channels:
        found.append("No channel is set up in netlift.toml, so nobody can be contacted; add [channels.email].")
    if not tables.has("consents"):
        found.append("There is no table of consents, so nobody may be contacted; add [tables.consents].")
    if not tables.has("contacted"):
        found.append("There is no table of past contacts: how often people were contacted lately is not known and counts as 0.")
    return tuple(found)
