"""The verb gives the published figures of Complete Journey and says which to believe."""

from datetime import date

import pytest

from tests.measurement.worlds import Measured

# ground-truth.md section 4, in %: stored clock / New York clock for Type A, Type B, Type C and any
SCOPES = ("Type A", "Type B", "Type C", "any")
PUBLISHED = {
    "naive_pooled": ((30.2, 32.9, 8.1, 41.4), (30.0, 32.8, 7.9, 41.1)),
    "naive_within": ((-1.4, -1.1, -5.8, -1.5), (-1.6, -1.5, -5.9, -1.6)),
    "naive_median": ((-3.8, -5.5, -3.9, -3.5), (-4.0, -5.5, -3.9, -3.6)),
    "before_after": ((1.2, -1.7, -2.7, 0.0), (1.1, -1.5, -3.0, 0.0)),
    "did_not_in_campaign": ((-3.7, -2.6, -0.7, -3.0), (-3.6, -2.5, -1.2, -2.9)),
    "did_no_campaign_before_or_after": ((-4.9, -5.4, -12.1, -5.7), (-4.8, -5.3, -12.2, -5.5)),
    "did_never_targeted": ((-6.4, -8.3, -14.3, -7.6), (-6.2, -8.1, -14.4, -7.4)),
}
ROUNDING = 0.06 / 100  # the published figures have one decimal


@pytest.mark.parametrize("estimator", PUBLISHED)
def test_every_figure_is_the_published_one(journey: Measured, estimator: str) -> None:
    """Seven rows of the published table, each type and all campaigns, both clocks, to the printed digit."""
    found = [journey.one(estimator, scope).lift for scope in SCOPES]
    stored, new_york = PUBLISHED[estimator]
    assert found == pytest.approx([p / 100 for p in (stored if journey.clock == "UTC" else new_york)], abs=ROUNDING)


def test_the_period_is_the_year(journey: Measured) -> None:
    """The four hours of 1 January 2018 that the stored clock shows are no day."""
    assert (journey.measurement.start, journey.measurement.end) == (date(2017, 1, 1), date(2017, 12, 31))
