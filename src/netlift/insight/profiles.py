"""Profiles of segments, and names in words made from the clearest differences."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netlift.engine import Session, quoted
from netlift.records import Feature, Features, Floats, Ints, Trait

CLEAR = 0.3  # standard deviations of all customers from which a difference is called clear
VERY = 1.5  # ... and from which it is called very high or very low
RESTS_ON = {"category": "categories", "channel": "channels", "forecast": "spend"}  # by group of features: the key of their sufficiency
STAGE = "stage"  # unit of codes, whose mean says nothing
ALIKE = 0.7  # correlation from which two features say the same in a name


@dataclass(frozen=True, slots=True)
class Averages:
    """Mean of every feature, (p,), by segment and of all customers, and the standard deviation of all; NaN where nobody has the fact."""

    by_segment: Mapping[int, Floats]
    base: Floats
    sd: Floats
    known: Mapping[int, Floats]  # share of each segment's customers with the fact, (p,)


def averages(features: Features, segment: Ints) -> Averages:
    """From values that are all at hand, and segments (n,)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature that nobody has: its mean is NaN
        means = {int(s): np.nanmean(features.values[segment == s], axis=0) for s in np.unique(segment)}
        known = {s: np.asarray((~np.isnan(features.values[segment == s])).mean(axis=0)) for s in means}
        return Averages(means, np.nanmean(features.values, axis=0), np.nanstd(features.values, axis=0), known)


def averages_in(session: Session, features: Features) -> Averages:
    """From the session's tables `features` and `assigned`, where the values at hand are a sample."""
    facts = [f"nullif(f.{quoted(f.name)}, CAST('NaN' AS DOUBLE))" for f in features.features]
    means = ", ".join(f"avg({fact})" for fact in facts)
    spreads = ", ".join(f"stddev_pop({fact})" for fact in facts)
    joined = "features AS f JOIN assigned AS a ON f.customer_id = a.customer_id"
    shares = ", ".join(f"count({fact}) * 1e0 / count(*)" for fact in facts)
    found = session.rows(f"SELECT a.segment, {means}, {shares} FROM {joined} GROUP BY a.segment")
    everybody = np.array(session.rows(f"SELECT {means}, {spreads} FROM features AS f")[0], dtype=np.float64)
    by_segment = {int(row[0]): np.array(row[1 : len(facts) + 1], dtype=np.float64) for row in found}
    known = {int(row[0]): np.array(row[len(facts) + 1 :], dtype=np.float64) for row in found}
    return Averages(by_segment, everybody[: len(facts)], everybody[len(facts) :], known)


def profile(features: Features, inputs: tuple[str, ...], found: Averages, *, segments: Ints, segment: int) -> tuple[Trait, ...]:
    """Mean of every feature in a segment beside the mean of all customers, whose segments are (n,); inputs of the segmentation first."""
    mean, base, sd = found.by_segment[segment], found.base, found.sd
    difference = np.divide(mean - base, sd, out=np.zeros(len(sd)), where=sd > 0)
    traits = []
    for j, f in enumerate(features.features):
        if f.unit != STAGE:
            tiers = features.sufficiency.get(RESTS_ON.get(f.group, ""))
            here = None if tiers is None else tiers[segments == segment]
            own = (float(found.known[segment][j]), 0.0) if here is None else (float((here == t).mean()) for t in ("enough", "shrunk"))
            traits.append(Trait(f.name, float(mean[j]), float(base[j]), f.unit, float(difference[j]), *own))
    return tuple(sorted(traits, key=lambda t: t.feature not in inputs))  # a stable sort keeps the order of the features


def names(features: Features, inputs: tuple[str, ...], profiles: dict[int, tuple[Trait, ...]]) -> dict[int, str]:
    """A distinct name for every segment, from at least two clear differences in the inputs where there are two."""
    likeness = _likeness(features, inputs)
    known = {f.name: f for f in features.features}
    named: dict[int, str] = {}
    for segment, traits in profiles.items():
        clear = _clearest([t for t in traits if t.feature in inputs], likeness)
        named[segment] = _name(segment, [in_words(t, known[t.feature]) for t in clear], taken=set(named.values()))
    return named


def _name(segment: int, traits: list[str], taken: set[str]) -> str:
    """The two clearest differences; a third where another segment has the same two; the number where that does not help."""
    if not traits:
        return f"Segment {segment} (close to average)"
    if len(traits) == 1:
        return f"Segment {segment} ({traits[0]})"
    for count in (2, 3):
        name = ", ".join(traits[:count])
        name = name[0].upper() + name[1:]
        if name not in taken:
            return name
    return f"{name} ({segment})"


def in_words(trait: Trait, feature: Feature) -> str:
    """A difference in a few words, e.g. "very high spend": the feature's own words, else high or low and its name."""
    degree = "very " if abs(trait.difference) >= VERY else ""
    much = trait.difference > 0
    if feature.words:
        return degree + feature.words[much]
    return f"{degree}{'high' if much else 'low'} {feature.name.replace('_', ' ')}"


def _clearest(traits: list[Trait], likeness: dict[tuple[str, str], float]) -> list[Trait]:
    """Clear differences, clearest first, leaving out those that repeat a clearer one."""
    kept: list[Trait] = []
    for trait in sorted(traits, key=lambda t: -abs(t.difference)):
        if abs(trait.difference) >= CLEAR and all(likeness[trait.feature, k.feature] < ALIKE for k in kept):
            kept.append(trait)
    return kept


def _likeness(features: Features, inputs: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Absolute correlation of every pair of inputs; a missing value counts as the mean."""
    columns = np.column_stack([_centered(features.column(name)) for name in inputs])
    products = columns.T @ columns
    return {(a, b): abs(float(products[i, j])) for i, a in enumerate(inputs) for j, b in enumerate(inputs)}


def _centered(column: Floats) -> Floats:
    """A column with mean 0 and length 1, (n,)."""
    centered = np.nan_to_num(column - np.nanmean(column))
    length = float(np.sqrt((centered**2).sum()))
    return np.asarray(centered / length if length > 0 else centered)
