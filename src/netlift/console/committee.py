"""What somebody may do with a plan now, and if not, why not. The verbs in `workflow.decide` have the last word."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from netlift.store.people import VOTING_ROLES

Plan = Mapping[str, Any]  # what workflow.show.plan gives


def hindrances(plan: Plan, name: str, roles: Collection[str]) -> dict[str, str]:
    """For each act, why this person cannot do it now; "" where nothing stands in the way."""
    voting = _against_voting(plan, name, roles)
    return {
        "approve": voting or _approved_already(plan, name),
        "request_changes": voting,
        "reject": voting,
        "stop": "" if plan["state"] in {"in_review", "approved", "sending"} else f"There is nothing to stop: {_state(plan)}.",
        "submit": _against_submitting(plan, name, roles),
        "withdraw": _not_author(plan, name, roles) or ("" if plan["state"] == "in_review" else f"{_state(plan)}."),
    }


def _against_voting(plan: Plan, name: str, roles: Collection[str]) -> str:
    if not set(VOTING_ROLES) & set(roles):
        return f"Voting takes the role {' or '.join(VOTING_ROLES)}; you are {', '.join(sorted(roles))}."
    if plan["author"] == name:
        return "You prepared this plan, so somebody else must decide on it."
    if plan["state"] != "in_review":
        return f"Votes are possible while a plan is in review; {_state(plan)}."
    return ""


def _approved_already(plan: Plan, name: str) -> str:
    voted = any(v["voter"] == name and v["vote"] == "approve" and not v["void"] for v in plan["votes"])
    return "You have approved this plan already; the other votes must come from other members." if voted else ""


def _against_submitting(plan: Plan, name: str, roles: Collection[str]) -> str:
    if hindrance := _not_author(plan, name, roles):
        return hindrance
    if plan["state"] not in {"draft", "changes_requested"}:
        return f"{_state(plan)}."
    blocks = sum(f["severity"] == "block" for f in plan["findings"])
    return f"{blocks} {'finding blocks' if blocks == 1 else 'findings block'} this plan; mend and prepare it again." if blocks else ""


def _not_author(plan: Plan, name: str, roles: Collection[str]) -> str:
    return "" if plan["author"] == name and "author" in roles else f"This is for the plan's author, {plan['author']}."


def _state(plan: Plan) -> str:
    return f"this one is {plan['state'].replace('_', ' ')}"
