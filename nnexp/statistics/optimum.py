"""Whether the best point along an axis lies inside it: better than both of its ends."""

from typing import NamedTuple

import numpy as np

from nnexp.statistics.intervals import LEVEL, Floats, moments
from nnexp.statistics.rule import STUDENT, Rule


class Optimum(NamedTuple):
    """`best`: the point inside with the highest mean. `gain`: its mean minus that of the better end.

    `low`, `high`: 95 % interval on the gain of the true best inside. `p`: of "no point inside is better than
    both ends by more than the margin"; `p_edge`: of "some point inside is".
    """

    best: int
    gain: float
    low: float
    high: float
    p: float
    p_edge: float
    n: int


def optimum(
    values: Floats, margin: float = 0.0, level: float = LEVEL, rule: Rule = STUDENT, grain: float = 0.0
) -> Optimum:
    """`values (points, seeds)`: in order of the axis, 3 points or more, higher is better, none missing.

    A union of intersections (Berger 1982): a point inside must be better than either end, each by a one-sided
    paired test, and any of the k - 2 inside may be it, so these tests are corrected over k - 2. The true best
    inside fails only by one of its two tests, which are corrected over the two ends.
    With fewer than 3 seeds, limits are infinite and p values NaN. `grain`: the step between values,
    1 / examples for accuracies, whose rounding has a variance of grain^2 / 6 in a difference.
    """
    k, n = values.shape
    means = values.mean(1)
    best = 1 + int(np.argmax(means[1:-1]))
    mean, sd, counts = moments(values[1:-1, None] - values[None, [0, -1]])  # (inside, ends)
    error, either = np.hypot(sd, grain / np.sqrt(6)) / np.sqrt(n), (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(mean == margin, 0.0, (mean - margin) / error)
    lower = mean - rule.half_width(counts, either / (k - 2), error)
    upper = mean + rule.half_width(counts, either / 2, error)
    above, below = rule.p(-t, counts), rule.p(t, counts)
    return Optimum(
        best=best,
        gain=float(mean[best - 1].min()),
        low=float(lower.min(1).max()),
        high=float(upper.min(1).max()),
        p=float(np.minimum((k - 2) * above.max(1).min(), 1)),
        p_edge=float(np.minimum(2 * below.min(1).max(), 1)),
        n=n,
    )
