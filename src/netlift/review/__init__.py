"""Policy findings on a plan or a described campaign, the verdict that the committee starts from, its score and the cheapest fix."""

from netlift.review import cases
from netlift.review.campaign import Campaign, Measured
from netlift.review.describe import described
from netlift.review.figures import measured
from netlift.review.fixes import Fix, cheapest
from netlift.review.policy import CHECKS, POLICY_VERSION, judge, verdict
from netlift.review.result import review
from netlift.review.scorecard import score

__all__ = [
    "CHECKS",
    "POLICY_VERSION",
    "Campaign",
    "Fix",
    "Measured",
    "cases",
    "cheapest",
    "described",
    "judge",
    "measured",
    "review",
    "score",
    "verdict",
]
