"""MESSAGE_REVEALS_TRAIT: the copy, a link, a code or a sender says or implies a sensitive trait or life event of the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netlift import catalogue
from netlift.catalogue import Hit
from netlift.records import Finding
from netlift.review.campaign import Campaign, Text, at, found
from netlift.review.sensitive_direct import words
from netlift.review.signals import unlifted
from netlift.settings import ReviewSettings

PICKED_OUT = 5  # conditions from which on family make-up in the copy is a trait too
TINY = 50  # people, likewise
FAMILY = frozenset({"parenting", "family_status", "age", "dating"})
# Parts of a copy that are names: links, tracking parameters, alt texts, codes.
TAGS = re.compile(
    r"""(?i:https?://[^\s"'<>]+|www\.[^\s"'<>]+|\butm_\w+\s*[=:]\s*[^\s&"'<>]+)|(?i:alt|title)\s*=\s*(?:"[^"]*"|'[^']*')"""
    r"""|\[image:[^\]]*\]|!\[[^\]]*\]|(?i:\b(?:code|coupon|voucher|gutschein\w*|c[oó]digo|cup[oó]n|rabattcode)\b)\W{1,3}[\w-]+|\b(?=[A-Z_-]*\d)[A-Z][A-Z0-9_-]{4,}\b"""
)


def reveals_trait(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block each place of the copy that tells a trait of class A or B, or a life event, without an explicit opt-in."""
    made: dict[tuple[str, int], Finding] = {}
    for text, hit in revealed(campaign):
        said = f"The copy says or implies {words(hit.topic)} of the reader: '{hit.text}'. Write a neutral text."
        made.setdefault(
            (text.where, hit.start), found("MESSAGE_REVEALS_TRAIT", "block", at(text, hit), said, evidence=hit.text, fix="neutral_copy")
        )
    return tuple(made.values())


def revealed(campaign: Campaign) -> Iterator[tuple[Text, Hit]]:
    """The places that tell a trait, with the text they stand in."""
    chosen = {s.topic for s in unlifted(campaign) if s.letter != "C"} | set(_of_inputs(campaign))
    implied = {topic: chooser for chooser in chosen for topic in catalogue.kin(chooser)}
    grave = {topic for chooser in chosen if catalogue.class_of(chooser) == "A" for topic in catalogue.kin(chooser)}
    picked_out = campaign.size < TINY or sum(c.count for c in campaign.conditions) >= PICKED_OUT
    for text in campaign.copy:
        for hit in _claims(text):
            if campaign.lifts(hit.topic):
                continue
            if catalogue.class_of(hit.topic) != "C" or (picked_out and hit.topic in FAMILY):
                yield text, hit
        for hit in catalogue.about(text.text, "traits", "claims", "products", name=text.tag):
            if hit.topic in implied:
                yield text, hit
        for hit in catalogue.about(text.text, "hints", name=text.tag):
            if hit.topic in grave:
                yield text, hit


def _of_inputs(campaign: Campaign) -> Iterator[str]:
    """Topics of classes A and B in the names of what segments were made from."""
    for feature in campaign.inputs:
        for hit in catalogue.about(feature.name, "fields", "products", "traits", name=True):
            if catalogue.class_of(hit.topic) != "C" and not campaign.lifts(hit.topic):
                yield hit.topic


def _claims(text: Text) -> Iterator[Hit]:
    """Traits said of the reader, and traits in names that show, of whomever."""
    if not text.tag:
        yield from (hit for hit in catalogue.about(text.text, "traits", "claims") if hit.of_reader)
    for start, end in [(0, len(text.text))] if text.tag else [m.span() for m in TAGS.finditer(text.text)]:
        for hit in catalogue.about(text.text[start:end], "traits", "claims", name=True):
            yield Hit(hit.topic, start + hit.start, start + hit.end, hit.text, of_reader=True)
