"""PROXY_PROTECTED: being chosen tells a protected attribute."""

from __future__ import annotations

from collections.abc import Iterator

from netlift import catalogue
from netlift.records import Finding
from netlift.review.campaign import Campaign, Proxy, Rate, Severity, found
from netlift.settings import ReviewSettings

TELLS, TELLS_SURELY = 0.65, 0.60  # AUC, and the lower end of its interval, from which on the committee looks
STRONG = 0.80  # AUC from which on class A blocks
RARE, OFTEN = 0.5, 2.0  # selection rate of a group relative to the others
SIGNIFICANT = 0.05  # q
LARGE = 300  # people, from which on a ratio without q is taken as significant


def proxy_protected(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Review a membership that tells an attribute or shifts its share; block only AUC >= 0.80 of class A."""
    return (*_told(campaign), *_shifted(campaign))


def telling(proxy: Proxy) -> float:
    """AUC, whichever way round."""
    return max(proxy.auc, 1 - proxy.auc)


def _told(campaign: Campaign) -> Iterator[Finding]:
    for name, proxy in campaign.measured.auc.items():
        auc = telling(proxy)
        if auc < TELLS or (proxy.low is not None and proxy.low <= TELLS_SURELY):
            continue
        severity: Severity = "block" if auc >= STRONG and catalogue.sensitivity(name) == "A" else "review"
        text = f"Being chosen tells {name} with an AUC of {auc:.2f} (0.5 = not at all). Say what it is good for, or choose by other facts."
        yield found(
            "PROXY_PROTECTED", severity, f"audience.measured.protected_auc.{name}", text, evidence=f"{proxy.auc:g}", fix="other_facts"
        )


def _shifted(campaign: Campaign) -> Iterator[Finding]:
    for name, rate in campaign.measured.ratio.items():
        if not RARE <= rate.ratio <= OFTEN and significant(rate, campaign.size):
            text = f"People with {name} are chosen {rate.ratio:.2g} times as often as others. Say why, or choose by other facts."
            yield found(
                "PROXY_PROTECTED",
                "review",
                f"audience.measured.selection_ratio.{name}",
                text,
                evidence=f"{rate.ratio:g}",
                fix="other_facts",
            )


def significant(rate: Rate, size: int) -> bool:
    """Whether a ratio is more than luck."""
    return rate.q < SIGNIFICANT if rate.q is not None else size >= LARGE
