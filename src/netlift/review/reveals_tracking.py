"""MESSAGE_REVEALS_TRACKING: the copy recites what the reader did: when, how often, where, or which thing exactly."""

from __future__ import annotations

from collections.abc import Iterator

from netlift import catalogue
from netlift.catalogue import Hit
from netlift.catalogue.reading import sentences
from netlift.records import Finding
from netlift.review.campaign import Campaign, Text, found
from netlift.settings import ReviewSettings


def reveals_tracking(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Review each sentence that shows the reader that he is watched; the state of his own basket is service."""
    return tuple(
        found(
            "MESSAGE_REVEALS_TRACKING",
            "review",
            f"{text.where}:{start}-{end}",
            f"The copy tells the reader what was watched: '{text.text[start:end]}'. Say only what is offered.",
            evidence=text.text[start:end],
            fix="neutral_copy",
        )
        for text, start, end in tracked(campaign)
    )


def tracked(campaign: Campaign) -> Iterator[tuple[Text, int, int]]:
    """The words that show it, at most one place in a sentence."""
    for text in campaign.copy:
        for start, end in () if text.tag else sentences(text.text):
            hits = _in_sentence(text.text[start:end])
            if hits:
                yield text, start + min(h.start for h in hits), start + max(h.end for h in hits)


def _in_sentence(sentence: str) -> tuple[Hit, ...]:
    found = {
        kind: catalogue.phrases(sentence, f"tracking.{kind}") for kind in ("watched", "did", "detail", "exact", "score", "place", "basket")
    }
    if found["score"] or found["place"]:
        return found["score"] + found["place"]
    if found["did"] and found["detail"]:
        return found["did"] + found["detail"]
    if found["watched"] and found["detail"]:
        return found["watched"] + found["detail"]
    return () if found["basket"] else found["watched"] or found["exact"]
