"""A trained network as a notebook sees it, and a committee of them: they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnexp.config import choices, file_behind
from nnexp.data import scale_of
from nnexp.errors import UserError, unknown
from nnexp.nn import Model, outputs_of
from nnexp.results.by_point import best_run, finished_ids
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store.record_file import read_model
from nnexp.text import spelled

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network that answers. `run_id`, `label`: which run it is, and what varies there.

    `scale`: what the inputs were divided by in training.
    """

    run_id: str
    label: str
    model: Model = field(repr=False)
    scale: float

    def probabilities(self, inputs: ArrayLike) -> NDArray[np.floating]:
        """The outputs (n, C) for `inputs (n, d)`, or images `(n, h, w)`, scaled as the training data were.

        With `output: identity` they are no probabilities, nor with `step`, where they are the weighted
        inputs: a unit fires above 0.

        Raises:
            UserError: the inputs have another shape, or are pixels that were not divided by `scale`.
        """
        array, first = np.asarray(inputs), self.model.weights[0]
        if array.ndim > 2:  # images, as data sets may have them
            array = array.reshape(len(array), -1)
        if array.ndim != 2 or array.shape[1] != first.shape[1]:
            raise UserError(f"inputs must have the shape (n, {first.shape[1]}), got {array.shape}")
        largest = array.max(initial=0)
        if self.scale != 1 and largest > 1 and np.array_equal(array, np.rint(array)):
            raise UserError(
                f"inputs must be divided by {self.scale:g}, as the training data were, "
                f"got whole numbers up to {largest:g}"
            )
        return outputs_of(self.model, array.astype(first.dtype))

    def predict(self, inputs: ArrayLike) -> NDArray[np.integer]:
        """The labels (n,) of `inputs (n, d)`: the largest output. Raises as `probabilities`."""
        return np.asarray(self.probabilities(inputs).argmax(axis=1))


@dataclass(frozen=True)
class Committee:
    """Networks that answer together, by the mean of their outputs (Meier, Ciresan et al. 2011).

    `label`: the point that all are of; they differ in their seed.
    """

    label: str
    members: tuple[TrainedNetwork, ...] = field(repr=False)

    def probabilities(self, inputs: ArrayLike) -> NDArray[np.floating]:
        """The mean of the members' outputs (n, C). Inputs, and what is raised, as of one network."""
        return np.asarray(np.mean([member.probabilities(inputs) for member in self.members], axis=0))

    def predict(self, inputs: ArrayLike) -> NDArray[np.integer]:
        """The labels (n,) of `inputs (n, d)`: the largest mean output. Raises as `probabilities`."""
        return np.asarray(self.probabilities(inputs).argmax(axis=1))


def network_of(folder: Path, plan: Plan, run: Run) -> TrainedNetwork:
    """The network of a run that finished, of the sweep in `folder`.

    Raises:
        UserError: the weights are damaged, or the sweep was published without them.
    """
    if not (folder / "records").exists():
        problem = f"sweep {plan.name} was published without its weights"
        file = file_behind(plan.name) if is_part(plan) else plan.name
        if file not in choices("sweep"):
            raise UserError(problem)
        data = {run.data.name for run in plan.runs}
        command = " ".join([f"python -m nnexp +sweep={file}", *(f"data={n}" for n in data if len(data) == 1)])
        raise UserError(f"{problem}: {command} trains it here")
    return TrainedNetwork(
        run.run_id, plan.label(run), read_model(folder / "records", run.run_id), scale_of(run.data)
    )


def best_network(folder: Path, plan: Plan, runs: pd.DataFrame) -> TrainedNetwork:
    """That of the best point that did best, both on validation data.

    Raises: as `network_of`; and where no run finished.
    """
    return network_of(folder, plan, _best(plan, runs))


def committee_of(folder: Path, plan: Plan, runs: pd.DataFrame, settings: Mapping[str, Any]) -> Committee:
    """The networks of one point that learnt, one for each seed; without settings, of the best point.

    Raises: as `best_network`; and where not one point has the settings, or none of its runs finished.
    """
    point = _point_with(plan, settings) if settings else _best(plan, runs).point
    learnt = set(finished_ids(plan, runs))
    members = [run for run in plan.runs_by_point[point] if run.run_id in learnt]
    label = _written(plan.settings_at(point))
    if not members:
        raise UserError(f"a committee needs a run that finished, got none at {label}")
    return Committee(label, tuple(network_of(folder, plan, run) for run in members))


def _best(plan: Plan, runs: pd.DataFrame) -> Run:
    run = best_run(plan, runs)
    if run is None:
        ended = f"{len(runs)} of {len(plan.runs)} runs have ended"
        raise UserError(f"sweep {plan.name} has no best network: no run finished ({ended})")
    return run


def _point_with(plan: Plan, settings: Mapping[str, Any]) -> int:
    """The number of the one point with these settings."""
    points = [plan.settings_at(point) for point in range(len(plan.points))]
    for name in settings:
        if name not in points[0]:
            raise unknown("setting of a point", name, list(points[0]))
    fits = [k for k, point in enumerate(points) if all(_same(point[n], v) for n, v in settings.items())]
    if len(fits) != 1:
        raise UserError(f"settings must name one point, got {_written(settings)}, which {len(fits)} have")
    return fits[0]


def _same(one: Any, other: Any) -> bool:
    """As values, or as they are spelled: sizes may come as a list."""
    return bool(one == other) or spelled(one) == spelled(other)


def _written(settings: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={spelled(value)}" for name, value in settings.items()) or "the one point"
