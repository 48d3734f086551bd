"""The advice in plain words: every figure with its unit, its interval and its book-keeping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netlift.offers.evidence import Evidence
from netlift.offers.rules import Decision
from netlift.offers.worth import Worth
from netlift.records import Accounting


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words are made from, for one segment."""

    where: str  # "segment 2 (…)" or "all customers"
    tried: tuple[Evidence, ...]
    worth: Worth | None
    value_name: str
    accounting: Accounting | None  # None = no outcome


def why(decision: Decision, facts: Facts) -> str:
    """The reason for the action, and what evidence would change it."""
    if facts.accounting is None:
        return _nothing_known(decision)
    if decision.evidence is None:
        return f"None of the offers was ever sent to anybody, so nothing is known about their answers. {_test(decision)}"
    words = {"keep": _keep, "new_offer": _new_offer, "ab_test": _ab_test, "do_not_target": _do_not_target}
    return words[decision.action](decision, facts, facts.accounting)


def _nothing_known(decision: Decision) -> str:
    if not decision.offers:
        return "No offer is described and no past campaign is known, so there is nothing to send; add [[offers]] to netlift.toml."
    return f"Nothing is known about answers to past contacts, so no profit can be expected. {_test(decision)}"


def _test(decision: Decision) -> str:
    against = f"{_names(decision.offers)} against each other and" if len(decision.offers) > 1 else _names(decision.offers)
    return f"Test {against} against people who get nothing, on a small share first; the answers will decide."


def _keep(decision: Decision, facts: Facts, accounting: Accounting) -> str:
    return (
        f"Keep this offer: {figures(facts.tried[0], accounting)}.{_others(facts.tried[1:], accounting)} "
        f"Even the low end of the interval earns money. Answers below {percent(accounting.break_even)} in the next campaign would change this."
    )


def _new_offer(decision: Decision, facts: Facts, accounting: Accounting) -> str:
    return (
        f"What was tried loses money here: {figures(facts.tried[0], accounting)}.{_others(facts.tried[1:], accounting)} "
        f"But these are good customers{_worth(facts)}. So test something completely different, {_names(decision.offers)}, on a small "
        f"share: it pays if more than {percent(accounting.break_even)} answer; with fewer, leave {facts.where} alone."
    )


def _ab_test(decision: Decision, facts: Facts, accounting: Accounting) -> str:
    evidence = decision.evidence
    if evidence is not None and evidence.high < 0:
        state = "What was tried loses money here"
        reason = f"The customers are worth about as much as the average{_worth(facts)}, so another offer deserves a test"
    else:
        state, reason = "It is open whether contacts earn money here", "More answers are needed"
    shown = figures(evidence, accounting) if evidence is not None else ""
    others = _others([e for e in facts.tried if e is not evidence], accounting)
    rival = (
        " against ".join(f"'{name}'" for name in decision.offers)
        if len(decision.offers) > 1
        else f"{_names(decision.offers)} against no contact"
    )
    return (
        f"{state}: {shown}.{others} {reason}: test {rival} on a small share. Keep an offer that more than "
        f"{percent(accounting.break_even)} answer; if neither interval comes to lie above zero, stop."
    )


def _do_not_target(decision: Decision, facts: Facts, accounting: Accounting) -> str:
    worth = (
        f"The customers are worth clearly less than the average{_worth(facts)}. " if facts.worth and facts.worth.standing == "below" else ""
    )
    return (
        f"Contacts lose money here: {figures(facts.tried[0], accounting)}.{_others(facts.tried[1:], accounting)} Even the high end of the "
        f"interval is a loss. {worth}If you still want to contact them, try '{decision.fallback}' on a few: only more than "
        f"{percent(accounting.break_even)} answers would change this."
    )


def figures(e: Evidence, accounting: Accounting) -> str:
    """What one offer did and is expected to bring."""
    did = (
        f"'{e.offer}' was answered in {e.responses:,} of {e.contacts:,} contacts ({percent(e.responses / e.contacts)})"
        if e.contacts
        else f"'{e.offer}' was never sent to these customers, only to others"
    )
    return f"{did} and is expected to bring {money(e, accounting)} ({accounting}; break-even at {percent(accounting.break_even)} answers)"


def money(e: Evidence, accounting: Accounting) -> str:
    """Expected profit with unit and interval."""
    return f"{e.profit:.2f} {accounting.currency} per contact, 95 % interval {e.low:.2f} to {e.high:.2f}"


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.1f} %"


def _others(rest: Sequence[Evidence], accounting: Accounting) -> str:
    if not rest:
        return ""
    return " Also tried: " + "; ".join(f"'{e.offer}' {money(e, accounting)}" for e in rest) + "."


def _worth(facts: Facts) -> str:
    w = facts.worth
    if w is None:
        return ""
    return (
        f" ({facts.value_name}: {w.mean:,.0f} per customer, 95 % interval {w.low:,.0f} to {w.high:,.0f}, against {w.base:,.0f} on average)"
    )


def _names(offers: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in offers)
