"""The cheapest fix: the fewest and least costly edits after which the checks let the campaign pass, found by trying them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netlift.records import Finding, Plan
from netlift.review.campaign import Campaign, Consent, Measured, Text, contacts
from netlift.review.describe import with_people
from netlift.review.disparate_impact import disparate_impact
from netlift.review.frequency_pressure import MANY
from netlift.review.over_specific import MANY as TOO_MANY
from netlift.review.policy import Verdict, judge, verdict
from netlift.review.scorecard import score
from netlift.review.small_audience import COMFORTABLE
from netlift.settings import ReviewSettings

HELD = 10  # of so many people one is held out
RANK: tuple[Verdict, ...] = ("block", "review", "pass")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: its words, what it makes of a campaign, and what it does to the audience."""

    words: str
    change: Callable[[Campaign], Campaign]
    audience: str  # in words, as no file of cases holds the people
    cost: int  # the cheapest first: words, channel, consent, conditions
    stay: Callable[[Plan], NDArray[np.bool_]] | None = None  # of a plan's people, (n,), who would still be contacted; None = not told


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that help, and what then comes of the checks."""

    edits: tuple[Edit, ...]
    verdict: Verdict
    score: float
    campaign: Campaign | None = None  # after the edits

    @property
    def text(self) -> str:
        """What to do, in a sentence."""
        what = "; ".join(e.words for e in self.edits)
        return f"{what[0].upper()}{what[1:]}." if what else "No edit alone helps: start again with other people or another offer."


def cheapest(campaign: Campaign, findings: Sequence[Finding], policy: ReviewSettings) -> Fix:
    """Take every edit that a finding suggests, then leave out again, the dearest first, whatever is not needed."""
    edits = sorted(_edits(campaign, [f for f in findings if f.severity != "note"]), key=lambda e: e.cost)
    best = _after(campaign, edits, policy)
    for edit in reversed(edits):
        fewer = [e for e in best.edits if e is not edit]
        without = _after(campaign, fewer, policy)
        if RANK.index(without.verdict) >= RANK.index(best.verdict):
            best = without
    return best


def _after(campaign: Campaign, edits: Sequence[Edit], policy: ReviewSettings) -> Fix:
    for edit in edits:
        campaign = edit.change(campaign)
        if campaign.plan is not None and edit.stay is not None:
            stay = edit.stay(campaign.plan)
            campaign = campaign if stay.all() else with_people(campaign, campaign.plan, stay)
    findings = judge(campaign, policy)
    return Fix(tuple(edits), verdict(findings), score(campaign, findings)[0], campaign)


def _edits(campaign: Campaign, findings: Sequence[Finding]) -> list[Edit]:
    """What the findings suggest, each edit once."""
    wanted = {f.fix for f in findings}
    edits = [_ALWAYS[name] for name in _ALWAYS if name in wanted]
    if "drop_input" in wanted and campaign.inputs:
        edits.append(_drop_inputs(campaign))
    places = {place.strip() for f in findings if f.fix in DROPPING for place in f.where.split(",")}
    edits += _drops(campaign, places)
    told = {place.split(":")[0] for place in places}
    edits += [_leave_out(t) for t in (*campaign.inferred, *campaign.lineage, *campaign.sources) if t.where in told]
    if "fewer_conditions" in wanted:
        dropped = {e.words for e in edits}
        spare = sorted((c for c in campaign.conditions if c.count), key=lambda c: -c.count)
        edits += [e for c in spare if (e := _drop(c.where, c.field)).words not in dropped and sum(x.count for x in spare) >= TOO_MANY]
    if "drop_exclusion" in wanted:
        edits += [
            _drop(c.where, c.field)
            for c in campaign.conditions
            if c.excluded and all(e.words != _drop(c.where, c.field).words for e in edits)
        ]
        edits.append(Edit("measure the selection rates again, until no group is left behind", _measured_again, "changes", 3))
    return edits


DROPPING = frozenset({"drop_condition", "adults_only", "drop_source", "purpose", "drop_exclusion"})


def _drops(campaign: Campaign, places: set[str]) -> list[Edit]:
    """Of the conditions found; a rule of a plan's segment goes with its segment."""
    edits: dict[str, Edit] = {}
    segments = {c.where: c.segment for c in campaign.plan.chosen_by} if campaign.plan else {}
    for c in campaign.conditions:
        if any(place.startswith(c.where) for place in places):
            segment = segments.get(c.where)
            edit = _drop(c.where, c.field) if segment is None else _without_segment(segment)
            edits.setdefault(c.where if segment is None else edit.words, edit)
    return list(edits.values())


def _without_segment(segment: int) -> Edit:
    prefix = f"segments.{segment}."

    def change(campaign: Campaign) -> Campaign:
        return replace(campaign, conditions=tuple(c for c in campaign.conditions if not c.where.startswith(prefix)))

    def stay(plan: Plan) -> NDArray[np.bool_]:
        return np.asarray(plan.audience.segment != segment, dtype=bool)

    return Edit(f"leave segment {segment} out", change, "people of that segment are left out", 2, stay)


def _drop_inputs(campaign: Campaign) -> Edit:
    names = [f.name for f in campaign.inputs if f.sensitivity != "none"] or [f.name for f in campaign.inputs]

    def change(campaign: Campaign) -> Campaign:
        kept = tuple(f for f in campaign.inputs if f.name not in names)
        conditions = tuple(c for c in campaign.conditions if c.leaf not in names)
        return replace(campaign, inputs=kept, conditions=conditions, measured=replace(campaign.measured, leak={}))

    return Edit(f"leave {', '.join(names)} out of features.include and prepare again", change, "changes; preparing again tells", 3)


def _drop(where: str, field: str) -> Edit:
    def change(campaign: Campaign) -> Campaign:
        return replace(campaign, conditions=tuple(c for c in campaign.conditions if c.where != where))

    return Edit(f"drop the condition on {field}", change, "grows; by how many cannot be estimated, because no people are given", 3)


def _leave_out(text: Text) -> Edit:
    def change(campaign: Campaign) -> Campaign:
        kept = {name: tuple(t for t in getattr(campaign, name) if t.where != text.where) for name in ("inferred", "lineage", "sources")}
        return replace(campaign, inferred=kept["inferred"], lineage=kept["lineage"], sources=kept["sources"])

    return Edit(f"do not choose people by '{text.text}'", change, "grows; by how many cannot be estimated, because no people are given", 3)


def _neutral(campaign: Campaign) -> Campaign:
    return replace(campaign, copy=(Text("message.body", "An offer from our shop for everyone."),))


def _by_email(campaign: Campaign) -> Campaign:
    return replace(campaign, channels=("email",))


def _consenting(campaign: Campaign) -> Campaign:
    return replace(
        campaign, consent=Consent("consent", campaign.consent.purposes or ("marketing",), campaign.consent.opt_in, campaign.consent.notice)
    )


def _for_marketing(campaign: Campaign) -> Campaign:
    given = campaign.consent
    return replace(campaign, consent=Consent(given.basis, (*given.purposes, "marketing"), given.opt_in, given.notice))


def _fewer(campaign: Campaign) -> Campaign:
    return campaign if campaign.plan else replace(campaign, contacts=contacts(MANY[7], MANY[30]))


def _held_out(campaign: Campaign) -> Campaign:
    if campaign.plan is None:
        return campaign
    stay = np.asarray(np.cumsum(campaign.plan.audience.contacted()) % HELD != 0, dtype=bool)
    return with_people(campaign, campaign.plan, stay, held_out=True)


def _named(campaign: Campaign) -> Campaign:
    return replace(campaign, jurisdiction="named")


def _everybody(plan: Plan) -> NDArray[np.bool_]:
    return np.ones(len(plan.audience.customer_ids), dtype=bool)


def _few_contacts(plan: Plan) -> NDArray[np.bool_]:
    return np.asarray((plan.contacts_7d + 1 <= MANY[7]) & (plan.contacts_30d + 1 <= MANY[30]), dtype=bool)


def _proven(plan: Plan) -> NDArray[np.bool_]:
    return np.array([bool(proof) for proof in plan.consent], dtype=bool)


def _on_email(plan: Plan) -> NDArray[np.bool_]:
    return np.asarray(np.equal(plan.audience.channel, "email"), dtype=bool)


def _uniform(campaign: Campaign) -> Campaign:
    return replace(campaign, pricing="uniform", prices=None)


def _wider(campaign: Campaign) -> Campaign:
    return replace(campaign, size=max(campaign.size, COMFORTABLE))


def _measured_again(campaign: Campaign) -> Campaign:
    unequal = {f.where.rsplit(".", 1)[-1] for f in disparate_impact(campaign, ReviewSettings()) if "selection_ratio" in f.where}
    ratio = {name: rate for name, rate in campaign.measured.ratio.items() if name not in unequal}
    return replace(campaign, measured=replace(campaign.measured, ratio=ratio))


def _other_facts(campaign: Campaign) -> Campaign:
    return replace(campaign, measured=Measured(leak=campaign.measured.leak))


_ALWAYS = {
    "name_country": Edit("write project.country in netlift.toml", _named, "unchanged", 0, _everybody),
    "hold_out": Edit("hold out 10 % (experiment.holdout = 0.1)", _held_out, "one in ten gets no message", 1, _everybody),
    "neutral_copy": Edit("write a neutral text that names the offer only, also in links and codes", _neutral, "unchanged", 0, _everybody),
    "uniform_price": Edit("offer everybody the same price", _uniform, "unchanged", 0, _everybody),
    "fewer_contacts": Edit(
        "send so few that nobody gets more than 3 in 7 and 8 in 30 days", _fewer, "whoever had more already is left out", 1, _few_contacts
    ),
    "other_channel": Edit("send it by e-mail", _by_email, "people without an e-mail address are left out", 1, _on_email),
    "consent_filter": Edit(
        "keep only people whose consent for this channel is on file", _consenting, "people without a proof are left out", 2, _proven
    ),
    "purpose": Edit("ask for consent to marketing first", _for_marketing, "people who do not agree are left out", 2),
    "other_facts": Edit("choose people by other facts and measure again, until nothing protected is told", _other_facts, "changes", 3),
    "widen": Edit(f"widen the audience to {COMFORTABLE} people or more", _wider, f"grows to at least {COMFORTABLE}", 2),
}
