"""Inputs that know the answers which judge the segments: made from them, or recorded after the contact."""

from __future__ import annotations

from scipy.stats import rankdata

from netlift.records import Features, Floats, Outcome
from netlift.segments.usefulness import Bools

ENOUGH = 30  # customers with, and without, an answer, from which an input can be accused
TIMELESS = frozenset({"attribute", "survey", "enrichment"})  # groups of features that do not follow what customers do
ALONE = 0.99  # area under the ROC curve from which an input tells the answer alone
HALF = 0.5  # share of the contacted below (or above) everybody who answered, from which an input tells who does not answer


def circular(features: Features, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the inputs that were made from the outcome."""
    if features.outcome is None:
        return ()
    known = features.outcome.columns
    return tuple(f.name for f in features.features if f.name in inputs and (f.uses_response or f.name in known))


def telling(outcome: Outcome, inputs: tuple[str, ...], values: Floats) -> tuple[str, ...]:
    """Names of the inputs, values (n, p) without missing ones, that tell who answers almost by themselves."""
    contacted = outcome.contacts.sum(axis=1) > 0
    answered = outcome.responses.sum(axis=1)[contacted] > 0
    if min(answered.sum(), (~answered).sum()) < ENOUGH:
        return ()
    return tuple(name for name, column in zip(inputs, values[contacted].T, strict=True) if _tells(column, answered))


def _tells(column: Floats, answered: Bools) -> bool:
    ones, zeros = int(answered.sum()), int((~answered).sum())
    area = (rankdata(column)[answered].sum() - ones * (ones + 1) / 2) / (ones * zeros)
    answers = column[answered]
    silent = max((column < answers.min()).mean(), (column > answers.max()).mean())
    return bool(max(area, 1 - area) >= ALONE or silent >= HALF)


def circular_in_words(names: tuple[str, ...], outcome: Outcome) -> str:
    """The warning that the outcome which judges the segments also made them."""
    judge = ", ".join(outcome.columns) or outcome.accounting.name
    return (
        f"The outcome that judges the segments ({judge}) is also an input ({', '.join(names)}): figures for the segments are too good; "
        "leave it out of features.include to see the honest ones."
    )


def _later(features: Features, inputs: tuple[str, ...]) -> bool:
    """Whether inputs look at a time in which customers already acted on the campaigns that judge."""
    outcome = features.outcome
    if outcome is None or not outcome.overlaps or outcome.columns:
        return False
    return any(f.name in inputs and f.group not in TIMELESS for f in features.features)


def _later_in_words(outcome: Outcome) -> str:
    return (
        f"The campaigns that judge the segments ({outcome.accounting.name}) began before the date of the features, so what customers did "
        "because of them is in the inputs: figures for the segments are too good; set features.as_of to the day the first of them began."
    )


def telling_in_words(names: tuple[str, ...]) -> str:
    """The warning that inputs were probably recorded too late."""
    one = len(names) == 1
    return (
        f"The input{'' if one else 's'} {' and '.join(names)} tell{'s' if one else ''} the answer almost by "
        f"{'itself: was it' if one else 'themselves: were they'} recorded after the contact? Then leave {'it' if one else 'them'} out of "
        "features.include."
    )


def warnings(features: Features, inputs: tuple[str, ...], values: Floats) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Warnings about inputs made from the outcome, and about those that tell it although they were not."""
    if features.outcome is None:
        return (), ()
    made = circular(features, inputs)
    late = () if made or not _later(features, inputs) else (_later_in_words(features.outcome),)
    told = tuple(name for name in telling(features.outcome, inputs, values) if name not in made)
    return (circular_in_words(made, features.outcome),) if made else late, (telling_in_words(told),) if told else ()
