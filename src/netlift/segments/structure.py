"""Is there more than a continuum? Agreement of halves of the customers against copies of them that have no groups.

There is structure only if both kinds of copies (`nulls`) agree less: correlation alone must not explain the agreement, and a bend must
not either. Each is a Monte-Carlo test at level 0.05, so both together err at most as often (an intersection-union test: Berger,
Technometrics 24, 1982). docs/methods/structure.md has the error rates; other settings need them measured again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.records import Floats, Progress, silent
from netlift.segments import halves, nulls

KS = (2, 3, 4, 6)
SPLITS = 3  # of the customers; a copy gets one: the mean of more is no farther out by chance, so the test stays at its level
COPIES = 29  # of each kind
LARGEST = 2000  # customers; more are sampled
LEVEL = 0.05
CLEAR = 4.0  # z that none of the 108 sets without groups reached that the rule was developed on, and 85 of the 87 with groups did


@dataclass(frozen=True, slots=True)
class Structure:
    """Result of the test. `z_by_k` is agreement above the mean of the copies that come nearer, in their standard deviations."""

    p_by_null: dict[str, float]  # "cloud" and "curve"
    z_by_k: dict[int, float]
    copies: int  # of each kind
    customers: int
    valley_share: float  # of customers in groups with a valley around them, at the k where it is largest

    @property
    def p(self) -> float:
        """The larger p."""
        return max(self.p_by_null.values())

    @property
    def z(self) -> float:
        """At the best k."""
        return self.z_by_k[self.best_k]

    @property
    def found(self) -> bool:
        """Whether the halves agree more than those of copies of both kinds."""
        return self.p <= LEVEL

    @property
    def bent(self) -> bool:
        """Whether there is no structure, but a bend and not correlation alone explains the agreement."""
        return self.p_by_null["cloud"] <= LEVEL < self.p

    @property
    def borderline(self) -> bool:
        """Whether another seed may well turn the answer."""
        return self.z < CLEAR if self.found else self.p <= 2 * LEVEL

    @property
    def best_k(self) -> int:
        """Number of segments at which agreement stands out most."""
        return max(self.z_by_k, key=lambda k: self.z_by_k[k])


def examine(X: Floats, *, seed: int, progress: Progress = silent) -> Structure:
    """Test scaled customers X, (n, p), for structure; larger data are sampled."""
    rng = np.random.default_rng([seed, 41])
    if len(X) > LARGEST:
        X = X[np.sort(rng.choice(len(X), LARGEST, replace=False))]
        X = X[:, np.ptp(X, axis=0) > 0]  # what only a few customers have may be the same for the whole sample: it has no correlation
    ks = [k for k in KS if 10 * k <= len(X)]
    ready = halves.ready(X, rng)
    splits = [halves.split(ready, ks, rng) for _ in range(SPLITS)]
    observed = _fisher(np.mean([s.agreement() for s in splits], axis=0))
    compared = {}
    for done, (name, null) in enumerate({"cloud": nulls.cloud(X), "curve": nulls.curve(X)}.items()):
        agreement = np.empty((COPIES, len(ks)))
        for b in range(COPIES):
            number, of = done * COPIES + b, 2 * COPIES
            progress(number / of, f"comparing with structureless copy {number + 1} of {of}")
            agreement[b] = halves.split(halves.ready(null.copy(rng), rng), ks, rng).agreement()
        compared[name] = _compared(observed, _fisher(agreement))
    return Structure(
        p_by_null={name: p for name, (p, _) in compared.items()},
        z_by_k=dict(zip(ks, min((z for _, z in compared.values()), key=max).tolist(), strict=True)),
        copies=COPIES,
        customers=len(X),
        valley_share=float(np.mean([s.valley_share() for s in splits], axis=0).max()),
    )


def _fisher(agreement: Floats) -> Floats:
    """Fisher's z of agreement: 0.9 against 0.8 is more than 0.2 against 0.1."""
    return np.asarray(np.arctanh(np.clip(agreement, 0, 0.995)))


def _compared(observed: Floats, copies: Floats) -> tuple[float, Floats]:
    """The p of the largest z over all k, and z by k, of agreement (ks,) against that of copies (copies, ks)."""
    mean, sd = copies.mean(axis=0), copies.std(axis=0) + 1e-2
    z = (observed - mean) / sd
    largest = ((copies - mean) / sd).max(axis=1)
    return (1 + int((largest >= z.max()).sum())) / (len(copies) + 1), z
