"""Numbers of statsmodels and pyfixest that netlift's estimators of lift must give too, written to lift.json.

To make them anew, in an environment of its own: pip install statsmodels==0.15.0 pyfixest==0.60.0, then python lift.py here.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import pyfixest as pf
from lift_data import CAMPAIGNS, DAYS, FILE, LENGTH, LEVEL_TO_NOISE, WEEK, series, shop
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.regression.linear_model import GLSAR, OLS
from statsmodels.tsa.statespace.structural import UnobservedComponents


def run() -> dict[str, Any]:
    """The oracles' numbers and versions."""
    return {
        "versions": {name: version(name) for name in ("statsmodels", "pyfixest", "numpy")},
        "checksums": {"sales": float(shop()[0].sum()), "listed": int(shop()[1].sum()), "series": float(series()[0].sum())},
        "ar1": _ar1(),
        "local_level": _local_level(),
        "difference_in_differences": _difference_in_differences(),
        "two_way_fixed_effects": _two_way_fixed_effects(),
    }


def _ar1() -> dict[str, float]:
    y, x = series()
    model = GLSAR(y, x, 1)
    found = model.iterative_fit(5, rtol=0.0)
    return {"rho": float(model.rho[0]), "effect": float(found.params[-1]), "error": float(found.bse[-1])}


def _local_level() -> dict[str, float]:
    """Effect and its error for noise of variance 1, regression coefficients as states with an unknown start."""
    y, x = series()
    model = UnobservedComponents(y, "llevel", exog=x[:, 1:], mle_regression=False, use_exact_diffuse=True)
    found = model.smooth([1.0, LEVEL_TO_NOISE])
    return {"effect": float(found.smoothed_state[-1, -1]), "error": float(np.sqrt(found.smoothed_state_cov[-1, -1, -1]))}


def _difference_in_differences() -> dict[str, float]:
    """The first campaign against everybody not in it: absolute by pyfixest, relative by statsmodels' Poisson regression."""
    sales, lists = shop()
    first, last, _ = CAMPAIGNS[0]
    rates = np.column_stack([sales[:, first - LENGTH : first].mean(axis=1), sales[:, first : last + 1].mean(axis=1)])
    frame = pd.DataFrame(
        {
            "y": rates.ravel(),
            "customer": np.repeat(np.arange(80), 2),
            "during": np.tile([0.0, 1.0], 80),
            "treated": np.repeat(lists[0].astype(float), 2),
        }
    )
    frame["both"] = frame.treated * frame.during
    absolute = float(pf.feols("y ~ both | customer + during", frame).coef()["both"])
    x = np.column_stack([np.ones(len(frame)), frame.treated, frame.during, frame.both])
    relative = GLM(frame.y.to_numpy(), x, family=Poisson()).fit(tol=1e-14)
    told = {"absolute": absolute, "relative": float(np.expm1(relative.params[-1]))}
    for name, of in (("treated_log_error", frame.treated == 1), ("control_log_error", frame.treated == 0)):
        part = frame[of]
        found = GLM(part.y, np.column_stack([np.ones(len(part)), part.during]), family=Poisson()).fit(
            tol=1e-14, cov_type="cluster", cov_kwds={"groups": part.customer, "use_correction": False}
        )
        told[name] = float(found.bse.iloc[-1])
    return told


def _two_way_fixed_effects() -> dict[str, Any]:
    """Coefficients and errors clustered by customer, no small-sample factor: pyfixest, and statsmodels with dummies."""
    sales, lists = shop()
    weeks = DAYS // WEEK
    frame = pd.DataFrame({"y": sales.reshape(80, weeks, WEEK).mean(axis=2).ravel()})
    frame["customer"], frame["week"] = np.repeat(np.arange(80), weeks), np.tile(np.arange(weeks), 80)
    for name, (first, last, _), listed in zip("ab", CAMPAIGNS, lists, strict=True):
        days = np.zeros((80, DAYS))
        days[listed, first : last + 1] = 1.0
        frame[name] = days.reshape(80, weeks, WEEK).mean(axis=2).ravel()
    none = pf.ssc(k_adj=False, G_adj=False)
    found = pf.feols("y ~ a + b | customer + week", frame, vcov={"CRV1": "customer"}, ssc=none, fixef_tol=1e-14)
    dummies = [pd.get_dummies(frame[name], prefix=name, dtype=float).iloc[:, first:] for name, first in (("customer", 0), ("week", 1))]
    ols = OLS(frame.y, pd.concat([frame[["a", "b"]], *dummies], axis=1)).fit(
        cov_type="cluster", cov_kwds={"groups": frame.customer, "use_correction": False}
    )
    return {
        "pyfixest": {"effect": found.coef().tolist(), "error": found.se().tolist()},
        "statsmodels": {"effect": ols.params[:2].tolist(), "error": ols.bse[:2].tolist()},
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(run(), indent=1) + "\n", encoding="utf-8")
