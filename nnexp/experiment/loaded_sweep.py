"""A sweep as a notebook sees it: frames, table, verdicts, pictures, the best network."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console, RenderableType

from nnexp.errors import UserError, unknown
from nnexp.nn import load_model
from nnexp.report import terminal
from nnexp.report.answer import (
    VERDICTS,
    Answer,
    best_run,
    environments_in,
    is_current,
    located,
    mixed_versions,
    results_in,
    verdicts_of,
)
from nnexp.report.verdicts import verdict_page
from nnexp.results.network import Network
from nnexp.results.read_csv import read_verdicts
from nnexp.results.write_csv import Tables
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store import record as records
from nnexp.sweep.store.plan_file import read_plan

if TYPE_CHECKING:
    from nnexp.plots import Picture

OVER_EPOCHS = ("learning_curves", "accuracy_over_time")  # pictures of the history
PAGE_WIDTH = 90  # characters: what a notebook shows without wrapping


class Page(str):
    """Text that a notebook shows as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, repr=False)
class LoadedSweep:
    """A sweep's results. `runs`, `history`, `summary`, `verdicts`: the frames of its CSV files."""

    folder: Path
    plan: Plan
    runs: pd.DataFrame
    epochs: pd.DataFrame
    summary: pd.DataFrame
    verdicts: pd.DataFrame

    def __repr__(self) -> str:
        plan = self.plan
        name = (
            f"{plan.name}/{plan.sweep_id} on {', '.join(dict.fromkeys(run.data.name for run in plan.runs))}"
        )
        shape = f"{len(plan.points)} points x {len(plan.seeds)} seeds"
        return "\n".join([f"<sweep {name}: {shape}, {self.standing}>", *self.notes])

    @property
    def history(self) -> pd.DataFrame:
        """The frame of history.csv, a row per run and epoch.

        Raises:
            UserError: the sweep was published without its epochs.
        """
        if self.epochs.empty and len(self.runs) and not (self.folder / "records").is_dir():
            raise self._published_without("epochs")
        return self.epochs

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

    def table(self, *metrics: str) -> Page:
        """The answer as it is printed: a row per point, the best one marked, and its test accuracy.

        Args:
            metrics: figures of runs.csv that get a column of their own, such as `final_training_accuracy`.

        Raises:
            UserError: the sweep has no such figure.
        """
        return _page(terminal.answer(self.plan, self.summary, self.runs, metrics))

    def claims(self) -> Page:
        """The verdict on each of the sweep's claims, with the figures it rests on, as it is printed."""
        told = (
            verdict_page(self.verdicts)
            if len(self.verdicts)
            else "No claims: the sweep file states none, or none that these runs can answer."
        )
        return _page(told)

    def best(self) -> Network:
        """The network of the best point that did best, both on validation data.

        Raises:
            UserError: no run finished, or the sweep was published without its weights.
        """
        run = best_run(self.plan, self.runs)
        if run is None:
            raise UserError(f"sweep {self.plan.name} has no best network: no run finished ({self.standing})")
        weights = records.weights_path(self.folder / "records", run.run_id)
        if not weights.parent.exists():
            raise self._published_without("weights")
        if not weights.exists():
            raise UserError(f"the weights of run {run.run_id} are not there: {weights}")
        return Network(run.run_id, self.plan.label(run), load_model(weights))

    def plot(self, name: str | None = None) -> "Picture":
        """The picture of this name, such as `learning_curves`; without one, the picture of the answer.

        Raises:
            UserError: there is no picture of this name, no run finished, or the sweep was published without
                the epochs that the picture shows.
        """
        from nnexp.plots import sweep_figures  # matplotlib

        if not (self.runs["status"] == "finished").any():
            raise UserError(f"sweep {self.plan.name} has no pictures: no run finished ({self.standing})")
        pictures = sweep_figures(self.plan, self.runs, self.epochs, self.summary)
        if self.epochs.empty and (name in OVER_EPOCHS or not pictures):
            raise self._published_without("epochs")
        if name is not None and name not in pictures:
            raise unknown("picture", name, pictures)
        return pictures[name or next(iter(pictures))]

    def _published_without(self, what: str) -> UserError:
        """What to say of published results, which lack records and histories."""
        data = self.runs["data"].unique()
        words = [f"+sweep={self.plan.name}", *(f"data={name}" for name in data if len(data) == 1)]
        command = " ".join(["python -m nnexp", *words])
        return UserError(f"sweep {self.plan.name} was published without its {what}: {command} trains it here")


def _page(told: RenderableType) -> Page:
    """What is printed, as plain text, without blank lines around it."""
    console = Console(width=PAGE_WIDTH, color_system=None, force_jupyter=False, force_terminal=False)
    with console.capture() as capture:
        console.print(told)
    return Page("\n".join(line.rstrip() for line in capture.get().strip("\n").splitlines()))


def load_sweep(name: str, sweeps_dir: str | Path | None = None) -> LoadedSweep:
    """The results of the sweep NAME (its newest) or NAME/ID in `sweeps_dir`, else of the published one.

    Without `sweeps_dir`, the folder `sweeps` here, else in the nearest folder above: a notebook inside
    `sweeps` finds it. Reads CSV files; where they are missing, or know less than the records, the records.

    Raises:
        UserError: there is no such sweep (names the close ones), or a file of it cannot be read.
    """
    folder = nearest("sweeps") if sweeps_dir is None else sweeps_dir
    return loaded(located(name, folder), folder)


def nearest(name: str) -> Path:
    """The folder `name` here, or in the nearest folder above that has one; else the one here."""
    above = [Path(*[".."] * up, name) for up in range(len(Path.cwd().parts))]
    return next((folder for folder in above if folder.is_dir()), above[0])


def loaded(
    folder: Path, sweeps_dir: str | Path, mlflow_run_ids: Mapping[str, str] = MappingProxyType({})
) -> LoadedSweep:
    """The same for a folder; `sweeps_dir`: where claims find other sweeps."""
    plan = read_plan(folder)
    tables = results_in(folder, plan, mlflow_run_ids)
    return LoadedSweep(folder, plan, *tables, _verdicts_in(folder, plan, tables, sweeps_dir))


def _verdicts_in(folder: Path, plan: Plan, tables: Tables, sweeps_dir: str | Path) -> pd.DataFrame:
    """Those of verdicts.csv, unless a record is newer: then they are judged anew."""
    path = folder / f"{VERDICTS}.csv"
    if is_current(path):
        return read_verdicts(path)
    return verdicts_of(plan, tables, sweeps_dir)


def as_answer(sweep: LoadedSweep) -> Answer:
    """What `page` prints."""
    tables: Any = (sweep.runs, sweep.epochs, sweep.summary)
    return Answer(sweep.plan, Tables(*tables), sweep.verdicts, sweep.notes)
