"""How features are scaled before clustering, fitted once and applied to any customers (notes/segmentation.md 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netlift.errors import InputError, NotEnoughData
from netlift.records import Feature, Features, Floats

CLIP = (0.005, 0.995)  # quantiles outside which a scaled feature is cut, so that a few giants do not make the segments
MISSING = 0.5  # share of customers without a fact, above which their median would make a group of its own
LARGEST = 1e100  # of a value: the squares of larger ones, and their sums, are no numbers
SHARE_EDGE = 1e-3  # shares are kept this far from 0 and 1 before the logit


@dataclass(frozen=True, slots=True)
class Prep:
    """The fitted scaling of the input features. All arrays have one entry per kept feature (p,)."""

    features: tuple[Feature, ...]
    columns: tuple[int, ...]  # of the kept features in Features.values
    plain: bool  # plain z-scores: neither log nor logit nor clipping
    filling: Floats  # raw value that stands for a missing one
    low: Floats  # clip bounds after log or logit
    high: Floats
    mean: Floats
    sd: Floats
    varies: NDArray[np.bool_]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kept features."""
        return tuple(f.name for f in self.features)

    def raw(self, values: Floats) -> Floats:
        """The kept features in their own units with missing values filled, (n, p) from (n, all features)."""
        kept = values[:, list(self.columns)]
        return np.where(np.isnan(kept), self.filling, kept)

    def unclipped(self, values: Floats) -> Floats:
        """After log and logit only, (n, p)."""
        return _bend(self.raw(values), self.features, plain=self.plain)

    def apply(self, values: Floats) -> Floats:
        """Scaled features, (n, p), from the values of all features, (n, all)."""
        return (np.clip(self.unclipped(values), self.low, self.high) - self.mean) / self.sd


def fit(features: Features, scale: Literal["auto", "standard"]) -> tuple[Prep, tuple[str, ...]]:
    """Fit the scaling on all customers; also what was left out or filled, in words.

    Raises:
        InputError: an input is unknown or holds an infinite value.
        NotEnoughData: no input is left that differs between customers.
    """
    known = {f.name: j for j, f in enumerate(features.features)}
    warnings: list[str] = []
    columns: list[int] = []
    for name in dict.fromkeys(features.inputs):
        if name not in known:
            raise InputError(f"The input '{name}' is not among the features; they are {', '.join(known)}.")
        remark = _unusable(name, features.values[:, known[name]])
        warnings += [remark] if remark else []
        columns += [] if remark else [known[name]]
    plain = scale == "standard"
    kept, remarks = _distinct(_fitted(features, tuple(columns), plain=plain), features)
    warnings += remarks
    if not kept:
        raise NotEnoughData("No input feature differs between customers, so there is nothing to segment by; add features or tables.")
    warnings += [_filled(features, c) for c in kept if np.isnan(features.values[:, c]).any()]
    warnings += _split_categories(features, kept)
    return _fitted(features, kept, plain=plain), tuple(warnings)


def _unusable(name: str, column: Floats) -> str:
    """Why a column cannot be used, or nothing."""
    infinite = int(np.isinf(column).sum())
    if infinite:
        raise InputError(
            f"The feature '{name}' is infinite for {infinite} customers; leave out impossible amounts, or use nullif in its divisor."
        )
    present = column[~np.isnan(column)]
    if len(present) == 0:
        return f"{name} is missing for every customer and was left out."
    if np.abs(present).max() > LARGEST:
        return (
            f"{name} runs up to {np.abs(present).max():.3g}, beyond what can be compared, and was left out; leave out impossible amounts."
        )
    missing = len(column) - len(present)
    if missing > MISSING * len(column):
        return (
            f"{name} is missing for {missing:,} of {len(column):,} customers and was left out: one value for all of them would look like a "
            "group."
        )
    if present.min() == present.max():
        return f"{name} is the same ({present[0]:g}) for every customer and was left out."
    return ""


def _filled(features: Features, column: int) -> str:
    values = features.values[:, column]
    missing = int(np.isnan(values).sum())
    return f"{features.features[column].name} is missing for {missing:,} customers, who count with the median ({np.nanmedian(values):.4g})."


def _split_categories(features: Features, columns: Sequence[int]) -> list[str]:
    """Sets of 0/1 columns of which every customer has exactly one: one fact, which alone makes groups with gaps between them."""
    binary = [c for c in columns if np.isin(features.values[:, c], (0.0, 1.0)).all()]
    remarks, left = [], binary
    while len(left) > 2:
        first, *others = left
        one = [first]
        for c in others:
            if not (features.values[:, [*one, c]].sum(axis=1) > 1).any():
                one.append(c)
        if len(one) > 2 and (features.values[:, one].sum(axis=1) == 1).all():
            names = ", ".join(features.features[c].name for c in one)
            remarks.append(f"{names} are one category in 0/1 columns: groups may be no more than its values; leave them out to see others.")
        left = [c for c in left if c not in one] if len(one) > 2 else others
    return remarks


def _fitted(features: Features, columns: tuple[int, ...], *, plain: bool) -> Prep:
    chosen = tuple(features.features[c] for c in columns)
    kept = features.values[:, list(columns)]
    filling = np.nanmedian(kept, axis=0) if columns else np.empty(0)
    bent = _bend(np.where(np.isnan(kept), filling, kept), chosen, plain=plain)
    low, high = np.full(len(columns), -np.inf), np.full(len(columns), np.inf)
    if not plain and columns:
        low, high = np.quantile(bent, CLIP, axis=0)
        rare = low == high  # nearly always the same value: clipping would make it constant
        low, high = np.where(rare, -np.inf, low), np.where(rare, np.inf, high)
    clipped = np.clip(bent, low, high)
    varies = np.ptp(clipped, axis=0) > 0 if columns else np.empty(0, dtype=bool)
    sd = np.where(varies, clipped.std(axis=0), 1.0)
    return Prep(chosen, columns, plain, filling, low, high, clipped.mean(axis=0), sd, varies)


def _bend(raw: Floats, features: tuple[Feature, ...], *, plain: bool) -> Floats:
    """Log and logit where a feature asks for them. The log is signed, so that refunds above sales stay in order."""
    if plain:
        return raw
    bent = raw.copy()
    for j, feature in enumerate(features):
        if feature.scale == "log":
            bent[:, j] = np.sign(raw[:, j]) * np.log1p(np.abs(raw[:, j]))
        elif feature.scale == "logit":
            share = np.clip(raw[:, j], SHARE_EDGE, 1 - SHARE_EDGE)
            bent[:, j] = np.log(share / (1 - share))
    return bent


def _distinct(prep: Prep, features: Features) -> tuple[tuple[int, ...], list[str]]:
    """Columns that still vary once scaled and are not equal to an earlier one; the others in words."""
    z = prep.apply(features.values)
    first: dict[bytes, str] = {}  # by the customers' order: a copy stays one on whatever scale
    kept, remarks = [], []
    for j, name in enumerate(prep.names):
        if not prep.varies[j]:
            remarks.append(f"{name} hardly differs between customers once scaled and was left out.")
            continue
        same_as = first.setdefault(np.unique(np.round(z[:, j], 9) + 0.0, return_inverse=True)[1].tobytes(), name)
        if same_as == name:
            kept.append(prep.columns[j])
        else:
            remarks.append(f"{name} says the same as {same_as} and was left out.")
    return tuple(kept), remarks
