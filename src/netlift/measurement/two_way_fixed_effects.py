"""Weekly panel regression with an own level for each customer and each week.

y_it = α_i + γ_t + Σ_j β_j·x_ijt + e_it; y = mean daily sales of customer i in week t, x_j = share of the week's days under
campaigns of type j. Customer and week means are removed (exact in this balanced panel), then least squares on all types
together. Assumes: the effect is the same for all customers and weeks, and without campaigns everybody would have moved with
the week. Source: Angrist, Pischke, Mostly Harmless Econometrics, section 5.1.

Covariance (Liang, Zeger 1986), customers as clusters, no small-sample factor: A⁻¹·(Σ_i s_i s_iᵀ)·A⁻¹ with A = Σ_i Σ_t x̃x̃ᵀ and
s_i = Σ_t x̃_it·ẽ_it = (Σ_t x̃ỹ)_i − (Σ_t x̃x̃ᵀ)_i·β.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.figure import ALL_ALIKE, NO_SPREAD, Figure, t_quantile
from netlift.measurement.summaries import Panel, Summaries
from netlift.records import Floats

ROUNDING = 1e-10  # of a customer: less variation than this is none
SMALLEST_EIGENVALUE = 1e-9  # of the scaled regressors' cross product: below it types cannot be told apart


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Per type: money a customer-day under the campaign, and standard errors. Arrays (m,)."""

    beta: Floats
    error: Floats


def fit(panel: Panel) -> Coefficients:
    """Coefficients of all types.

    Raises:
        NotEnoughData: a type's share never varies, or two types always run together.
    """
    xx, xy = panel.cross[:, 1:, 1:], panel.cross[:, 1:, 0]
    a = xx.sum(axis=0)
    size = np.sqrt(np.maximum(np.diag(a), 0))
    # asked so that NaN, of a sum that rounding made negative, is no answer either; shares are at most 1, so rounding grows with customers
    if not np.all(size**2 > ROUNDING * len(xx)) or not np.linalg.eigvalsh(a / np.outer(size, size)).min() >= SMALLEST_EIGENVALUE:
        raise NotEnoughData("the campaign days do not vary between customers and weeks, or two types always run together")
    beta = np.linalg.solve(a, xy.sum(axis=0))
    scores = xy - xx @ beta
    inverse = np.linalg.inv(a)
    covariance = inverse @ (scores.T @ scores) @ inverse
    return Coefficients(beta, np.sqrt(np.diag(covariance)))


def two_way_fixed_effects(summaries: Summaries, scope: str, *, targeted_only: bool = False) -> Figure:
    """Coefficient of one type relative to its customers' mean sales on days without any campaign.

    Raises:
        NotEnoughData: the regression cannot be solved, or those customers have no sales on free days.
    """
    panel = summaries.panel_targeted if targeted_only else summaries.panel
    if scope not in panel.kinds:
        raise NotEnoughData("the campaigns have types, and their effects are estimated together, one a type")
    days, found = summaries.days[scope], fit(panel)
    if len(days.days_in) < 2 or days.sales_out.sum() <= 0:
        raise NotEnoughData("fewer than two of its customers have sales on days without a campaign")
    base = float(days.sales_out.sum() / days.days_out.sum())
    j = panel.kinds.index(scope)
    beta, half = float(found.beta[j]), t_quantile(len(days.days_in)) * float(found.error[j])
    if half / base < NO_SPREAD:
        raise NotEnoughData(ALL_ALIKE)
    usual = base * float(days.days_in.sum())  # sales on the campaign days as on free days
    return Figure(beta / base, (beta - half) / base, (beta + half) / base, len(days.days_in), lambda lift: lift * usual)
