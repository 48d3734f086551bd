"""What one past campaign with customers held out changed: money, order, gate, and why it may not be believed.

Whether arms were drawn at random is not believed but tested: before the campaign their features must not differ more than chance allows
(Hansen and Bowers, Statistical Science 23, 2008, equation 10). Where the groups are too unequal for so few large amounts, the normal
interval of a difference lies, and none is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from netlift.errors import InputError
from netlift.offers import columns as encoding
from netlift.offers import uplift
from netlift.offers.columns import Column
from netlift.offers.reach import Mask
from netlift.offers.targeting import Ask, Targeting, target
from netlift.offers.uplift import Trial
from netlift.records import Accounting, Floats, Ints, PastEffect, Texts

HELD = "held out"  # what the control arm is called here, whatever the table calls it
MOST = 20_000  # customers of a campaign learnt from
NOT_BY_LOT = 1e-3  # p below which arms were not drawn at random
SKEWED = 0.12  # skewness of the difference beyond which its normal interval lies, see docs/methods/experiments.md
SALES, ANSWERS = "sales on its days", "answers"


@dataclass(frozen=True, slots=True)
class PastCampaign:
    """A past campaign with customers held out: its rows of the features, their arms and outcomes."""

    campaign: str
    offer: str
    rows: Ints  # (m,) positions in features.values
    arm: Texts  # (m,)
    y: Floats  # (m,)
    of: str  # SALES or ANSWERS
    both: int  # customers in two arms, left out
    known: int  # customers with features, of whom `rows` may be a sample


def learnt(campaign: PastCampaign, facts: Mapping[str, Column], books: Accounting, *, seed: int) -> Targeting:
    """Effects out of sample.

    Raises:
        InputError, NotEnoughData: as `target`; and where only contacted customers could answer.
    """
    held = campaign.arm == HELD
    if campaign.of == ANSWERS and not campaign.y[held].any():
        raise InputError("no customer held out has an answer, so answers tell nothing about them; transactions would.")
    columns, _ = encoding.usable({name: values[campaign.rows] for name, values in facts.items()}, ())
    for name in ("an outcome", "an arm"):
        if name in columns:
            raise InputError(f"a feature is named '{name}'; give it another name.")
    columns |= {"an outcome": campaign.y, "an arm": campaign.arm}
    return target(np.arange(len(campaign.y)).astype(str).astype(object), columns, Ask("an outcome", books, "an arm", HELD, seed=seed))


def balance(facts: Mapping[str, Column], rows: Ints, held: Mask) -> float:
    """P of the hypothesis that chance alone made the features of two groups of customers differ as they do (Hansen and Bowers 2008)."""
    columns: dict[str, Column] = {name: values[rows] for name, values in facts.items()}
    X = encoding.fit(columns, np.arange(len(rows))).matrix(columns)
    d = X[held].mean(axis=0) - X[~held].mean(axis=0)
    covariance = np.cov(X, rowvar=False).reshape(X.shape[1], X.shape[1]) * (1 / held.sum() + 1 / (~held).sum())
    inverse = np.linalg.pinv(covariance, hermitian=True)
    return float(chi2.sf(d @ inverse @ d, np.linalg.matrix_rank(covariance, hermitian=True)))


def brings_of(
    campaign: PastCampaign, facts: Mapping[str, Column], books: Accounting, found: Targeting, *, seed: int
) -> tuple[Floats, tuple[str, ...]]:
    """What a contact is expected to bring before its cost, (n,), infinite where the campaign cannot tell, and a remark on those."""
    arm = (campaign.arm != HELD).astype(np.int64)
    trial = Trial(np.empty((len(arm), 0)), arm, campaign.y, np.bincount(arm) / len(arm), seed)
    effect = uplift.scores({n: v[campaign.rows] for n, v in facts.items()}, trial, found.learner, everybody=facts)[:, 0]
    money = books.revenue * effect
    outside = np.ones(len(money), dtype=bool)
    outside[campaign.rows] = False
    if campaign.known > MOST or not outside.any() or balance(facts, np.arange(len(money)), outside) >= NOT_BY_LOT:
        return money, ()
    money[outside] = np.inf
    who = f"{int(outside.sum()):,} customers were not in campaign '{campaign.campaign}' and are others than those who were"
    return money, (f"{who}, so it decides nothing about them.",)


def told_of(campaign: PastCampaign, books: Accounting, found: Targeting, *, differ: float, full: bool) -> PastEffect:
    """The record of what was found; `differ` is the p of `balance`, `full` = no margin is known."""
    held = campaign.arm == HELD
    n, by_lot = len(held), differ >= NOT_BY_LOT
    skew = _skewness(campaign.y[held], campaign.y[~held])
    sure = abs(skew) <= SKEWED
    effect, low, high = (x / n for x in (found.profit_all, found.profit_all_low, found.profit_all_high))
    q, q_low, q_high = (1000 * books.revenue * (x or 0.0) for x in (found.qini, found.qini_low, found.qini_high))
    return PastEffect(
        campaign=campaign.campaign,
        offer=campaign.offer,
        contacted=int((~held).sum()),
        held_out=int(held.sum()),
        of=campaign.of,
        effect=effect,
        low=low if sure else math.nan,
        high=high if sure else math.nan,
        qini=q,
        qini_low=q_low,
        qini_high=q_high,
        by_lot=by_lot,
        personalise=by_lot and bool(found.policy and found.policy["gain_low"] > 0),
        learner=found.learner,
        sentence=_sentence(found, by_lot=by_lot, sure=sure),
        warnings=_warnings(campaign, found, differ=differ, skew=skew, full=full),
    )


def _skewness(small: Floats, large: Floats) -> float:
    """Of the difference of two means: m3 (1/n_s^2 - 1/n_l^2) / (v (1/n_s + 1/n_l))^1.5 with pooled moments."""
    centred = np.concatenate([small - small.mean(), large - large.mean()])
    v, third = float((centred**2).mean()), float((centred**3).mean())
    s, t = 1 / len(small), 1 / len(large)
    return third * (s**2 - t**2) / (v * (s + t)) ** 1.5 if v > 0 else 0.0


def _warnings(campaign: PastCampaign, found: Targeting, *, differ: float, skew: float, full: bool) -> tuple[str, ...]:
    told = list(found.warnings[1:])  # the first one takes the lot on trust, which here is tested
    if abs(skew) > SKEWED:
        told.insert(
            0, f"The groups are too unequal for so few large amounts (skewness {skew:.2f}, {SKEWED} is the most), so no interval is told."
        )
    if differ < NOT_BY_LOT:
        told.insert(0, f"The groups differ before the campaign more than one lot for all would let them (p = {differ:.1g}).")
    if campaign.known > MOST:
        told.append(f"Learnt from {MOST:,} of {campaign.known:,} customers, drawn at random.")
    if campaign.both:
        told.append(f"{campaign.both:,} customers were both held out and contacted, and were left out.")
    if campaign.of == SALES and full:
        told.append("Sales are counted in full; [response] margin would say which share of them is earned.")
    return tuple(told)


def _sentence(found: Targeting, *, by_lot: bool, sure: bool) -> str:
    if not by_lot:
        return "Nothing can be said of what a contact changed: customers were chosen, or drawn with different shares."
    return found.sentence if sure else "Whether contacts paid cannot be told: hold out a larger share next time."
