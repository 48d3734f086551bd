"""How much more a contact makes each customer do: learners of the conditional average treatment effect.

Every effect is out of fold, and the share of customers in each arm is the design's, never fitted. Arm 0 is the control.

    t_linear    a model per arm, difference of their predictions (Künzel et al. 2019, section 2): logistic for 0/1, ridge for money
    dr_linear   ridge of the doubly robust pseudo-outcome (Kennedy 2023, algorithm 1)
                phi_a = mu_a - mu_0 + 1[A=a](y - mu_a)/e_a - 1[A=0](y - mu_0)/e_0, with mu cross-fitted inside the learning folds
    dr_forest   one random forest of the same pseudo-outcome
    s_boost     one gradient boosting with the arm as a column (Künzel et al. 2019, section 2)
    t_boost     a gradient boosting per arm
    x_boost     effects imputed across arms, learnt and weighted by the arms' shares (Künzel et al. 2019, section 2.3)
    dr_boost    gradient boosting of the pseudo-outcome
    class_transformation   the chance that outcome and arm agree (Jaskowski and Jaroszewicz 2012); one treatment, 0/1 outcome
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV

from netlift.errors import InputError
from netlift.offers import columns as encoding
from netlift.offers.columns import Column
from netlift.offers.folds import FOLDS, folds
from netlift.records import Floats, Ints

RIDGE = 100.0
STRENGTHS = 10.0 ** np.arange(6)  # among which the ridge of the pseudo-outcome chooses
LARGEST_LEAF = 400  # customers in a leaf of the forest at most, else a fortieth of all


@dataclass(frozen=True, slots=True)
class Trial:
    """A past experiment: features X (n, q) standardised, arm (n,) 0..A with 0 = control, outcome y (n,), shares (A+1,)."""

    X: Floats
    arm: Ints
    y: Floats
    shares: Floats
    seed: int

    @property
    def binary(self) -> bool:
        """Whether the outcome is 0 or 1."""
        return bool(np.isin(self.y, (0.0, 1.0)).all())

    def only(self, rows: Ints) -> Trial:
        """Some of its customers."""
        return replace(self, X=self.X[rows], arm=self.arm[rows], y=self.y[rows])


Make = Callable[..., Any]  # a model of the outcome


@dataclass(frozen=True, slots=True)
class Nuisance:
    """Expected outcomes that learners share, each kind computed once: `told` of X by `expected`, `crossed` of the trial by `_crossed`."""

    told: Callable[[Make], Floats]
    crossed: Callable[[Make], Floats]


Learner = Callable[[Trial, Floats, Nuisance], Floats]  # learn from a trial, tell effects of X (m, q): (m, A)


def _boosted(*, classify: bool, seed: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    return kind(max_depth=3, learning_rate=0.05, max_iter=100, min_samples_leaf=200, l2_regularization=1.0, random_state=seed)


def _linear(*, classify: bool, seed: int) -> Any:  # noqa: ANN401, ARG001
    return LogisticRegression(C=0.1, solver="newton-cholesky") if classify else Ridge(RIDGE)


def _predicted(make: Make, trial: Trial, X: Floats) -> Floats:
    """Expected outcome of X by a model of the trial's customers, (m,); their mean where the outcome does not vary."""
    if trial.y.min() == trial.y.max():
        return np.full(len(X), trial.y[0])
    model = make(classify=trial.binary, seed=trial.seed).fit(trial.X, trial.y)
    return np.asarray(model.predict_proba(X)[:, 1] if trial.binary else model.predict(X))


def expected(trial: Trial, X: Floats, make: Make = _linear) -> Floats:
    """Expected outcome of X (m, q) under each arm by a model per arm, (m, A+1)."""
    return np.column_stack([_predicted(make, trial.only(np.flatnonzero(trial.arm == a)), X) for a in range(len(trial.shares))])


def _t(make: Make) -> Learner:
    def learn(_trial: Trial, _X: Floats, nuisance: Nuisance) -> Floats:
        mu = nuisance.told(make)
        return mu[:, 1:] - mu[:, :1]

    return learn


def robust_outcomes(trial: Trial, mu: Floats) -> Floats:
    """Doubly robust outcome of every customer under each arm, (n, A+1), from expected outcomes mu (n, A+1) not fitted on him."""
    given = np.eye(len(trial.shares))[trial.arm]
    return mu + given * (trial.y[:, None] - mu) / trial.shares


def _crossed(trial: Trial, make: Make) -> Floats:
    """Expected outcomes under each arm, each customer by models that have not seen him, (n, A+1)."""
    fold = np.random.default_rng([trial.seed, 93]).permutation(len(trial.y)) % FOLDS
    mu = np.empty((len(trial.y), len(trial.shares)))
    for number in range(FOLDS):
        out = np.flatnonzero(fold == number)
        mu[out] = expected(trial.only(np.flatnonzero(fold != number)), trial.X[out], make)
    return mu


def _dr(final: Callable[[Trial], Any], make: Make) -> Learner:
    def learn(trial: Trial, X: Floats, nuisance: Nuisance) -> Floats:
        outcomes = robust_outcomes(trial, nuisance.crossed(make))
        effects = outcomes[:, 1:] - outcomes[:, :1]
        return np.column_stack([final(trial).fit(trial.X, effects[:, a]).predict(X) for a in range(effects.shape[1])])

    return learn


def _forest(trial: Trial) -> Any:  # noqa: ANN401
    leaf = min(LARGEST_LEAF, max(1, len(trial.y) // 40))
    return RandomForestRegressor(100, min_samples_leaf=leaf, max_features=0.5, max_samples=0.5, random_state=trial.seed)


def _s(trial: Trial, X: Floats, _nuisance: Nuisance) -> Floats:
    arms = len(trial.shares)
    dummies = np.eye(arms)
    joined = replace(trial, X=np.column_stack([trial.X, dummies[trial.arm]]))
    model = _boosted(classify=trial.binary, seed=trial.seed).fit(joined.X, joined.y)
    tell = (lambda Z: model.predict_proba(Z)[:, 1]) if trial.binary else model.predict
    mu = np.column_stack([tell(np.column_stack([X, np.tile(dummies[a], (len(X), 1))])) for a in range(arms)])
    return np.asarray(mu[:, 1:] - mu[:, :1])


def _x(trial: Trial, X: Floats, _nuisance: Nuisance) -> Floats:
    control = np.flatnonzero(trial.arm == 0)
    found = []
    for a in range(1, len(trial.shares)):
        treated = np.flatnonzero(trial.arm == a)
        gained = trial.y[treated] - _predicted(_boosted, trial.only(control), trial.X[treated])
        missed = _predicted(_boosted, trial.only(treated), trial.X[control]) - trial.y[control]
        share = trial.shares[a] / (trial.shares[a] + trial.shares[0])
        by_treated, by_control = (
            _boosted(classify=False, seed=trial.seed).fit(trial.X[rows], effect).predict(X)
            for rows, effect in ((treated, gained), (control, missed))
        )
        found.append(share * by_control + (1 - share) * by_treated)
    return np.column_stack(found)


def _class_transformation(trial: Trial, X: Floats, _nuisance: Nuisance) -> Floats:
    if not trial.binary or len(trial.shares) != 2:
        raise InputError("class_transformation needs a 0/1 outcome and one treatment beside the control; choose another learner.")
    agrees = (trial.arm == 1) == (trial.y == 1)
    weight = 1 / trial.shares[trial.arm]
    model = _boosted(classify=True, seed=trial.seed).fit(trial.X, agrees, sample_weight=weight)
    return np.asarray(2 * model.predict_proba(X)[:, 1:] - 1)


LEARNERS: Mapping[str, Learner] = {
    "t_linear": _t(_linear),
    "dr_linear": _dr(lambda _: RidgeCV(STRENGTHS), _linear),
    "dr_forest": _dr(_forest, _linear),
    "s_boost": _s,
    "t_boost": _t(_boosted),
    "x_boost": _x,
    "dr_boost": _dr(lambda trial: _boosted(classify=False, seed=trial.seed), _boosted),
    "class_transformation": _class_transformation,
}
DEFAULT = ("t_linear", "dr_linear", "dr_forest")


@dataclass(frozen=True, slots=True)
class Effects:
    """Out-of-fold figures of every customer: the fold (n,), expected outcomes per arm (n, A+1), effects per learner (n, A)."""

    fold: Ints
    mu: Floats
    by_learner: Mapping[str, Floats]


def effects(columns: Mapping[str, Column], trial: Trial, names: tuple[str, ...] = DEFAULT) -> Effects:
    """Score every customer by learners that have not seen him; `trial.X` is made anew in each fold from `columns`.

    Raises:
        InputError: an unknown learner, or one that does not fit the trial.
        NotEnoughData: an arm or outcome is too rare for five folds.
    """
    for name in names:
        if name not in LEARNERS:
            raise InputError(f"There is no learner '{name}'; choose from {', '.join(LEARNERS)}.")
    kind = trial.arm * 2 + (trial.y > 0)
    if not trial.binary and np.bincount(kind)[np.unique(kind)].min() < FOLDS:  # of amounts, a handful need not be spread evenly
        kind = trial.arm
    fold = folds(np.unique(kind, return_inverse=True)[1], encoding.groups(columns), seed=trial.seed)
    n, arms = len(trial.y), len(trial.shares)
    mu, found = np.empty((n, arms)), {name: np.empty((n, arms - 1)) for name in names}
    for number in range(FOLDS):
        learn, score = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        design = encoding.fit(columns, learn)
        seen = replace(trial, X=design.matrix(columns)).only(learn)
        X = design.matrix(columns, score)
        nuisance = Nuisance(cache(partial(expected, seen, X)), cache(partial(_crossed, seen)))
        mu[score] = nuisance.told(_linear)
        for name in names:
            found[name][score] = LEARNERS[name](seen, X, nuisance)
    return Effects(fold, mu, found)


def scores(columns: Mapping[str, Column], trial: Trial, name: str, *, everybody: Mapping[str, Column]) -> Floats:
    """Effects of one learner, fitted on the whole trial, for `everybody`, who has the same columns, (m, A)."""
    design = encoding.fit(columns, np.arange(len(trial.y)))
    seen, X = replace(trial, X=design.matrix(columns)), design.matrix(everybody)
    return LEARNERS[name](seen, X, Nuisance(cache(partial(expected, seen, X)), cache(partial(_crossed, seen))))
