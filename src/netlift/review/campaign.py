"""What the checks read: one description of a campaign, whether it comes from a file of cases or from a run's plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from netlift import catalogue
from netlift.records import Feature, Finding, Ints, Plan

Severity = Literal["block", "review", "note"]
SEVERITIES: tuple[Severity, ...] = ("block", "review", "note")  # the most severe first
Distance = Literal["declared", "observed", "modelled", "third party"]  # how far from what the person said

OWN_CHANNELS = frozenset({"email", "mail", "sms", "phone", "post", "letter"})  # all others hand people to a platform
HYGIENE = (
    "consent.",
    "suppression.",
    "opt_out",
    "unsubscribed",
    "reachable",
    "segment.id",
    "segment.rules.",
)  # conditions that tell nothing personal


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a campaign and where they stand; a `tag` is a name that shows: a link, a code, an alt text, a sender."""

    where: str
    text: str
    tag: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule or exclusion of the audience."""

    where: str
    field: str
    op: str
    value: object
    excluded: bool = False

    @property
    def texts(self) -> tuple[Text, ...]:
        """The values that are words."""
        if isinstance(self.value, str):
            return (Text(f"{self.where}.value", self.value),)
        listed = self.value if isinstance(self.value, list | tuple) else ()
        return tuple(Text(f"{self.where}.value[{i}]", v) for i, v in enumerate(listed) if isinstance(v, str))

    @property
    def count(self) -> int:
        """How many personal conditions it is: each of `all_of` is one; those that tell nothing personal are none."""
        if self.field.startswith(HYGIENE):
            return 0
        return max(1, len(self.value)) if self.op == "all_of" and isinstance(self.value, list | tuple) else 1

    @property
    def leaf(self) -> str:
        """The field without the kind of data before it."""
        return self.field.rsplit(".", 1)[-1]

    @property
    def distance(self) -> Distance:
        """How far the fact is from what the person said himself."""
        kind = self.field.split(".", 1)[0].lower()
        if kind in {"social", "third_party", "enrichment", "broker"} or catalogue.phrases(kind, "sources.social", name=True):
            return "third party"
        if self.modelled:
            return "modelled"
        return "declared" if kind in {"consent", "profile", "survey", "preferences"} else "observed"

    @property
    def modelled(self) -> bool:
        """Whether it is a score, a look-alike or a cluster, not a fact."""
        words = self.field.lower().replace("_", ".").replace("-", ".").split(".")
        return bool(MODELLED & set(words)) or "lookalike" in self.field.lower().replace("_", "").replace("-", "")


MODELLED = frozenset(["model", "models", "score", "scores", "propensity", "lookalike", "alike", "seed", "predicted", "prediction"]) | {
    "probability",
    "likelihood",
    "similar",
    "cluster",
    "embedding",
}


@dataclass(frozen=True, slots=True)
class Consent:
    """The lawful basis and what people agreed to."""

    basis: str = ""
    purposes: tuple[str, ...] = ()
    opt_in: bool = False  # explicit, for exactly this sensitive purpose
    notice: bool = False  # people were told of data from elsewhere (GDPR Art. 14)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts per person over all campaigns, this one included, in 7 and in 30 days."""

    in_7d: Ints
    in_30d: Ints
    listed: bool  # whether these are the very people: then nobody will take out those over the cap any more


@dataclass(frozen=True, slots=True)
class Proxy:
    """How well an attribute is told from being chosen."""

    auc: float
    low: float | None = None  # end of its 95 % interval; None = not given


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a group is chosen, relative to the others."""

    ratio: float
    q: float | None = None  # after Benjamini-Hochberg; None = not given


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of an audience by held attribute. Empty = not measured."""

    auc: Mapping[str, Proxy] = field(default_factory=dict)
    ratio: Mapping[str, Rate] = field(default_factory=dict)
    leak: Mapping[str, float] = field(default_factory=dict)  # cross-validated AUC from what segments were made of
    small_cells: float | None = None  # share of the audience in cells of fewer than 11 people


@dataclass(frozen=True, slots=True)
class Campaign:
    """Everything the checks judge. Texts carry the path of the field they stand in."""

    jurisdiction: str
    channels: tuple[str, ...]
    conditions: tuple[Condition, ...]
    size: int  # people who get it
    population: int
    copy: tuple[Text, ...]
    consent: Consent
    contacts: Contacts
    lineage: tuple[Text, ...] = ()  # names of segments, seeds, labels, features that the audience goes back to
    inferred: tuple[Text, ...] = ()  # traits somebody stated to be inferred
    sources: tuple[Text, ...] = ()
    offers: tuple[Text, ...] = ()  # texts and categories
    pricing: str = "uniform"
    prices: tuple[float, float] | None = None  # the personal and the public price
    material: bool = True  # whether the offer is money or access
    measured: Measured = Measured()
    purposes: Mapping[str, str] = field(default_factory=dict)  # declared per column
    inputs: tuple[Feature, ...] = ()  # what segments were made of
    plan: Plan | None = None

    def lifts(self, topic: str) -> bool:
        """Whether an explicit opt-in covers the topic; on platforms none does (DSA Art. 26(3))."""
        covered = catalogue.covered_by(self.consent.purposes)
        return self.consent.opt_in and OWN_CHANNELS.issuperset(self.channels) and (not covered or topic in covered)

    def offering(self, kind: str) -> bool:
        """Whether what is offered is of a kind of the catalogue, such as credit or alcohol."""
        return any(catalogue.phrases(t.text, f"offers.{kind}", name=True) for t in self.offers)


def contacts(in_7d: int, in_30d: int) -> Contacts:
    """The same contacts for everybody."""
    return Contacts(np.array([in_7d]), np.array([in_30d]), listed=False)


def at(text: Text, hit: catalogue.Hit) -> str:
    """Field path and character range of a hit."""
    return f"{text.where}:{hit.start}-{hit.end}"


def found(code: str, severity: Severity, where: str, text: str, *, evidence: str = "", fix: str = "") -> Finding:
    """A finding with its evidence and the edit that takes it away."""
    return Finding(code, severity, where, text, evidence, fix)


def raised(severity: Severity) -> Severity:
    """One level stricter."""
    return SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]
