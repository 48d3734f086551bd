"""Writes statsmodels.json beside it; statsmodels is no dependency: python -m venv V; V/bin/pip install statsmodels==0.15.0."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW


def main() -> None:
    """Two arms of seeded draws, and statsmodels' answers on them."""
    rng = np.random.default_rng(2026)
    x = {arm: rng.gamma(2, 5, n).round(3) for arm, n in (("control", 40), ("treated", 70))}
    y = {arm: (0.5 * before + rng.gamma(2, 5, len(before)) + (arm == "treated")).round(3) for arm, before in x.items()}
    compared = CompareMeans(DescrStatsW(y["treated"]), DescrStatsW(y["control"]))
    both_x, both_y = (np.concatenate([of["control"], of["treated"]]) for of in (x, y))
    told = {
        "source": f"statsmodels {statsmodels.__version__}",
        "x": {arm: values.tolist() for arm, values in x.items()},
        "y": {arm: values.tolist() for arm, values in y.items()},
        "compare_means_unequal": {
            "interval": [float(end) for end in compared.tconfint_diff(usevar="unequal")],
            "p": float(compared.ttest_ind(usevar="unequal")[1]),
        },
        "slope_of_y_on_x": float(sm.OLS(both_y, sm.add_constant(both_x)).fit().params[1]),
    }
    (Path(__file__).parent / "statsmodels.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


main()
