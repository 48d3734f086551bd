"""Rules of channels and countries as data, and the verdict on each person: allowed, later, or excluded with the rule's id."""

from netlift.rules.facts import SOFT, WRITTEN, Caps, Clock, Consent, MessageFacts, Person
from netlift.rules.messages import Broken, broken
from netlift.rules.packs import CHANNELS, Pack, Rule, check_versions, packs, rules_for, versions
from netlift.rules.places import Place, place, prefix
from netlift.rules.stop_words import asks_to_stop
from netlift.rules.verdict import ALLOWED, Book, Verdict, book, counts, judge, judged, named

__all__ = [
    "ALLOWED",
    "CHANNELS",
    "SOFT",
    "WRITTEN",
    "Book",
    "Broken",
    "Caps",
    "Clock",
    "Consent",
    "MessageFacts",
    "Pack",
    "Person",
    "Place",
    "Rule",
    "Verdict",
    "asks_to_stop",
    "book",
    "broken",
    "check_versions",
    "counts",
    "judge",
    "judged",
    "named",
    "packs",
    "place",
    "prefix",
    "rules_for",
    "versions",
]
