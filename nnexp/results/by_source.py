"""Sweeps that cross sources of variation: the seeds of streams as replicates of the points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.sources import source_axes
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd


class Crossing(NamedTuple):
    """Sources of variation that a sweep crosses.

    `plan`, `runs`: the sweep with all combinations of these seeds as the replicates of its points, numbered
    from 0 in place of the seeds, so that points differ in settings alone. `axes`: the sources, each with as
    many values as `shape` says; replicates run through their product, the last one fastest.
    """

    plan: Plan
    runs: pd.DataFrame
    axes: tuple[str, ...]
    shape: tuple[int, ...]


def crossing_of(plan: Plan, runs: pd.DataFrame) -> Crossing | None:
    """The sources that a sweep crosses in full; None where it crosses none.

    Several seeds beside those of streams are a source of their own, `seed`: all that has no seed of its own.
    """
    sources = source_axes(plan.axes)
    if not sources:
        return None
    settings = [axis for axis in plan.axes if axis not in sources]
    points = {_key(point, settings): {axis: point[axis] for axis in settings} for point in plan.points}
    numbers = {key: number for number, key in enumerate(points)}
    values = {axis: list(dict.fromkeys(point[axis] for point in plan.points)) for axis in sources}
    axes = {axis: own for axis, own in values.items() if len(own) > 1}
    if len(plan.seeds) > 1:
        axes["seed"] = list(plan.seeds)
    shape = tuple(map(len, axes.values()))
    size = int(np.prod(shape, dtype=int))
    if not axes or len(points) * size != len(plan.runs):
        return None  # some combinations are left out
    places: dict[str, tuple[int, int]] = {}  # run -> its point and replicate
    for run in plan.runs:
        own = plan.points[run.point] | {"seed": run.seed}
        replicate = np.ravel_multi_index([axes[axis].index(own[axis]) for axis in axes], shape)
        places[run.run_id] = numbers[_key(own, settings)], int(replicate)
    ordered = sorted(plan.runs, key=lambda run: places[run.run_id])
    baseline = numbers[_key(plan.points[plan.baseline], settings)]
    crossed = replace(
        plan,
        axes=tuple(settings),
        points=tuple(points.values()),
        seeds=tuple(range(size)),
        runs=tuple(replace(run, point=places[run.run_id][0]) for run in ordered),
        baseline=baseline,
    )
    order = {run.run_id: number for number, run in enumerate(ordered)}
    runs = runs.assign(seed=[places[run_id][1] for run_id in runs["run_id"]])
    runs = runs.iloc[np.argsort([order[run_id] for run_id in runs["run_id"]])].reset_index(drop=True)
    return Crossing(crossed, runs, tuple(axes), shape)


def _key(point: Mapping[str, Any], axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(spelled(point[axis]) for axis in axes)
