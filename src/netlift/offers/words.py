"""The advice in plain words: every figure with its unit, its interval and its book-keeping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlift.offers.evidence import Evidence
from netlift.offers.rules import Decision
from netlift.offers.worth import Worth
from netlift.records import Accounting, Floats, amount


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
        offer = f"'{decision.offers[0]}'" if len(decision.offers) == 1 else "None of the offers"
        never = "was never" if len(decision.offers) == 1 else "was ever"
        return f"{offer} {never} sent to anybody, so nothing is known about answers. {_test(decision)}"
    words = {"keep": _keep, "new_offer": _new_offer, "ab_test": _ab_test, "do_not_target": _do_not_target}
    return words[decision.action](decision, facts, evidence=decision.evidence, accounting=facts.accounting)


def _nothing_known(decision: Decision) -> str:
    if not decision.offers:
        return "No offer is described and no past campaign is known, so there is nothing to send; add [[offers]] to netlift.toml."
    return f"Nothing is known about answers to past contacts, so no profit can be expected. {_test(decision)}"


def _test(decision: Decision) -> str:
    if len(decision.offers) == 1:
        return f"Test {_rivals(decision)}: some people are left alone to compare with, and the answers will decide."
    return f"Test {_rivals(decision)}, and leave some people alone to compare with; the answers will decide."


def _keep(decision: Decision, facts: Facts, *, evidence: Evidence, accounting: Accounting) -> str:  # noqa: ARG001 - the shape of all four
    change = f" Fewer than {percent(evidence.break_even)} answers in the next campaign would change this." if evidence.cost else ""
    return (
        f"Keep this offer: {figures(evidence, accounting)}.{_others(facts.tried[1:], accounting)} Even the low end of the interval "
        f"earns money.{change}"
    )


def _new_offer(decision: Decision, facts: Facts, *, evidence: Evidence, accounting: Accounting) -> str:
    limit = percent(evidence.break_even)
    return (
        f"What was tried loses money here: {figures(evidence, accounting)}.{_others(facts.tried[1:], accounting)} But these are good "
        f"customers{_worth(facts)}. So test something completely different: {_rivals(decision)}. It pays if more than {limit} answer; "
        f"with fewer, leave {facts.where} alone."
    )


def _ab_test(decision: Decision, facts: Facts, *, evidence: Evidence, accounting: Accounting) -> str:
    if evidence.high < 0:
        state = "What was tried loses money here"
        reason = f"The customers are worth about as much as the average{_worth(facts)}, so another offer deserves a test"
    else:
        state, reason = "It is open whether contacts earn money here", "More answers are needed"
    others = _others([e for e in facts.tried if e is not evidence], accounting)
    limit = percent(evidence.break_even)
    return (
        f"{state}: {figures(evidence, accounting)}.{others} {reason}: test {_rivals(decision)}. Keep an offer that clearly more than "
        f"{limit} answer; if none reaches that, stop."
    )


def _do_not_target(decision: Decision, facts: Facts, *, evidence: Evidence, accounting: Accounting) -> str:
    worth = (
        f"The customers are worth clearly less than the average{_worth(facts)}. " if facts.worth and facts.worth.standing == "below" else ""
    )
    limit = percent(evidence.break_even)
    return (
        f"Contacts lose money here: {figures(evidence, accounting)}.{_others(facts.tried[1:], accounting)} Even the high end of the "
        f"interval is a loss. {worth}If you still want to contact them, try '{decision.fallback}' on a few: only more than {limit} "
        "answers would change this."
    )


def _rivals(decision: Decision) -> str:
    if decision.action == "ab_test" and len(decision.offers) == 1:
        return f"'{decision.offers[0]}' against no contact"
    return " against ".join(f"'{name}'" for name in decision.offers)


def price(cost: Floats, currency: str) -> str:
    """What a test costs at most among customers whose contacts cost `cost`, (n,), NaN = cannot be contacted."""
    contactable = int((~np.isnan(cost)).sum())
    if not contactable:
        return f"None of these {len(cost):,} customers can be contacted, so the test cannot begin."
    who = f"{contactable:,} of {len(cost):,} customers can be contacted"
    return f"The test costs at most {np.nansum(cost):,.2f} {currency} ({who}; without any answer)."


def figures(e: Evidence, accounting: Accounting) -> str:
    """What one offer did and is expected to bring."""
    did = (
        f"'{e.offer}' was answered in {e.responses:,} of {e.contacts:,} contacts ({percent(e.responses / e.contacts)})"
        if e.contacts
        else f"'{e.offer}' was never sent to these customers, only to others"
    )
    books = replace(accounting, revenue=e.revenue, contact_cost=e.cost, varies=False)
    if e.held_out:
        against = f"against {e.held_out:,} customers held out at random"
        return f"{did}; {against} it brought {money(e, accounting)} (sales less {amount(e.cost)} per contact)"
    return f"{did} and is expected to bring {money(e, accounting)} ({books}; break-even at {percent(e.break_even)} answers)"


def money(e: Evidence, accounting: Accounting) -> str:
    """Expected profit with unit and interval."""
    return f"{_signed(e.profit)} {accounting.currency} per contact, 95 % interval {_signed(e.low)} to {_signed(e.high)}"


def _signed(amount: float) -> str:
    return f"{amount:+,.2f}".replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    """A share in per cent, two digits of one below a thousandth."""
    return f"{100 * share:.2g} %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


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
