"""The verb: who is held out, who is treated, and who gets which offer of an A/B test."""

from __future__ import annotations

import numpy as np

from netlift.errors import InputError
from netlift.experiments.power import detectable_difference
from netlift.experiments.sample_ratio import LIMIT, sample_ratio_p
from netlift.records import Assignment, Choice, Features, Floats, Ints, Outcome, Texts
from netlift.settings import Settings

HOLDOUT, TREATED = "holdout", "treated"


def assign(
    settings: Settings, features: Features, choice: Choice, *, experiment: str, u: Floats, segment: Ints | None = None
) -> Assignment:
    """The arms of everybody who may be contacted, by their draws `u`, (n,) in [0, 1).

    The holdout takes the draws from 0 up to its share, so a larger share keeps the customers it already holds out.
    In segments (`segment`, (n,)) with the recommendation `ab_test` the treated are split into equal parts, one an offer.

    Raises:
        InputError: lengths differ; a customer stands in the features twice.
    """
    ids = features.customer_ids
    if not len(choice.excluded_reason) == len(u) == len(ids):
        given = f"{len(choice.excluded_reason)} choices and {len(u)} draws"
        raise InputError(f"There are {len(ids)} customers, {given}; they must be the same customers.")
    if len(set(ids.tolist())) != len(ids):
        raise InputError("A customer stands in the features twice; each may be drawn once.")
    share = settings.experiment.holdout
    free = np.array([reason is None for reason in choice.excluded_reason], dtype=bool)
    arm: Texts = np.full(len(ids), None, dtype=object)
    arm[free] = np.where(u[free] < share, HOLDOUT, TREATED)
    counts = {HOLDOUT: int(np.sum(arm == HOLDOUT)), TREATED: int(np.sum(arm == TREATED))}
    detectable = _detectable(features.outcome, counts)
    note = _note(share, counts=counts, base=_base(features.outcome), detectable=detectable)
    if segment is None and any(r.action == "ab_test" for r in choice.recommendations):
        note += " The A/B tests are not split, because the customers' segments were not given: all get the first offer."
    return Assignment(
        experiment=experiment,
        holdout=share,
        arm=arm,
        counts=counts,
        detectable=detectable,
        note=note,
        offer=None if segment is None else _split(choice, segment=segment, u=(u - share) / (1 - share), treated=arm == TREATED),
    )


def _split(choice: Choice, *, segment: Ints, u: Floats, treated: np.ndarray) -> Texts:
    """The offer drawn for the treated of A/B segments; `u` is the draw among the treated, in [0, 1)."""
    offer: Texts = np.full(len(segment), None, dtype=object)
    for recommendation in choice.recommendations:
        if recommendation.action != "ab_test" or len(recommendation.offers) < 2:
            continue
        members = treated & (segment == recommendation.segment)
        part = np.minimum(np.floor(u[members] * len(recommendation.offers)), len(recommendation.offers) - 1)
        offer[members] = np.array(recommendation.offers, dtype=object)[part.astype(int)]
    return offer


def _base(outcome: Outcome | None) -> float | None:
    """Responses per contact in the past, or None where there were no contacts."""
    contacts = 0 if outcome is None else int(outcome.contacts.sum())
    return None if outcome is None or contacts == 0 else float(outcome.responses.sum()) / contacts


def _detectable(outcome: Outcome | None, counts: dict[str, int]) -> float | None:
    base = _base(outcome)
    return None if base is None else detectable_difference(base, held_out=counts[HOLDOUT], treated=counts[TREATED])


def _note(share: float, *, counts: dict[str, int], base: float | None, detectable: float | None) -> str:
    """What this split can show, in words."""
    held, treated = counts[HOLDOUT], counts[TREATED]
    if held + treated == 0:
        return "Nobody may be contacted, so there are no arms."
    arms = f"With {held:,} held out and {treated:,} contacted"
    if held == 0 or treated == 0:
        return f"{arms}, the effect of this campaign cannot be measured; a holdout is needed."
    return " ".join([_what_can_be_found(arms, held=held, treated=treated, base=base, detectable=detectable), *_surprise(share, counts)])


def _what_can_be_found(arms: str, *, held: int, treated: int, base: float | None, detectable: float | None) -> str:
    if base is None:
        return f"{arms}, the smallest difference that would be found is not known, because there are no past contacts with their responses."
    if detectable is None:
        return f"{arms}, no difference in response rate would be found reliably: the arms are too small."
    text = f"{arms}, a response-rate difference of {100 * detectable:.1f} points or more would be found with 80 % probability."
    if detectable <= base:
        return text
    half = (held + treated) // 2
    best = detectable_difference(base, held_out=half, treated=held + treated - half)
    advice = "" if best is None else f"; holding out half would lower it to {100 * best:.1f} points"
    warning = f"That is more than the whole past response rate of {100 * base:.1f} %, so the holdout is too small for a plausible effect"
    return f"{text} {warning}{advice}."


def _surprise(share: float, counts: dict[str, int]) -> list[str]:
    if not 0 < share < 1:
        return []
    p = sample_ratio_p(counts, {HOLDOUT: share, TREATED: 1 - share})
    return (
        []
        if p >= LIMIT
        else [f"The arms are not of the sizes planned ({100 * share:.0f} % held out; p = {p:.1g}): check the customer ids."]
    )
