"""What time and people leaving do to a plan, without anybody acting."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from netlift.records import Case, Committee, Pause
from netlift.review.committee.seats import decided

LATEST = timedelta(minutes=60)  # a start missed by more is never made up for: the offer may be stale by then


def settled(case: Case, committee: Committee, *, now: datetime, policy_version: str) -> tuple[Case, str]:
    """The case as it is now, and why it changed ("" = it did not).

    Expired: waited too long, past its window, its start was missed, or the policy changed since its checks.
    Back in review, or paused while sending: votes that made the quorum no longer count.
    """
    why = _expiry(case, now, policy_version)
    if why:
        return replace(case, state="expired", votes=(), start_at=None, approved_at=None, submitted_at=None), why
    if case.state in {"approved", "scheduled", "sending"} and not decided(case, committee):
        why = "votes that made the quorum no longer count"
        if case.state == "sending":
            return replace(case, state="paused", pause=Pause(now, why, automatic=True)), why
        return replace(case, state="in_review", start_at=None, approved_at=None, submitted_at=now), why
    return case, ""


def _expiry(case: Case, now: datetime, policy_version: str) -> str:
    if case.state not in {"in_review", "approved", "scheduled"}:
        return ""
    reasons = (
        (case.policy_version != policy_version, f"the policy changed from version {case.policy_version} to {policy_version}"),
        (_over(case.window_end, timedelta(), now), "its window has ended"),
        (case.state == "in_review" and _over(case.submitted_at, case.review_period, now), f"it waited {case.review_period} for votes"),
        (
            case.state == "approved" and _over(case.approved_at, case.approval_period, now),
            f"it was not begun within {case.approval_period}",
        ),
        (case.state == "scheduled" and _over(case.start_at, LATEST, now), f"its start at {case.start_at} was missed by more than {LATEST}"),
    )
    return next((why for is_so, why in reasons if is_so), "")


def _over(since: datetime | None, period: timedelta, now: datetime) -> bool:
    return since is not None and now - since >= period
