"""The verb: profile, name, rules, response and profit of every segment."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from netlift.engine import Session
from netlift.insight import answers, profiles, rules
from netlift.insight.profiles import CLEAR, Averages
from netlift.records import Features, Insight, Outcome, Profit, Response, Segment, Segmentation, Trait


def explain(features: Features, segmentation: Segmentation, *, seed: int, session: Session | None = None) -> Insight:
    """What sets each segment apart and what it brought; no segments where the verdict is none.

    Args:
        features: of all customers; where their values are a sample, rules come from the sample and averages from `session`.
        segmentation: of the same customers.
        seed: of the draws.
        session: where the tables `features` and `assigned` are; needed only beside a sample.

    Raises:
        InputError: the outcome holds more answers than contacts.
    """
    rng = np.random.default_rng([seed, 82])
    outcome = features.outcome
    if outcome is not None:
        answers.check(outcome)
    everybody = np.ones(len(features.customer_ids), dtype=bool)
    base_response = answers.response(outcome, everybody) if outcome else None
    base_profit = answers.profit(outcome, everybody, rng) if outcome else None
    found = [int(s) for s in np.unique(segmentation.segment) if s > 0]
    known = _averages(features, segmentation, session)
    segments = _explained(features, segmentation, known, found=found, rng=rng, seed=seed) if found else ()
    return Insight(segments, base_response, base_profit, segmentation.warnings)


def _averages(features: Features, segmentation: Segmentation, session: Session | None) -> Averages:
    if features.rows is None:
        return profiles.averages(features, segmentation.segment)
    if session is None:
        raise AssertionError("the values are a sample, so everybody must be in a session")
    return profiles.averages_in(session, features)


def _explained(
    features: Features, segmentation: Segmentation, known: Averages, *, found: list[int], rng: np.random.Generator, seed: int
) -> tuple[Segment, ...]:
    inputs, outcome = segmentation.inputs, features.outcome
    traits = {s: profiles.profile(features, inputs, known, segments=segmentation.segment, segment=s) for s in found}
    names = profiles.names(features, inputs, traits)
    sampled = segmentation.segment if features.rows is None else segmentation.segment[features.rows]
    described = rules.describe(features, inputs, sampled, seed=seed)
    explained = []
    for s in found:
        members = segmentation.segment == s
        response = answers.response(outcome, members) if outcome else None
        profit = answers.profit(outcome, members, rng) if outcome else None
        explained.append(
            Segment(
                segment=s,
                name=f"{segmentation.stages[s].capitalize()}: {names[s]}" if s in segmentation.stages else names[s],
                size=int(members.sum()),
                share=float(members.mean()),
                summary=" ".join([_who(features, members, traits[s], inputs), _money(outcome, response, profit)]).strip(),
                rules=described.in_words(s),
                rules_fidelity=described.fidelity.get(s, math.nan),
                profile=traits[s],
                response=response,
                profit=profit,
            )
        )
    return tuple(explained)


def _who(features: Features, members: NDArray[np.bool_], traits: tuple[Trait, ...], inputs: tuple[str, ...]) -> str:
    meaning = {f.name: f.meaning for f in features.features}
    clear = sorted((t for t in traits if t.feature in inputs and abs(t.difference) >= CLEAR), key=lambda t: -abs(t.difference))
    facts = "; ".join(_fact(meaning[t.feature], t) for t in clear[:3])
    return f"{members.sum():,} customers ({_percent(members.mean())}): {facts or 'close to the average in everything'}."


def _fact(meaning: str, trait: Trait) -> str:
    unit = "" if trait.unit in meaning.split() else trait.unit  # "campaigns answered 1.5", not "… 1.5 campaigns"
    return f"{meaning} {_amount(trait.mean, unit)} (all customers {_amount(trait.base_mean, unit)})"


def _money(outcome: Outcome | None, response: Response | None, profit: Profit | None) -> str:
    if outcome is None:
        return ""
    if response is None or profit is None:
        return "Never contacted, so nothing is known about answers."
    unit = "customers as clusters" if answers.clustered(outcome) else "one contact a customer"
    currency = outcome.accounting.currency
    return (
        f"{response.responses:,} of {response.contacts:,} contacts were answered: {_percent(response.rate)} "
        f"({_percent(response.low)} to {_percent(response.high)}, {unit}). Profit {_signed(profit.per_contact)} {currency} per contact "
        f"({_signed(profit.low)} to {_signed(profit.high)}; {profit.accounting})."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _signed(money: float) -> str:
    return f"{money:+,.2f}".replace("-", "\N{MINUS SIGN}")


def _amount(value: float, unit: str) -> str:
    """A number with its unit; shares as per cent."""
    if unit == "share":
        return _percent(value)
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()
