"""The verb for one table refuses what cannot be right, and its figures hold on real and on known data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netlift import offers
from netlift.errors import InputError, NotEnoughData
from netlift.offers.targeting import Ask
from netlift.records import Accounting

N = 1200
COSTS = Accounting("test", 3, 11, "")
ASK = Ask("y", COSTS)


def table(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=N)
    arm = np.array(["none", "mail"], dtype=object)[rng.integers(0, 2, N)]
    y = (rng.random(N) < 1 / (1 + np.exp(1.5 - x))).astype(float)
    return {"x": x, "arm": arm, "y": y}


def ids() -> np.ndarray:
    return np.array([f"{i:04d}" for i in range(N)], dtype=object)


def change(**columns: np.ndarray) -> dict[str, np.ndarray]:
    return {**table(), **columns}


def test_response_mode_by_the_stated_line() -> None:
    """Whoever's chance is above 3/11 is contacted, and the sentence says response, not incremental, profit."""
    found = offers.target(ids(), table(), replace(ASK, exclude=("arm",)))
    assert found.mode == "response"
    assert ((found.score > 3 / 11) == (found.decision == "contact")).all()
    assert found.auc is not None
    assert found.auc > 0.65
    assert found.profit_low <= found.profit <= found.profit_high
    assert found.profit > found.profit_all
    assert found.profit_all == pytest.approx(11 * table()["y"].sum() - 3 * N)
    assert "not incremental profit" in found.warnings[0]
    assert found.policy is None
    assert found.qini is None


def test_no_effect_is_said() -> None:
    """A contact that moves nobody: no uplift found, contact nobody, nothing earned."""
    found = offers.target(ids(), table(), replace(ASK, arm="arm", control="none", accounting=Accounting("test", 1, 2, "")))
    assert found.mode == "uplift"
    assert "no uplift found" in found.sentence
    assert "contact nobody" in found.sentence
    assert (found.contacts, found.profit) == (0, 0)
    assert set(found.decision) == {"do not contact"}


def test_a_known_effect_is_worth_its_money() -> None:
    """Half of the customers gain 0.5 answers at cost 0.1: 0.2 a customer is found, by the forest, which sees the step."""
    rng = np.random.default_rng(5)
    n = 6000
    x = rng.normal(size=n)
    treated = rng.integers(0, 2, n)
    y = (rng.random(n) < 0.2 + 0.5 * treated * (x > 0)).astype(float)
    columns = {"x": x, "arm": np.array(["none", "mail"], dtype=object)[treated], "y": y}
    names = np.array([str(i) for i in range(n)], dtype=object)
    found = offers.target(names, columns, Ask("y", Accounting("test", 0.1, 1, ""), "arm", "none"))
    assert found.policy is not None
    assert found.policy["gain_low"] > 0
    assert found.policy["value"] == pytest.approx(0.2 + 0.5 * 0.5 - 0.05, abs=0.05)
    assert found.profit / n == pytest.approx(0.2, abs=0.05)
    assert ((found.decision == "mail") == (x > 0)).mean() > 0.8
    assert found.learner == "dr_forest"
    assert "Decide one by one" in found.sentence


@pytest.mark.parametrize(
    ("columns", "ask", "sentence"),
    [
        (table(), replace(ASK, outcome="z"), "no column 'z' in the table; its columns are x, arm, y"),
        (table(), replace(ASK, exclude=("q",)), "no column 'q'"),
        (change(y=np.ones(N)), ASK, "'y' is 1 for every customer"),
        (change(y=np.r_[np.nan, table()["y"][1:]]), ASK, "missing or infinite for 1 customers"),
        (change(y=np.r_[np.inf, table()["y"][1:]]), ASK, "missing or infinite for 1 customers"),
        (change(y=2 * table()["y"]), ASK, "holds 2; without --arm it must be 1"),
        (change(y=table()["arm"]), ASK, "is a text such as"),
        (change(copy=1 - table()["y"]), ASK, "'copy' fixes the outcome 'y' exactly.*--exclude copy"),
        (change(word=np.where(table()["y"] > 0, "yes", "no").astype(object)), ASK, "'word' fixes the outcome"),
        (table(), replace(ASK, accounting=Accounting("t", -1, 11, "")), "costs -1.*must be 0 or more"),
        (table(), replace(ASK, accounting=Accounting("t", 1, 0, "")), "an answer brings 0.*above 0"),
        (table(), replace(ASK, arm="arm", control="nobody"), "--control 'nobody' is not among the arms.*'mail', 'none'"),
        (change(arm=np.full(N, "mail", object)), replace(ASK, arm="arm", control="mail"), "'mail' for every customer"),
        (
            change(arm=np.array([*table()["arm"][1:], None], dtype=object)),
            replace(ASK, arm="arm", control="none"),
            "missing for 1 customers",
        ),
        ({"y": table()["y"]}, ASK, "No column is left to learn from"),
    ],
)
def test_wrong_input_is_one_sentence(columns: dict[str, np.ndarray], ask: Ask, sentence: str) -> None:
    """What was found, with the value, and what to do."""
    with pytest.raises(InputError, match=sentence):
        offers.target(ids(), columns, ask)


def test_too_few_are_counted() -> None:
    """Three answers, or ten customers in an arm, are not enough, and the message says how many are needed."""
    with pytest.raises(NotEnoughData, match="Only 3 customers"):
        offers.target(ids(), change(y=np.r_[np.ones(3), np.zeros(N - 3)]), ASK)
    arm = np.array(["mail"] * 10 + ["none"] * (N - 10), dtype=object)
    with pytest.raises(NotEnoughData, match="'mail' has 10 customers; 50 are the fewest"):
        offers.target(ids(), change(arm=arm), replace(ASK, arm="arm", control="none"))
