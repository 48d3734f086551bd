"""The verb: compare, test, judge in money, choose, and assign everybody."""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn import config_context
from threadpoolctl import threadpool_limits

from netlift.engine import Session
from netlift.records import Features, Progress, Segmentation, silent
from netlift.segments import model, stages, usefulness
from netlift.segments.model import Assigned, Model
from netlift.segments.study import study
from netlift.settings import Settings


def segment(settings: Settings, features: Features, progress: Progress = silent, *, session: Session | None = None) -> Segmentation:
    """Compare all algorithms at every k, decide whether segments exist and pay, and give every customer one.

    Args:
        settings: the project's.
        features: of all customers; where their values are a sample, the sample is compared and everybody is assigned.
        progress: told how far it has come.
        session: where the table `features` has everybody's values; needed only beside a sample.

    Raises:
        SettingsError: an unknown algorithm is named.
        InputError: an input feature is unknown or infinite.
        NotEnoughData: too few customers, or no feature that differs between them.
    """
    # Thousands of small fits: threads and repeated checks cost more than the fits, and sums in one order are repeatable.
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        found, fitted = _found(settings, features.sample(), progress)
        progress(0.9, "assigning every customer")
        said = _everybody(features, fitted, session)
        return dataclasses.replace(
            found,
            segment=said.segment,
            x=said.x,
            y=said.y,
            anomaly_score=said.anomaly_score,
            anomaly_reason=said.anomaly_reason,
            membership=said.membership if found.algorithm else None,
            warnings=(*_sampled(features), *found.warnings),
            model=fitted.stored(),
        )


def _found(settings: Settings, features: Features, progress: Progress) -> tuple[Segmentation, Model]:
    """What is found on customers whose values are all at hand, still without what it says of each; and the model."""
    seed, neighbours = settings.project.seed, settings.segments.map == "tsne"
    money = None if features.outcome is None else usefulness.split(features.outcome, seed)
    if settings.segments.lifecycle:
        found, scaling, cuts = stages.study_each(settings, features, money, progress)
    else:
        studied = study(settings, features, money, progress)
        found, scaling, cuts = studied.found, studied.scaling, (studied.cut,)
    fitted = model.fit(features, scaling, cuts, seed=seed, neighbours=neighbours)
    return dataclasses.replace(found, stages=stages.named(fitted.cuts)), fitted


def _everybody(features: Features, fitted: Model, session: Session | None) -> Assigned:
    """What the frozen model says of every customer, in the order of the features."""
    if features.rows is None:
        return fitted.apply(np.column_stack([features.column(name) for name in fitted.inputs]))
    if session is None:
        raise AssertionError("the values are a sample, so everybody must be in a session")
    return model.assigned(session, fitted, features.customer_ids)


def _sampled(features: Features) -> tuple[str, ...]:
    if features.rows is None:
        return ()
    m, n = len(features.rows), len(features.customer_ids)
    return (f"Segments were compared on {m:,} of the {n:,} customers, drawn at random; then everybody was assigned.",)
