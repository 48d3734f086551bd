"""netlift experiment analyse on Hillstrom's experiment."""

from __future__ import annotations

from tests.conftest import SHARED
from tests.workflow.test_analyse import command

HILLSTROM = SHARED / "data" / "hillstrom" / "hillstrom_half_a.csv.gz"
# data README: differences to No E-Mail and their standard errors
TRUTH = {
    ("Mens E-Mail", "visit"): (0.0777, 0.0048),
    ("Mens E-Mail", "conversion"): (0.0063, 0.0013),
    ("Mens E-Mail", "spend"): (0.893, 0.193),
    ("Womens E-Mail", "visit"): (0.0483, 0.0046),
    ("Womens E-Mail", "conversion"): (0.0044, 0.0012),
    ("Womens E-Mail", "spend"): (0.747, 0.182),
}


def test_hillstroms_differences_and_standard_errors() -> None:
    """All six of the data README to its printed digits, through the command."""
    asked = ["--arm", "segment", "--control", "No E-Mail", "--metric", "visit=proportion", "--metric", "conversion", "--metric", "spend"]
    told = command(HILLSTROM, *asked)
    found = {(one["arm"], one["metric"]): (one["difference"], one["standard_error"]) for one in told["results"]}
    assert set(found) == set(TRUTH)
    for key, (difference, error) in TRUTH.items():
        digits = 3 if key[1] == "spend" else 4
        assert (round(found[key][0], digits), round(found[key][1], digits)) == (difference, error)
    assert told["sample_ratio"]["ok"]
    assert all(one["significant"] and one["p_adjusted"] >= one["p_value"] for one in told["results"])
