"""Policy findings on a plan, and the verdict that the committee starts from."""

from netlift.review.policy import CHECKS, POLICY_VERSION, review

__all__ = ["CHECKS", "POLICY_VERSION", "review"]
