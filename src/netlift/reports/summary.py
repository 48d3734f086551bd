"""The facts of the first page: what a director reads in two minutes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np

from netlift.records import Audience, Estimate, Insight, Measurement, Recommendation, ReportContent, Trait, Verdict
from netlift.reports.figures import words

ACTIONS = {
    "keep": "Keep going",
    "new_offer": "Try a new offer",
    "ab_test": "Test the offer",
    "do_not_target": "Do not contact",
}
STRUCTURES = {
    "natural": "The customers fall into groups with gaps between them",
    "overlapping": "There is more in the data than a continuum, but the segments overlap",
    "constructed": "The segments are cuts through a continuum, not groups that exist by themselves",
    "none": "No segments were found that hold up",
}
REVIEWS = {
    "block": "The policy checks block this plan: it may not be sent until its findings are mended.",
    "review": "The policy checks found points that people must decide on.",
    "pass": "The policy checks found nothing that stands in the way.",
}
EVIDENCE = {
    "structure_z": "Agreement of halves above that of structureless copies, in their standard deviations",
    "structure_p": "Chance of as much agreement in data without groups",
    "structure_p_cloud": "Chance of it where features are only correlated",
    "structure_p_curve": "Chance of it where they also bend along one curve",
    "structure_k": "Number of segments at which agreement stands out most",
    "structure_copies": "Structureless copies of each of two kinds compared with",
    "structure_customers": "Customers in the test for groups",
    "valley_share": "Share of customers in segments with a gap around them",
    "customers_fit": "Customers the segments were made on",
    "customers_choose": "Customers the best segmentation was chosen on",
    "customers_report": "Customers kept apart to judge it",
    "customers_never_contacted": "Customers never contacted, who cannot judge",
    "value": "Gain from deciding by segment, money per customer",
    "value_low": "Its lower bound (one-sided, 95 %)",
    "value_high": "Its upper bound (one-sided, 95 %)",
    "value_p": "Chance of as large differences between random segments",
}
NO_MESSAGE = ("planned", "excluded")
STATES = {
    "ready": "Waiting to be sent",
    "claimed": "Being sent",
    "committing": "On the wire",
    "accepted": "Accepted by the channel",
    "delivered": "Delivered, as a report says",
    "bounced": "Came back",
    "complained": "Answered by a complaint",
    "failed": "Refused for good",
    "unknown": "Unknown: no answer came; held, never sent twice by itself",
    "retry": "Refused for now, to be tried again",
    "cancelled": "Cancelled before they were sent",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A label and a number of people, with their share of everybody (0..1)."""

    label: str
    people: int
    share: float


def action(code: str, offers: Sequence[str]) -> str:
    """What to do with a segment, in two or three words."""
    return "Test two offers (A/B)" if code == "ab_test" and len(offers) > 1 else ACTIONS[code]


def facts_until(as_of: datetime) -> str:
    """The time of the facts: a midnight is not part of it, another moment is just after the last fact."""
    if as_of.time() == time():
        return f"before {as_of:%Y-%m-%d}"
    return f"up to {as_of - timedelta(microseconds=1):%Y-%m-%d}"


def headline_estimates(measurement: Measurement | None) -> list[Estimate]:
    """The estimates of the same campaigns as the best one; of all campaigns together where there is no best one."""
    if measurement is None:
        return []
    scope = measurement.best.scope if measurement.best else "any"
    return [e for e in measurement.estimates if e.scope == scope]


def other_estimates(measurement: Measurement | None) -> list[Estimate]:
    """One estimate for each type and each single campaign: the first, so the most credible, that is not naive and can be had."""
    if measurement is None:
        return []
    headline = {e.scope for e in headline_estimates(measurement)}
    scopes = dict.fromkeys(e.scope for e in measurement.estimates if e.scope not in headline)
    return [min((e for e in measurement.estimates if e.scope == s), key=lambda e: (e.lift is None, e.evidence == "naive")) for s in scopes]


def naive_twin(measurement: Measurement | None) -> Estimate | None:
    """The naive figure to set beside the best one."""
    return next((e for e in headline_estimates(measurement) if e.evidence == "naive"), None)


def headline(best: Estimate | None) -> str:
    """What the best estimate says, in one short sentence; its figures stand beside it."""
    if best is None or best.lift is None or best.low is None or best.high is None:
        return "It cannot be told whether campaigns raised sales."
    if best.low <= 0:
        return "There is no evidence that campaigns raised sales."
    if best.evidence == "randomised":
        return "Campaigns raised sales."
    return "Sales were higher with campaigns, but that is no proof: the lists were not drawn by lot."


def numbered_notes(estimates: Sequence[Estimate]) -> dict[str, int]:
    """Warnings that several estimates share, numbered from 1, so that a table can refer to them."""
    uses = Counter(warning for e in estimates for warning in set(e.warnings))
    shared = [w for w in dict.fromkeys(w for e in estimates for w in e.warnings) if uses[w] > 2]
    return {warning: number for number, warning in enumerate(shared, start=1)}


def verdict_sentence(verdict: Verdict) -> str:
    """Whether segments exist and pay, in one sentence without the reason."""
    if verdict.structure == "none":
        return f"{STRUCTURES['none']}; everybody is treated alike."
    worth = "and treating them differently is shown to earn money" if verdict.useful else "and no gain from using them is shown"
    return f"{STRUCTURES[verdict.structure]}, {worth}."


def segment_names(insight: Insight) -> dict[int, str]:
    """Names by segment number; 0 is everybody."""
    return {0: "Everybody"} | {s.segment: s.name for s in insight.segments}


def audience_lines(counts: Mapping[str, int]) -> list[Line]:
    """Contacted, held out, then the excluded by reason, largest first; the people add up to everybody.

    `counts` is what `Audience.counts` gives.
    """
    everybody = max(sum(counts.values()), 1)
    reasons = sorted(set(counts) - {"contacted", "holdout"}, key=lambda reason: (-counts[reason], reason))
    labels = {"contacted": "Contacted", "holdout": "Held out by lot"} | {r: f"Left out: {words(r)}" for r in reasons}
    return [Line(label, counts.get(code, 0), counts.get(code, 0) / everybody) for code, label in labels.items()]


def messages(deliveries: Mapping[str, int]) -> dict[str, int]:
    """Messages by state in words; people for whom there is none are left away."""
    return {STATES.get(state, words(state)): number for state, number in deliveries.items() if state not in NO_MESSAGE}


def contacted_by_segment(audience: Audience) -> dict[int, int]:
    """Number of people contacted in each segment."""
    numbers, people = np.unique(audience.segment[audience.contacted()], return_counts=True)
    return dict(zip(numbers.tolist(), people.tolist(), strict=True))


def first_sentence(text: str) -> str:
    """The first sentence of an explanation; the detail pages have the rest."""
    return re.split(r"(?<=[.!?]) (?=[A-Z])", text, maxsplit=1)[0]


def by_difference(profile: Sequence[Trait]) -> list[Trait]:
    """A segment's traits, the most distinctive first; unknown differences last."""
    return sorted(profile, key=lambda trait: -1.0 if math.isnan(trait.difference) else abs(trait.difference), reverse=True)


def cautions(content: ReportContent) -> list[str]:
    """Warnings of all stages that bear on what to do, each once, in flow order."""
    groups = (content.segmentation.warnings, content.insight.warnings, content.choice.warnings)
    return [w for w in dict.fromkeys(warning for group in groups for warning in group) if not _is_remark(w, content)]


def remarks(content: ReportContent) -> list[str]:
    """How single features were prepared: for the method appendix, not for the first page."""
    return [w for w in content.segmentation.warnings if _is_remark(w, content)]


def own_warnings(recommendation: Recommendation, content: ReportContent) -> list[str]:
    """The warnings of one segment that are not said for the whole run already."""
    said = {*content.segmentation.warnings, *content.insight.warnings, *content.choice.warnings}
    return [w for w in recommendation.warnings if w not in said]


def _is_remark(warning: str, content: ReportContent) -> bool:
    """Whether a warning is about one feature: it begins with its name."""
    return warning.partition(" ")[0] in {f.name for f in content.features.features}
