"""Forecasts of purchases on CDNOW (Fader, Hardie and Lee 2005): parameters, the next 39 weeks, and the library lifetimes beside it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from lifetimes import BetaGeoFitter
from tests.features.test_bg_nbd import cdnow, history

from netlift.features import bg_nbd
from netlift.features.bg_nbd import Histories

WEEKS = 39  # held out
MOST = 4  # repeat purchases that are told together


def run() -> dict[str, Any]:
    """Parameters beside the published ones, purchases foretold and seen, and CPU of fit and forecast as multiples of lifetimes'."""
    known = np.array([history(purchases) for purchases in cdnow().values()], dtype=float)
    x, came = known[:, 0], known[:, 4]
    before = time.process_time()
    h, place = Histories.of(*known[:, :3].T)
    model = bg_nbd.fit(h)
    said = model.purchases(h, WEEKS)[place]
    ours, before = time.process_time() - before, time.process_time()
    peer = BetaGeoFitter().fit(*known[:, :3].T)
    theirs = np.asarray(peer.conditional_expected_number_of_purchases_up_to_time(WEEKS, *known[:, :3].T))
    seconds = time.process_time() - before
    return {
        "customers": len(known),
        "parameters": {name: round(getattr(model, name), 3) for name in ("r", "alpha", "a", "b")},
        "published": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
        "purchases_foretold": round(float(said.sum()), 1),
        "purchases_foretold_by_lifetimes": round(float(theirs.sum()), 1),
        "purchases_seen": int(came.sum()),
        "error_of_held_out_weeks": round(float(said.sum() / came.sum() - 1), 3),
        "error_of_all_weeks": round(float((x.sum() + said.sum()) / (x.sum() + came.sum()) - 1), 3),
        "by_repeat_purchases": {
            f"{k}{' or more' if k == MOST else ''}": [round(float(v[np.minimum(x, MOST) == k].mean()), 3) for v in (said, came)]
            for k in range(MOST + 1)
        },
        "cpu_of_lifetimes_to_ours": round(seconds / ours, 1),
    }
