"""What varies the accuracy of a sweep: axes, their interactions, seeds; or the sources that it crosses."""

from collections.abc import Iterator, Mapping

import numpy as np

from nnexp.report.answer import Line
from nnexp.report.evidence import Evidence
from nnexp.results.by_point import STUCK, samples
from nnexp.statistics.intervals import Floats
from nnexp.statistics.sources import TOGETHER, shares_of_sources
from nnexp.statistics.variation import REST, SEEDS, Share, shares_of_variance
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.sources import SOURCES
from nnexp.text import count, spelled

MOST_POINTS = 6  # that get a line each
RESAMPLING_SEED = 0


def variation_lines(evidence: Evidence) -> Iterator[Line]:
    """What axes of a grid contribute, or two sources that are crossed; nothing unless all runs finished.

    Where seeds go on until decided, those that all points have count.
    """
    accuracies, over = _accuracies(evidence), ""
    if evidence.plan.until and len(common := np.flatnonzero(~np.isnan(accuracies).any(0))):
        over = f" over the {count(len(common), 'seed')} that all points have" * (
            len(common) < accuracies.shape[1]
        )
        accuracies = accuracies[:, common]
    if not evidence.is_complete or np.isnan(accuracies).any():
        return
    if crossing := evidence.standing.crossing:
        if len(crossing.axes) == 2:
            yield from _source_lines(evidence, accuracies.reshape(-1, *crossing.shape), crossing.axes)
    elif (grid := _grid(evidence, accuracies)) is not None:
        shares = shares_of_variance(grid, _varied(evidence), np.random.default_rng(RESAMPLING_SEED))
        if not np.isnan(shares[SEEDS].share):
            yield Line(f"What varies accuracy{over}: {_shares_text(shares)}.")


def _accuracies(evidence: Evidence) -> Floats:
    """Of all finished runs, stuck ones too: (points, seeds)."""
    accuracies: Floats = samples(evidence.plan, evidence.runs, [evidence.metric], ("finished", STUCK))[0]
    return accuracies


def _grid(evidence: Evidence, accuracies: Floats) -> Floats | None:
    """The accuracies as `(*axes, seeds)`; None where these are no whole grid of two axes and two seeds."""
    points, axes = evidence.plan.points, _varied(evidence)
    values = [list(dict.fromkeys(spelled(point[axis]) for point in points)) for axis in axes]
    shape = tuple(map(len, values))
    if len(axes) < 2 or np.prod(shape) != len(points) or accuracies.shape[1] < 2:
        return None
    grid = np.full((*shape, accuracies.shape[1]), np.nan)
    for point, own in zip(points, accuracies, strict=True):
        grid[tuple(v.index(spelled(point[axis])) for axis, v in zip(axes, values, strict=True))] = own
    return grid


def _source_lines(evidence: Evidence, accuracies: Floats, axes: tuple[str, ...]) -> Iterator[Line]:
    """Of each point, and of all together, what the seeds of either source contribute to the spread."""
    plan = evidence.plan
    first, second = map(source_name, axes)
    parts = {label_of(plan, k): accuracies[k] for k in evidence.shown[:MOST_POINTS]}
    if len(plan.points) > 1:
        parts["all points"] = accuracies
    for where, values in parts.items():
        shares = shares_of_sources(values, (first, second), np.random.default_rng(RESAMPLING_SEED))
        if not np.isnan(shares[first].share):
            sd = 100 * np.sqrt(values.var((-2, -1), ddof=1).mean())
            at = f" at {where}" if where else ""
            yield Line(f"What varies accuracy between runs{at} (sd {sd:.2f} points): {_shares_text(shares)}.")


def label_of(plan: Plan, number: int) -> str:
    """`batch_size=10 momentum=0.9`."""
    point = plan.points[number].items()
    return " ".join(f"{axis}={spelled(value)}" for axis, value in point if plan.is_drawn(number, axis))


def _varied(evidence: Evidence) -> list[str]:
    """The axes of more than one value."""
    points = evidence.plan.points
    return [axis for axis in evidence.plan.axes if len({spelled(point[axis]) for point in points}) > 1]


def _shares_text(shares: Mapping[str, Share]) -> str:
    """`activation 18 % (15 to 23), learning_rate 29 % (27 to 31), both together 49 % (46 to 54), ...`."""
    pairs = [name for name in shares if " x " in name]
    names = {REST: "more together", TOGETHER: "both together"}
    names |= {pairs[0]: "both together"} if len(pairs) == 1 else {}
    return ", ".join(
        f"{names.get(name, name)} {100 * share:.0f} % ({100 * low:.0f} to {100 * high:.0f})"
        for name, (share, low, high) in shares.items()
    )


def source_name(axis: str) -> str:
    """`seeds of weights` for `seed_weights`; the plain seeds are those of all other streams."""
    return f"seeds of {SOURCES[axis]}" if axis in SOURCES else "seeds of the rest"
