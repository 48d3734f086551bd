"""One recommendation per segment: evidence, rule and words put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlift.offers.evidence import believed, evidence
from netlift.offers.rules import Decision, decide
from netlift.offers.words import Facts, price, why
from netlift.offers.worth import worths
from netlift.records import Features, Floats, Insight, Ints, Outcome, PastEffect, Recommendation, Segmentation
from netlift.settings import OfferSettings


@dataclass(frozen=True, slots=True)
class Buying:
    """What customers are worth, (n,) or None, and the money each spent per offer, (n,) by offer's name."""

    value: Floats | None
    value_name: str
    by_offer: Mapping[str, Floats]


def advise(
    offers: Sequence[OfferSettings],
    buying: Buying,
    *,
    features: Features,
    segmentation: Segmentation,
    insight: Insight,
    effects: Sequence[PastEffect] = (),
) -> dict[int, tuple[Recommendation, Decision]]:
    """The recommendation of every segment, with the decision it words; by segment, 0 = everybody.

    Raises:
        InputError: a customer answered more often than he was contacted.
    """
    segment, outcome = segmentation.segment, features.outcome
    tried = believed(evidence(offers, outcome, segment), effects)
    worth = worths(buying.value, segment)
    accounting = outcome.accounting if outcome else None
    names = {s.segment: s.name for s in insight.segments}
    advice = {}
    for s in sorted(tried):
        spent = {name: float(money[segment == s].mean()) for name, money in buying.by_offer.items()}
        known = {e.offer for e in tried[s]}
        untried = [o.name for o in offers if o.name not in known]
        decision = decide(tried[s], untried, bought=spent, standing=worth[s].standing if s in worth else "unknown")
        facts = Facts(_where(s, names), tried[s], worth.get(s), buying.value_name, accounting)
        general = (*_circular(features, segmentation), *_proof(segmentation)) if known else ()
        warnings = (*_warnings(decision, facts, spent, untried), *general)
        advice[s] = _recommendation(s, decision, facts, warnings=warnings), decision
    return advice


def _recommendation(s: int, decision: Decision, facts: Facts, *, warnings: tuple[str, ...]) -> Recommendation:
    e = decision.evidence if decision.action != "new_offer" else None  # the new offer itself has no evidence
    return Recommendation(
        segment=s,
        action=decision.action,
        offers=decision.offers,
        expected_profit_per_contact=e.profit if e else None,
        low=e.low if e else None,
        high=e.high if e else None,
        why=why(decision, facts),
        warnings=warnings,
        sufficiency=e.sufficiency if e else None,
        break_even=decision.evidence.break_even if decision.evidence else None,
    )


def priced(
    advice: Mapping[int, tuple[Recommendation, Decision]], segment: Ints, *, cost: Floats, outcome: Outcome | None
) -> tuple[Recommendation, ...]:
    """The recommendations; those of a test say what it costs at most, by the `cost` of each contact, (n,), NaN = cannot be contacted."""
    found = []
    for s, (recommendation, decision) in advice.items():
        words = ""
        if outcome is not None and decision.evidence is not None and decision.action in {"new_offer", "ab_test"}:
            words = " " + price(cost[segment == s], outcome.accounting.currency)
        found.append(replace(recommendation, why=recommendation.why + words))
    return tuple(found)


def _where(s: int, names: Mapping[int, str]) -> str:
    if s == 0:
        return "all customers"
    return f"segment {s} ({names[s]})" if s in names else f"segment {s}"


def _warnings(decision: Decision, facts: Facts, spent: Mapping[str, float], untried: Sequence[str]) -> tuple[str, ...]:
    found = []
    for name in decision.offers:
        if name in untried:
            buys = f"they spent {spent[name]:,.2f} each on its products" if name in spent else "what they buy of it is not known"
            found.append(f"'{name}' was never sent to anybody ({buys}): a hypothesis to test, not a finding.")
    e = decision.evidence
    if e is not None and e.contacts == 0:
        found.append(f"No contact of '{e.offer}' in {facts.where} yet: the figure rests on the other segments.")
    elif e is not None and e.sufficiency == "shrunk":
        found.append(f"Only {e.contacts} contacts of '{e.offer}' in {facts.where}: the figure rests mostly on the other segments.")
    if decision.action == "do_not_target" and untried and facts.worth is None:
        found.append("What customers are worth is not known, so no other offer is advised; transactions or features.value would tell.")
    if facts.accounting is None:
        found.append("The tables contacted and responses, or a 0/1 column named in [response], would bring evidence.")
    return tuple(found)


def _circular(features: Features, segmentation: Segmentation) -> tuple[str, ...]:
    """The warning that the segments were made from the very answers that judge them here."""
    answers = features.outcome.columns if features.outcome else ()
    guilty = [f.name for f in features.features if f.name in segmentation.inputs and (f.uses_response or f.name in answers)]
    if not guilty:
        return ()
    return (f"The answers counted here also made the segments (input {', '.join(guilty)}): the figures are too good.",)


def _proof(segmentation: Segmentation) -> tuple[str, ...]:
    verdict = segmentation.verdict
    if verdict.structure == "none" or verdict.useful:
        return ()
    return (f"It is not proven that treating these segments differently earns more than treating everybody alike: {verdict.reason}",)


def losers(advice: Mapping[int, tuple[Recommendation, Decision]], features: Features) -> tuple[str, ...]:
    """The remark that segments kept for tests lose money as well with what was tried."""
    if features.outcome is None:
        return ()
    lose = [s for s, (r, d) in advice.items() if r.action in {"new_offer", "ab_test"} and d.evidence and d.evidence.high < 0]
    if not lose:
        return ()
    subject = "Segments " + " and ".join(map(str, lose)) + " lose" if len(lose) > 1 else f"Segment {lose[0]} loses"
    who = "All customers together lose" if lose == [0] else subject
    tried = f"money as well with what was tried ({features.outcome.accounting})"
    return (f"{who} {tried}; only a test of another offer is recommended there, not a campaign.",)


def per_customer(advice: Mapping[int, tuple[Recommendation, Decision]], segmentation: Segmentation) -> Floats:
    """Expected profit per contact of each customer's segment, (n,), NaN without evidence."""
    profit = np.full(len(segmentation.segment), np.nan)
    for s, (recommendation, _) in advice.items():
        if recommendation.expected_profit_per_contact is not None:
            profit[segmentation.segment == s] = recommendation.expected_profit_per_contact
    return profit
