"""A sweep as a notebook sees it: frames, verdicts, the best network, pictures."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nnexp.analysis.answer import (
    VERDICTS,
    Answer,
    best_run,
    environments_in,
    located,
    mixed_versions,
    results_in,
    verdicts_of,
)
from nnexp.analysis.csv import Tables, read_verdicts
from nnexp.nn import Model, UserError, load_model, predict
from nnexp.nn.errors import unknown
from nnexp.sweep import record as records
from nnexp.sweep.frozen import read_plan
from nnexp.sweep.plan import Plan

if TYPE_CHECKING:
    from nnexp.analysis.plots import Picture


@dataclass(frozen=True)
class Network:
    """A trained network that answers. `run_id`, `label`: which run it is, and what varies there."""

    run_id: str
    label: str
    model: Model = field(repr=False)

    def probabilities(self, inputs: ArrayLike) -> NDArray[np.floating]:
        """The outputs (n, C) for `inputs (n, d)`, scaled as the training data were; with `output: identity`
        they are no probabilities.

        Raises:
            UserError: the inputs have another shape.
        """
        given, first = np.asarray(inputs), self.model.weights[0]
        if given.ndim != 2 or given.shape[1] != first.shape[1]:
            raise UserError(f"inputs must have the shape (n, {first.shape[1]}), got {given.shape}")
        settings = self.model.hyperparameters
        return predict(
            self.model.weights,
            self.model.biases,
            given.astype(first.dtype),
            activation=settings.activation,
            output=settings.output,
        )

    def predict(self, inputs: ArrayLike) -> NDArray[np.integer]:
        """The labels (n,) of `inputs (n, d)`: the largest output. Raises as `probabilities`."""
        return np.asarray(self.probabilities(inputs).argmax(axis=1))


@dataclass(frozen=True, repr=False)
class LoadedSweep:
    """A sweep's results. `runs`, `history`, `summary`, `verdicts`: the frames of its CSV files."""

    folder: Path
    plan: Plan
    runs: pd.DataFrame
    history: pd.DataFrame
    summary: pd.DataFrame
    verdicts: pd.DataFrame

    def __repr__(self) -> str:
        name = f"{self.plan.name}/{self.plan.sweep_id}"
        shape = f"{len(self.plan.points)} points x {len(self.plan.seeds)} seeds"
        return "\n".join([f"<sweep {name}: {shape}, {self.standing}>", *self.notes])

    @property
    def standing(self) -> str:
        """What the results rest on: `8 of 9 runs have ended: 7 finished, 1 diverged`."""
        statuses = Counter(self.runs["status"])
        counted = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in statuses.items())
        ended = f"{len(self.runs)} of {len(self.plan.runs)} runs have ended"
        return f"{ended}: {counted}" if counted else ended

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the runs, a line each; from the records, where they are there."""
        return mixed_versions(environments_in(self.folder))

    def best(self) -> Network:
        """The network of the best point that did best, both on validation data.

        Raises:
            UserError: no run finished, or the sweep was published without its weights.
        """
        run = best_run(self.plan, self.runs)
        if run is None:
            raise UserError(f"sweep {self.plan.name} has no best network: no run finished ({self.standing})")
        weights = records.weights_path(self.folder / "records", run.run_id)
        if not weights.exists():
            raise UserError(f"the weights of run {run.run_id} are not there: {weights}")
        return Network(run.run_id, self.plan.label(run), load_model(weights))

    def plot(self, name: str | None = None) -> "Picture":
        """The picture of this name, such as `learning_curves`; without one, the picture of the answer.

        Raises:
            UserError: there is no picture of this name, or no run finished.
        """
        from nnexp.analysis.plots import sweep_figures  # matplotlib

        if not (self.runs["status"] == "finished").any():
            raise UserError(f"sweep {self.plan.name} has no pictures: no run finished ({self.standing})")
        pictures = sweep_figures(self.plan, self.runs, self.history, self.summary)
        if name is not None and name not in pictures:
            raise unknown("picture", name, pictures)
        return pictures[name or next(iter(pictures))]


def load_sweep(name: str, sweeps_dir: str | Path = "sweeps") -> LoadedSweep:
    """The results of the sweep NAME (its newest) or NAME/ID in `sweeps_dir`, else of the published one.

    Reads CSV files; where they are missing, or know less than the records, the records.
    Raises:
        UserError: there is no such sweep (names the close ones), or a file of it cannot be read.
    """
    return loaded(located(name, sweeps_dir), sweeps_dir)


def loaded(
    folder: Path, sweeps_dir: str | Path, mlflow_run_ids: Mapping[str, str] = MappingProxyType({})
) -> LoadedSweep:
    """The same for a folder; `sweeps_dir`: where claims find other sweeps."""
    plan = read_plan(folder)
    tables = results_in(folder, plan, mlflow_run_ids)
    path = folder / f"{VERDICTS}.csv"
    verdicts = read_verdicts(path) if path.exists() else verdicts_of(plan, tables, sweeps_dir)
    return LoadedSweep(folder, plan, *tables, verdicts)


def as_answer(sweep: LoadedSweep) -> Answer:
    """What `page` prints."""
    tables: Any = (sweep.runs, sweep.history, sweep.summary)
    return Answer(sweep.plan, Tables(*tables), sweep.verdicts, sweep.notes)
