"""What the audience of a campaign tells of its people: topics of the catalogue in conditions, lineage, traits and combinations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from netlift import catalogue
from netlift.review.ages import ages
from netlift.review.campaign import MODELLED, Campaign, Condition, Distance, Severity, Text, at

ITEMS = 3  # of a basket that stand for its topic
OLD = 60  # years from which on an age is of class C


@dataclass(frozen=True, slots=True)
class Signal:
    """A topic that the audience is chosen by, with its evidence."""

    topic: str
    where: str
    evidence: str
    distance: Distance
    inferred: bool  # through a score, a seed, a definition or a combination, not a rule that says it

    @property
    def letter(self) -> str:
        """Its class."""
        return catalogue.class_of(self.topic)


def signals(campaign: Campaign) -> tuple[Signal, ...]:
    """Every topic found, also where an opt-in covers it."""
    found = [s for c in campaign.conditions for s in _of_condition(c)]
    found += [s for t in (*campaign.lineage, *campaign.inferred) for s in _of_lineage(t)]
    return (*found, *_of_baskets(campaign))


def unlifted(campaign: Campaign) -> tuple[Signal, ...]:
    """The topics that no explicit opt-in covers."""
    return tuple(s for s in signals(campaign) if not campaign.lifts(s.topic))


def by_class(letter: str, topic: str, campaign: Campaign) -> Severity:
    """How severe a topic is beside what is offered (section 2 of the policy)."""
    if letter == "A":
        return "block"
    tempting = campaign.offering("credit") or campaign.offering("gambling")
    alcohol = campaign.offering("alcohol")
    if letter == "B":
        return "block" if tempting or alcohol else "review"
    return "review" if tempting or (alcohol and topic in {"parenting", "age"}) else "note"


def _of_condition(condition: Condition) -> Iterator[Signal]:
    inferred = condition.modelled or condition.distance == "third party" or condition.field.startswith("segment.")
    field = Text(f"{condition.where}.field", condition.field)
    span = ages(condition)
    for hit in catalogue.about(condition.field, "fields", "products", "traits", name=True):
        if hit.topic == "age" and (span is None or span.low < OLD):
            continue
        yield Signal(hit.topic, at(field, hit), hit.text, condition.distance, inferred)
    if span is not None and span.low >= OLD:
        yield Signal("age", field.where, condition.field, condition.distance, inferred)
    tiers: tuple[catalogue.Tier, ...] = ("fields", "products", "traits") if inferred else ("products", "traits")
    for text in condition.texts:
        for hit in catalogue.about(text.text, *tiers, name=True):
            yield Signal(hit.topic, at(text, hit), hit.text, condition.distance, inferred)


def _of_lineage(text: Text) -> Iterator[Signal]:
    for hit in catalogue.about(text.text, "fields", "products", "traits", name=True):
        yield Signal(hit.topic, at(text, hit), hit.text, "modelled", inferred=True)


def _of_baskets(campaign: Campaign) -> Iterator[Signal]:
    for topic, offered, wheres, items in baskets(campaign):
        if offered:
            yield Signal(topic, wheres, items, "modelled", inferred=True)


def baskets(campaign: Campaign) -> Iterator[tuple[str, bool, str, str]]:
    """Combinations of products that stand for a topic: topic, whether the offer fits, where, the products."""
    products = {t.text: t for c in campaign.conditions for t in c.texts} | {t.text: t for t in campaign.lineage}
    for basket in catalogue.baskets():
        items = basket.items_in(tuple(products))
        if len(items) >= ITEMS:
            offered = any(basket.offered(t.text) for t in (*campaign.offers, *campaign.copy))
            yield basket.topic, offered, ", ".join(products[i].where for i in items), ", ".join(items)


GENERIC = MODELLED | {
    "look",
    "audience",
    "group",
    "list",
    "segment",
    "custom",
    "version",
    "class",
    "label",
    "value",
    "final",
    "main",
    "test",
}


def opaque(condition: Condition) -> bool:
    """Whether a score or a look-alike has a name that does not say what it was learnt from."""
    words = re.findall("[a-z]{4,}", condition.field.lower().replace("_", " "))
    named = set(words) - GENERIC
    stated = isinstance(condition.value, str) and re.search("[a-zA-Z]{4,}", condition.value)
    return condition.modelled and not named and not stated
