"""Inputs that know the answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from netlift.records import Accounting, Floats, Ints, Outcome
from netlift.segments import leaks, segment
from tests.segments.generators import customers
from tests.segments.getallmart import settings

N = 2000
RNG = np.random.default_rng(12)
CONVERTED = (RNG.random(N) < 0.05).astype(np.int64)
VISITED = np.maximum(CONVERTED, RNG.random(N) < 0.15).astype(float)
BEFORE = RNG.normal(size=N) + CONVERTED  # a strong but honest sign: area .76
OUTCOME = Outcome(Accounting("mail", 1.0, 40.0, "USD"), ("mail",), np.ones((N, 1), dtype=np.int64), CONVERTED[:, None])


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (CONVERTED * RNG.uniform(5, 90, N), True),  # money spent after the mail: area 1
        (-CONVERTED + RNG.normal(0, 0.2, N), True),  # the same, noisy and upside down
        (VISITED, True),  # area .93, but nobody answered without a visit
        (-VISITED, True),
        (BEFORE, False),
        (RNG.poisson(0.3, N).astype(float), False),  # 0 for most, whatever they answered
    ],
)
def test_what_was_recorded_after_the_contact_is_found(column: Floats, found: bool) -> None:  # noqa: FBT001
    """Inputs that part those who answered from all others, or hold all answers on one side; honest signs pass."""
    assert leaks.telling(OUTCOME, ("it",), column[:, None]) == (("it",) if found else ())


@pytest.mark.parametrize("answers", [0, 29, N - 29])
def test_few_answers_accuse_nobody(answers: int) -> None:
    """With fewer than 30 of either kind a perfect sign can be chance."""
    answered: Ints = (np.arange(N) < answers).astype(np.int64)
    outcome = Outcome(OUTCOME.accounting, ("mail",), OUTCOME.contacts, answered[:, None])
    assert leaks.telling(outcome, ("it",), answered[:, None].astype(float)) == ()


def test_leaks_are_said_in_warnings_and_verdict() -> None:
    """Both inputs in one sentence that says what to do, beside the verdict as well."""
    values = np.column_stack([BEFORE, VISITED, CONVERTED * RNG.uniform(5, 90, N), RNG.normal(size=N)])
    found = segment(settings(k=[3, 3], algorithms=["kmeans"]), customers(values, contacts=np.ones(N, dtype=np.int64), responses=CONVERTED))
    said = (
        "The inputs f1 and f2 tell the answer almost by themselves: were they recorded after the contact? "
        "Then leave them out of features.include."
    )
    assert said in found.warnings
    assert said in found.verdict.reason


def test_campaigns_before_the_features_date_are_told() -> None:
    """What customers did because of them is in the inputs; facts that do not follow what customers do are not accused."""
    known = customers(RNG.normal(size=(N, 2)))
    known = dataclasses.replace(known, outcome=dataclasses.replace(OUTCOME, overlaps=True))
    assert leaks.warnings(known, known.inputs, known.values) == ((), ())
    recency = dataclasses.replace(known.features[0], group="rhythm")
    acting = dataclasses.replace(known, features=(recency, *known.features[1:]))
    (said,), _ = leaks.warnings(acting, acting.inputs, acting.values)
    assert "began before the date of the features" in said
    assert "set features.as_of to the day the first of them began" in said
