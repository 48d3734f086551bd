"""Which estimate to believe, and the sentence that says so and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtri

from netlift.errors import NotEnoughData
from netlift.measurement.difference_in_differences import comparable_windows, compare, no_campaign_before_or_after
from netlift.measurement.past import ANY
from netlift.measurement.summaries import Summaries
from netlift.measurement.words import interval, percent, signed
from netlift.records import Estimate

# Controls without any campaign in the same days come first: only they are compared with nothing else going on. Those never
# targeted were left alone for a reason, and those merely not in this campaign are mostly in another one.
# After them the daily series: a control of other customers before the calendar alone.
BELIEVED = (
    "did_no_campaign_before_or_after",
    "did_never_targeted",
    "did_not_in_campaign",
    "two_way_fixed_effects",
    "structural_time_series",
    "ar1_gls",
)
HELD_OUT = "holdout_did"
FOUND = float(ndtri(0.975) + ndtri(0.8))  # standard errors of a lift that is found with 80 % probability at 5 %, two-sided


def believed(estimates: Sequence[Estimate]) -> Estimate | None:
    """The most credible estimate over all campaigns, or None where only naive ones could be had.

    Randomised before adjusted; a holdout that no lot drew comes first among the adjusted only where there is no other.
    """
    named = _over_all(estimates)
    held = named.get(HELD_OUT)
    if held is not None and held.evidence == "randomised":
        return held
    return next((named[name] for name in (*BELIEVED, HELD_OUT) if name in named), None)


def sentence(summaries: Summaries, estimates: Sequence[Estimate], *, holdout: float) -> str:
    """What was found, which figure to believe and why, and what would settle it; from the figures alone."""
    named, best = _over_all(estimates), believed(estimates)
    parts = [_naive(summaries, named)]
    if best is None:
        parts.append("No comparison with other customers could be made, so there is no evidence of a lift.")
    else:
        others = [e for e in named.values() if e.evidence == "adjusted" and e is not best]
        parts += [_adjusted(best, others), _money(best), _verdict(best, others)]
    if best is None or best.evidence != "randomised":
        parts.append(_plan(summaries, holdout))
    return " ".join(part for part in parts if part)


def _over_all(estimates: Sequence[Estimate]) -> Mapping[str, Estimate]:
    return {e.estimator: e for e in estimates if e.scope == ANY and e.lift is not None}


def _naive(summaries: Summaries, named: Mapping[str, Estimate]) -> str:
    """The naive figure and what the data say against it."""
    if "naive_pooled" not in named or named["naive_pooled"].lift is None:
        return "The usual comparison of days with and without a campaign cannot be made."
    lift = named["naive_pooled"].lift
    bought = f"{percent(lift)} {'more' if lift >= 0 else 'less'}"
    text = f"Customers bought {bought} on days of a campaign addressed to them than on days without one (naive)"
    against = []
    try:
        ratio = compare(summaries, ANY, no_campaign_before_or_after).before_ratio
    except NotEnoughData:
        ratio = 1.0
    if ratio > 1.1:
        already = f"before them they already bought {ratio:.1f} times as much as customers without one"
        against.append(f"heavy buyers are in more campaigns ({already})")
    within = named.get("naive_within")
    if within is not None and within.lift is not None and abs(within.lift) < abs(lift) / 2:
        against.append(f"each customer's own days differ by only {signed(within.lift)}")
    if not against:
        if any(e.evidence == "randomised" and e.lift is not None for e in named.values()):
            return f"{text}, but that compares other days and people."
        return f"{text}, but that is not the effect of the campaigns, because lists and dates were not drawn at random."
    return f"{text}, but that is selection: {', and '.join(against)}."


def _adjusted(best: Estimate, others: Sequence[Estimate]) -> str:
    lifts = sorted(e.lift for e in others if e.lift is not None)
    spread = f"; the other adjusted comparisons show {signed(lifts[0])} to {signed(lifts[-1])}" if lifts else ""
    figure = f"{signed(best.lift or 0)} {interval(best.low or 0, best.high or 0)}"
    return f"Believe rather the comparison with {best.comparison}: the same campaigns show {figure}{spread}."


def _money(best: Estimate) -> str:
    """What it earned, where the margin is known."""
    if best.incremental_profit is None or best.profit_low is None or best.profit_high is None:
        return ""
    earned, low, high = (f"{value:+,.0f}".replace("-", "−") for value in (best.incremental_profit, best.profit_low, best.profit_high))
    back = "" if best.return_on_spend is None else f", {signed(best.return_on_spend)} of what was spent"
    return f"After margin and the contacts' cost that is {earned} [{low}, {high}] in profit{back}."


def _verdict(best: Estimate, others: Sequence[Estimate]) -> str:
    every = [best, *others]
    if any("cannot tell" in warning for warning in best.warnings):
        return f"With {best.customers} customers this cannot tell whether the campaigns raised sales."
    if best.evidence == "randomised":
        verdict = "raised sales" if (best.low or 0) > 0 else "lowered sales" if (best.high or 0) < 0 else None
        return f"The holdout was drawn at random: the campaigns {verdict}." if verdict else "That cannot be told from chance."
    if all((e.low or 0) > 0 for e in every):
        return "All adjusted comparisons point to a lift, but the lists were not drawn at random: an indication, not a proof."
    if best.low is not None and best.low > 0:
        return "The comparisons do not agree and the lists were not drawn at random, so the evidence of a lift is weak."
    if best.high is not None and best.high < 0:
        return "The lists were not drawn at random, so this is no proof of harm either, but there is no evidence of a lift."
    return "The interval includes zero and the lists were not drawn at random, so there is no evidence of a lift."


def _plan(summaries: Summaries, holdout: float) -> str:
    """What a random holdout would have found in the largest comparable campaign.

    Variance of sales during the campaign that is left after the sales before it (CUPED): v = s²·(1 − r²); smallest lift
    found = 2.8·√(v/n_held + v/n_contacted) / mean.
    """
    try:
        window = max(comparable_windows(summaries, ANY), key=lambda w: int(w.treated.sum()))
    except NotEnoughData:
        return "A holdout drawn at random is needed."
    before, during = window.before[window.treated], window.during[window.treated]
    n = len(during)
    if n < 20 or before.std() == 0 or during.std() == 0 or during.mean() <= 0:
        return "A holdout drawn at random is needed."
    left = float(np.var(during, ddof=1) * (1 - np.corrcoef(before, during)[0, 1] ** 2))
    found = {
        share: FOUND * float(np.sqrt(left / n * (1 / share + 1 / (1 - share)))) / float(during.mean()) for share in (holdout or 0.1, 0.5)
    }
    options = " and ".join(
        f"one of {percent(share, 0)} would have found a lift of {percent(lift, 0)} or more" for share, lift in found.items()
    )
    return f"A holdout drawn at random is needed: in the largest campaign ({n:,} customers) {options}, with 80 % probability."
