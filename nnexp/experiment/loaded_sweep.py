"""A sweep as a notebook sees it: frames, table, verdicts, pictures, the best network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nnexp.claims.sweep_verdicts import looks_at, verdicts_in
from nnexp.errors import UserError, unknown
from nnexp.experiment.messages import summary_command
from nnexp.experiment.plain_text import PlainText
from nnexp.experiment.trained_network import Committee, TrainedNetwork, best_network, committee_of
from nnexp.report import terminal
from nnexp.report.adaptive import intervals_of
from nnexp.report.build import answer_of
from nnexp.report.effects import verdicts_of
from nnexp.report.study import values_text
from nnexp.results.sweep_folder import (
    environments_in,
    folder_of_trials,
    mixed_versions,
    results_in,
    trials_behind,
)
from nnexp.results.tables import Results, Tables
from nnexp.results.trials import Trials
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.catalog import find_sweep_folder, nearest_sweeps
from nnexp.sweep.store.looks import note_look
from nnexp.sweep.store.plan_file import read_plan

if TYPE_CHECKING:
    import pandas as pd

    from nnexp.plots import Picture


@dataclass(frozen=True, eq=False, repr=False)
class LoadedSweep:
    """A sweep's results. `runs`, `history`, `summary`, `verdicts`: the frames of its CSV files; `sweeps_dir`:
    where others lie that it rests on; `why`: which of several sweeps of the name it is."""

    folder: Path
    plan: Plan
    tables: Tables
    verdicts: pd.DataFrame
    sweeps_dir: str | Path
    why: str = ""

    def __repr__(self) -> str:
        plan = self.plan
        data = ", ".join(dict.fromkeys(run.data.name for run in plan.runs))
        first = f"<sweep {plan.name}/{plan.sweep_id} on {data}: {plan.shape}, {self.standing}>"
        lines = [first, self.why, *self.notes]
        return "\n".join(filter(None, lines))

    @property
    def runs(self) -> pd.DataFrame:
        """The frame of runs.csv, a row per run."""
        return self.tables.runs

    @property
    def summary(self) -> pd.DataFrame:
        """The frame of summary.csv, a row per point."""
        return self.tables.summary

    @property
    def history(self) -> pd.DataFrame:
        """The frame of history.csv, a row per run and epoch."""
        return self.tables.history

    @cached_property
    def trials(self) -> LoadedSweep:
        """What was tried before the points of a tuned sweep were compared: a sweep whose points are settings.

        Raises:
            UserError: it is not tuned, or its trials are not here.
        """
        if not self.plan.trials:
            raise UserError(f"sweep {self.plan.name} has no trials: nothing was tuned for it")
        folder = folder_of_trials(self.plan, self.sweeps_dir)
        if folder is None:
            raise UserError(f"the trials of sweep {self.plan.name} are not here: {self.plan.trials}")
        return load_folder(folder, self.sweeps_dir)

    @property
    def stages(self) -> pd.DataFrame:
        """Of a study, a row per stage: `stage`, what it `chose` and `why`, the `validation_accuracy` at its
        best point, and the `sweep` NAME/ID that it was. Test data never chose.

        Raises:
            UserError: it is no study.
        """
        import pandas as pd

        if not self.plan.stages:
            raise UserError(f"sweep {self.plan.name} has no stages: it is no study")
        rows = [
            (stage.stage, values_text(stage.took), stage.why, stage.accuracy, stage.sweep)
            for stage in self.plan.stages
        ]
        return pd.DataFrame(rows, columns=["stage", "chose", "why", "validation_accuracy", "sweep"])

    @cached_property
    def _tried(self) -> Trials | None:
        """What the answer says of them; None if there are none here that can be read."""
        return trials_behind(self.plan, self.sweeps_dir)

    @property
    def standing(self) -> str:
        """What the results rest on: `8 of 9 runs have ended: 7 finished, 1 diverged`."""
        statuses = Counter(self.runs["status"])
        counted = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in statuses.items())
        ended = f"{len(self.runs)} of {len(self.plan.runs)} runs have ended"
        return f"{ended}: {counted}" if counted else ended

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the runs, and earlier looks at them, a line each."""
        return (*mixed_versions(environments_in(self.folder)), *self._looks)

    @property
    def _looks(self) -> tuple[str, ...]:
        """A line on earlier looks, if there were any."""
        return looks_at(self.folder, self.plan, self.runs, self.verdicts)

    @property
    def results(self) -> Results:
        """What the answer is made of."""
        return Results(self.plan, self.tables, self.verdicts, self.notes, self._tried)

    def table(self, *metrics: str) -> PlainText:
        """The answer as it is printed: a row per point, the best one marked, and its test accuracy.

        Args:
            metrics: figures of runs.csv that get a column of their own, such as `final_training_accuracy`.

        Raises:
            UserError: the sweep has no such figure.
        """
        # Without `notes`, which take all records.
        answer = answer_of(Results(self.plan, self.tables, self.verdicts, (), self._tried), metrics)
        again = summary_command(self.folder, self.plan, self.sweeps_dir, metrics)
        return PlainText.of(terminal.summary(answer, again), *terminal.note_lines(self._looks))

    def claims(self) -> PlainText:
        """The verdict on each of the sweep's claims, with the figures it rests on, as it is printed."""
        if not len(self.verdicts):
            return PlainText("No claims: the sweep file states none, or none that these runs can answer.")
        verdicts = verdicts_of(self.verdicts)
        listed = terminal.verdict_list(verdicts, intervals_of(self.plan))
        page = PlainText.of(listed, *terminal.note_lines(self._looks))
        problem = note_look(self.folder, self.plan, len(self.runs), {v.id: v.verdict for v in verdicts})
        return PlainText("\n".join(filter(None, [page, problem])))

    def best(self) -> TrainedNetwork:
        """The network of the best point that did best, both on validation data.

        Raises:
            UserError: no run finished, the weights are damaged, or the sweep was published without them.
        """
        return best_network(self.folder, self.plan, self.runs)

    def committee(self, **settings: Any) -> Committee:
        """The networks of one point, one for each seed, as one that answers by the mean of their outputs.

        Runs that diverged, failed or did not learn are left out.

        Args:
            settings: the point, such as `hidden_size=100`; without any, the best point.

        Raises:
            UserError: the settings name no point or several, no run finished, or the weights are not here.
        """
        return committee_of(self.folder, self.plan, self.runs, settings)

    def plot(self, name: str | None = None) -> Picture:
        """The picture of this name, such as `learning_curves`; without one, the picture of the answer.

        Raises:
            UserError: there is no picture of this name, or no run finished.
        """
        from nnexp.plots import sweep_pictures  # matplotlib

        if not (self.runs["status"] == "finished").any():
            raise UserError(f"sweep {self.plan.name} has no pictures: no run finished ({self.standing})")
        pictures = sweep_pictures(self.plan, self.runs, self.history, self._tried)
        if name is not None and name not in pictures:
            raise unknown("picture", name, pictures)
        return pictures[name or next(iter(pictures))]()


def load_by_name(name: str, sweeps_dir: str | Path | None = None, data: str | None = None) -> LoadedSweep:
    """What `nnexp.load_sweep` gives: from CSV files, or from the records if those say otherwise."""
    home = nearest_sweeps() if sweeps_dir is None else sweeps_dir
    choice = find_sweep_folder(name, home, data=data, published=True)
    return replace(load_folder(choice.folder, home), why=choice.why)


def load_folder(
    folder: Path, sweeps_dir: str | Path, mlflow_run_ids: Mapping[str, str] = MappingProxyType({})
) -> LoadedSweep:
    """The results of the sweep in `folder`; `sweeps_dir`: where other sweeps are found that it rests on.

    Raises:
        UserError: a file of it cannot be read.
    """
    plan = read_plan(folder)
    tables = results_in(folder, plan, mlflow_run_ids)
    return LoadedSweep(folder, plan, tables, verdicts_in(folder, plan, tables, sweeps_dir), sweeps_dir)
