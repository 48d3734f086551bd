"""Gaussian mixtures with one covariance."""

from __future__ import annotations

import numpy as np

from netlift.segments import halves, homoscedastic
from tests.segments.test_halves import hidden, rng


def test_expectation_maximisation_finds_shares_means_and_covariance() -> None:
    """From the true memberships; by the likeliest component nobody is misplaced."""
    X, labels = hidden(4000, (0.7, 0.3))
    white, truth = X.T, labels == np.arange(2)[:, None]
    mixture = homoscedastic._maximised(white[None], truth[None].astype(float), 25)[1][0]
    assert (mixture.assign(white) == labels).mean() > 0.995
    np.testing.assert_allclose(mixture.means, [X[labels == 0].mean(axis=0), X[labels == 1].mean(axis=0)], atol=0.05)
    np.testing.assert_allclose(np.linalg.inv(mixture.precision), 49 + np.eye(6), rtol=0.1)


def test_each_start_sees_what_others_overlook() -> None:
    """Of two hidden halves the flattest cut leads to the likeliest mixture, of a hidden niche the most skewed one."""
    for shares, likeliest in (((0.5, 0.5), 2), ((0.95, 0.05), 1)):
        ready = halves.ready(hidden(1200, shares)[0], rng())
        starts = homoscedastic._starts(ready.scores, ready.white, 2, rng())
        reached, _, _ = homoscedastic._maximised(np.stack([ready.white] * len(starts)), np.stack(starts), 25)
        assert reached.argmax() == likeliest


def test_several_samples_are_fitted_as_each_would_be_alone() -> None:
    """The same start leads to the same groups, beside another sample or not."""
    white = np.stack([hidden(400, shares)[0].T for shares in ((0.5, 0.5), (0.9, 0.1))])
    start = (np.arange(400) % 3 == np.arange(3)[:, None]).astype(float) + white[:, :1]
    start = np.exp(start) / np.exp(start).sum(axis=1, keepdims=True)
    together = homoscedastic._maximised(white, start, 25)[1]
    for sample in (0, 1):
        alone = homoscedastic._maximised(white[[sample]], start[[sample]], 25)[1][0]
        np.testing.assert_array_equal(alone.assign(white[sample]), together[sample].assign(white[sample]))
