"""How customers, all or those of one stage of life, are cut into segments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlift.records import Floats, Ints
from netlift.segments import membership
from netlift.segments.partition import Mixture, Partition
from netlift.segments.prep import Prep


@dataclass(frozen=True, slots=True)
class Cut:
    """Frozen: the scaling, the partition of the scaled customers, and what its labels are called."""

    prep: Prep | None  # its columns refer to the inputs of the model; None where there is no partition
    partition: Partition | None  # None = they are one segment, or none
    number: Ints  # (k,) the segment's number by label; empty where the verdict is none
    doubt: Mixture | None = None  # whose posterior is the membership; None = the partition leaves no doubt
    stage: int = -1  # of life, the value of the feature lifecycle; -1 = everybody
    luck: Floats = field(default_factory=lambda: np.zeros((1, 1)))  # (k, k) of luck.py, by label

    def segment(self, values: Floats) -> Ints:
        """The segment of customers from the inputs of the model, (n, inputs); 0 where there are no segments."""
        if self.partition is None or self.prep is None:
            return np.full(len(values), self.number[0] if len(self.number) else 0, dtype=np.int64)
        return np.asarray(self.number[self.partition.assign(self.prep.apply(values))])

    def membership(self, values: Floats) -> Floats:
        """P(label) of the same, (n, k)."""
        if self.partition is None or self.prep is None:
            return np.ones((len(values), len(self.number)))
        return membership.probability(self.partition, self.doubt, self.prep.apply(values), len(self.number)).T


def of(prep: Prep, partition: Partition | None, X: Floats, k: int, *, luck: Floats | None = None) -> Cut:
    """A cut of scaled customers X, (n, p), into k labels that are still to be numbered (they count from 1); by luck nobody moves."""
    number = np.arange(1, k + 1, dtype=np.int64)
    doubt = None if partition is None else membership.fit(partition, X)
    return Cut(prep, partition, number, doubt, luck=np.zeros((k, k)) if luck is None else luck)
