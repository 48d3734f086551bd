"""What the committee sees and approves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netlift.records.basics import Floats, Ints, Texts
from netlift.records.features import Feature


@dataclass(frozen=True, slots=True)
class Message:
    """What is said for one offer on one channel: templates, before anybody's fields are filled in."""

    offer: str
    channel: str
    sender: str
    subject: str
    text: str
    html: str = ""  # plain HTML or netlift's blocks; "" = plain text alone


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody, with what will happen to them: the rows of audience.parquet. All arrays (n,).

    `excluded_reason` is None for whoever gets a message; who is held out has the arm and the reason "holdout".
    """

    customer_ids: Texts
    segment: Ints
    offer: Texts
    channel: Texts
    arm: Texts
    expected_profit: Floats
    excluded_reason: Texts

    def contacted(self) -> NDArray[np.bool_]:
        """Who gets a message: not excluded and not held out."""
        kept = np.equal(self.excluded_reason, np.array(None, dtype=object)) & np.not_equal(self.arm, np.array("holdout", dtype=object))
        return np.asarray(kept, dtype=np.bool_)

    def counts(self) -> dict[str, int]:
        """Number of people contacted, held out, and excluded by reason; adds up to everybody."""
        labels = [r or ("holdout" if a == "holdout" else "contacted") for r, a in zip(self.excluded_reason, self.arm, strict=True)]
        names, numbers = np.unique(np.array(labels, dtype=str), return_counts=True)
        return dict(zip(names.tolist(), numbers.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class ChosenBy:
    """One condition that decides who is in: a filter of a table, or a rule of a segment that is reached."""

    where: str  # its place in the settings or in segments.json
    field: str  # dotted; the prefix is the kind of data, as in the labelled campaigns
    op: str  # =, <=, >=, <, >, between, in, contains
    value: str | float | bool | tuple[str | float, ...]
    excluded: bool = False
    segment: int | None = None  # of a segment's rule


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be sent and to whom: what the committee approves."""

    name: str
    country: str
    audience: Audience
    messages: tuple[Message, ...]
    segments: Mapping[int, str]  # names
    inputs: tuple[Feature, ...]  # the features the segments were made from
    holdout: float
    salt_id: str  # names the experiment and its salt; the salt itself is in the store
    consent: Texts
    contacts_7d: Ints
    contacts_30d: Ints
    budget: float  # contact cost x people contacted
    categories: tuple[str, ...] = ()  # what the offers that will be sent are about
    chosen_by: tuple[ChosenBy, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)  # of what the user computed himself: place in the settings -> SQL
    sources: tuple[str, ...] = ()  # the tables that what is known of people comes from
    purposes: Mapping[str, str] = field(default_factory=dict)  # declared, by source
    notice: bool = True  # whether people were told of every source that is not their own doing
    opt_ins: tuple[str, ...] = ()  # purposes that everybody who is contacted agreed to, beside marketing
    model: str = ""  # SHA-256 of the frozen model that put everybody into a segment


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a policy check."""

    code: str  # reason code of the policy, e.g. NO_LAWFUL_BASIS
    severity: Literal["block", "review", "note"]
    where: str  # the part of the plan it was found in
    text: str  # what is wrong and what to do, in one or two sentences
    evidence: str = ""  # the very words, figure or column
    fix: str = ""  # the kind of edit that takes it away; empty = none is known


@dataclass(frozen=True, slots=True)
class Remedy:
    """The cheapest edits that help, what the checks then say, and what they cost. None = cannot be told; `note` says why."""

    text: str
    edits: tuple[str, ...]
    verdict: Literal["block", "review", "pass"]
    score: float
    people_before: int
    people: int | None = None  # who would still get a message
    profit_before: float | None = None  # expected, of everybody contacted
    profit: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """All findings, the verdict that is the most severe of them, and the score that orders plans."""

    verdict: Literal["block", "review", "pass"]
    findings: tuple[Finding, ...]
    policy_version: str
    score: float = 0.0  # 0 to 100
    contributions: Mapping[str, float] = field(default_factory=dict)  # to the log-odds of the score, which they add up to
    remedy: Remedy | None = None  # None where the plan passes
