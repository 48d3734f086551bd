"""Shortly before the start: are those who would get a message still the people who were approved?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from django.db import transaction

from netlift import review
from netlift.records import Audience, Plan, ReviewResult
from netlift.review import committee
from netlift.store.models import Run
from netlift.workflow import kept, outputs
from netlift.workflow.approval import approval_hash, freeze
from netlift.workflow.decide.step import keep, locked


def drift(run: Run, lost: Mapping[str, str]) -> str:
    """Why a plan must go back to the committee, where these of the approved people would get no message; "" = it need not."""
    return _judged(run, lost)[0] if lost else ""


def refreeze(run: Run, actor: str, lost: Mapping[str, str]) -> str:
    """Send a plan back to the committee, with the people who are left.

    Args:
        run: an approved or scheduled run.
        actor: who launches.
        lost: whoever was approved and would get no message now, with the reason.

    Returns:
        Why it went back.
    """
    why, left, result = _judged(run, lost)
    settings = kept.settings_with(run, None)
    with transaction.atomic():
        at = locked(str(run.pk), actor)
        file = f"audience-{at.case.version + 1}.parquet"
        content = freeze(left, settings, result, file=file)
        blocked = next((f.text for f in result.findings if f.severity == "block"), "")
        case = committee.drifted(
            at.case, approval_hash=approval_hash(content), blocked=blocked, heightened=result.verdict == "review", now=at.now
        )
        at.run.content, at.run.findings = content, asdict(result)
        outputs.write_audience(left.audience, kept.audience_file(at.run))
        keep("drift", at, case, {"why": why, "lost": len(lost), "approval_hash": case.approval_hash})
    return why


def _judged(run: Run, lost: Mapping[str, str]) -> tuple[str, Plan, ReviewResult]:
    plan, figures = kept.plan_of(run)
    settings = kept.settings_with(run, None)
    left = _without(plan, lost)
    result = review.review(left, settings.review, figures)
    return _drift(plan, lost, settings.review.max_drift) or _news(run, result), left, result


def _drift(plan: Plan, lost: Mapping[str, str], most: float) -> str:
    approved = int(plan.audience.contacted().sum())
    share = len(lost) / approved
    if share <= most:
        return ""
    return f"{len(lost):,} of the {approved:,} approved people ({share:.1%}) dropped out, more than {most:.0%}"


def _news(run: Run, result: ReviewResult) -> str:
    known = {f["code"] for f in run.findings["findings"]}
    fresh = sorted({f.code for f in result.findings} - known)
    return f"the checks now find {', '.join(fresh)}" if fresh else ""


def _without(plan: Plan, lost: Mapping[str, str]) -> Plan:
    everybody: Audience = plan.audience
    reason = np.array([lost.get(c, r) for c, r in zip(everybody.customer_ids, everybody.excluded_reason, strict=True)], dtype=object)
    return replace(plan, audience=replace(everybody, excluded_reason=reason))
