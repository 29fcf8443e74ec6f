"""How much of an outcome hangs on each of several settings, by a forest of regression trees.

Each tree grows on half of the rows, and a row is predicted by the trees that grew without it: by how much
does their error grow where one setting is shuffled among the rows? The growth is twice the variance that
hangs on the setting, alone or together with others (Breiman 2001, Random forests; Gregorutti, Michel and
Saint-Pierre 2017): half of it, as a share of the whole variance, is the setting's importance. It is about 0
for a setting without effect, whatever the trees make of noise. Of few rows a forest learns less than there is
to learn, so that shares are too low rather than too high.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.statistics.intervals import LEVEL

Floats = NDArray[np.float64]
TREES, LEAF = 200, 2  # of the forest; rows in a leaf at least
SAMPLES, TREES_OF_SAMPLE = 60, 15  # of the bootstrap
SHUFFLES = 4  # of each setting
SEED = 0  # the same rows, the same figures
LEAST_ROWS = 16


class Importance(NamedTuple):
    """Of each setting (d,) its share of the variance, with the ends of a 95 % interval by the bootstrap.

    `explained`: the share of the variance that the forest explains in rows that it has not seen.
    """

    share: Floats
    low: Floats
    high: Floats
    explained: float


def importance(settings: Floats, outcome: Floats) -> Importance:
    """Of the settings (n, d), NaN where one was not drawn, for the outcome (n,), whose ranks are explained:
    how far below the others a bad outcome lies plays no part.
    """
    from scipy.stats import rankdata

    rng, n = np.random.default_rng(SEED), len(outcome)
    settings = _filled(settings, rng)
    ranks = rankdata(outcome) / n
    share, explained = _shares(settings, ranks, np.ones(n), TREES, rng)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=SAMPLES).astype(float)
    others = np.array([_shares(settings, ranks, each, TREES_OF_SAMPLE, rng)[0] for each in counts])
    low, high = np.quantile(others - others.mean(axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Importance(share, share + low, share + high, explained)


def _shares(
    settings: Floats, ranks: Floats, weights: Floats, trees: int, rng: np.random.Generator
) -> tuple[Floats, float]:
    """The share of each setting, and of the forest, where each row counts so many times."""
    from sklearn.tree import ExtraTreeRegressor

    rows = np.flatnonzero(weights)
    settings, ranks, weights = settings[rows], ranks[rows], weights[rows]
    n = len(rows)
    columns = [None, *SHUFFLES * [*range(settings.shape[1])]]
    table = np.stack([_shuffled(settings, column, rng) for column in columns])
    sums, votes = np.zeros((len(table), n)), np.zeros(n)
    for _ in range(trees):
        order = rng.permutation(n)
        half, rest = order[: n // 2], order[n // 2 :]
        tree = ExtraTreeRegressor(min_samples_leaf=LEAF, random_state=int(rng.integers(2**31)))
        tree.fit(table[0, half], ranks[half], sample_weight=weights[half], check_input=False)
        predicted = tree.tree_.predict(table[:, rest].reshape(-1, table.shape[2]))
        sums[:, rest] += predicted.reshape(len(table), len(rest))
        votes[rest] += 1
    errors = np.square(sums / np.maximum(votes, 1) - ranks) @ weights / weights.sum()
    variance = float(np.cov(ranks, aweights=weights, ddof=0))
    growth = errors[1:].reshape(SHUFFLES, -1).mean(axis=0) - errors[0]
    return growth / (2 * variance), 1 - float(errors[0]) / variance


def _shuffled(settings: Floats, column: int | None, rng: np.random.Generator) -> NDArray[np.float32]:
    """The settings with one of them shuffled among the rows."""
    copy = settings.astype(np.float32)
    if column is not None:
        copy[:, column] = rng.permutation(copy[:, column])
    return copy


def _filled(settings: Floats, rng: np.random.Generator) -> Floats:
    """Where a setting was not drawn, a value that another row has: that it was not drawn tells nothing of its
    own, for it follows from another setting."""
    filled = settings.copy()
    for column in filled.T:
        missing = np.isnan(column)
        if missing.any() and not missing.all():
            column[missing] = rng.choice(column[~missing], missing.sum())
    return np.nan_to_num(filled)
