"""Numbers of statsmodels and pyfixest that netlift's estimators of lift must give too; the data come from a fixed seed.

To make lift.json anew, in an environment of its own: pip install statsmodels==0.15.0 pyfixest==0.60.0, then python lift.py.
The functions `shop` and `series` need numpy alone: the tests make the same data with them.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_suffix(".json")
DAYS, WEEK, LENGTH = 140, 7, 20
CAMPAIGNS = ((40, 59, "A"), (90, 109, "B"))  # first and last day, type
LEVEL_TO_NOISE = 0.05  # variance ratio at which the drifting level is compared


def shop() -> tuple[Any, Any]:
    """Daily sales of 80 customers, (80, 140), and who is on the lists of the two campaigns, (2, 80)."""
    random = np.random.default_rng(11)
    sales = np.round(random.gamma(1.0, 6.0, (80, 1)) * random.gamma(2.0, 1.0, (80, DAYS)) * (random.random((80, DAYS)) < 0.6), 2)
    return sales, random.random((2, 80)) < 0.45


def series() -> tuple[Any, Any]:
    """A daily series (400,) with AR(1) errors, and its regressors (400, 9): the last is the campaign's days."""
    random = np.random.default_rng(12)
    n = 400
    shocks, errors = random.normal(0, 0.06, n), np.zeros(n)
    for t in range(1, n):
        errors[t] = 0.5 * errors[t - 1] + shocks[t]
    day = np.arange(n)
    campaign = (day % 50 >= 40).astype(float)
    x = np.column_stack([np.ones(n), day / n, *((day % WEEK == j).astype(float) for j in range(1, WEEK)), campaign])
    return 9 + 0.3 * day / n + 0.1 * (day % WEEK == 5) + 0.05 * campaign + errors, x


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
    from statsmodels.regression.linear_model import GLSAR

    y, x = series()
    model = GLSAR(y, x, 1)
    found = model.iterative_fit(5, rtol=0.0)
    return {"rho": float(model.rho[0]), "effect": float(found.params[-1]), "error": float(found.bse[-1])}


def _local_level() -> dict[str, float]:
    """Effect and its error for noise of variance 1, regression coefficients as states with an unknown start."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    y, x = series()
    model = UnobservedComponents(y, "llevel", exog=x[:, 1:], mle_regression=False, use_exact_diffuse=True)
    found = model.smooth([1.0, LEVEL_TO_NOISE])
    return {"effect": float(found.smoothed_state[-1, -1]), "error": float(np.sqrt(found.smoothed_state_cov[-1, -1, -1]))}


def _difference_in_differences() -> dict[str, float]:
    """The first campaign against everybody not in it: absolute by pyfixest, relative by statsmodels' Poisson regression."""
    import pandas as pd
    import pyfixest as pf
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

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
    import pandas as pd
    import pyfixest as pf
    from statsmodels.regression.linear_model import OLS

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
