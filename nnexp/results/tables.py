"""Records to frames: a row per run, per run and epoch, and per point. Rows in plan order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.results.by_point import STUCK, point_numbers, samples
from nnexp.results.columns import HISTORY, SUMMARY_PARTS, TO_TARGET, frame, metric_names
from nnexp.results.means import interval_of_mean
from nnexp.results.trials import Trials
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.points import SETTINGS
from nnexp.sweep.store.record import Record

if TYPE_CHECKING:
    import pandas as pd


class Tables(NamedTuple):
    """A row per run, per run and epoch, per point."""

    runs: pd.DataFrame
    history: pd.DataFrame
    summary: pd.DataFrame


class Results(NamedTuple):
    """What is known of a sweep. `verdicts`: a row per claim (see `judge`); `notes`: what is odd about its
    runs, a line each; `trials`: what was tried before, where it rests on trials, and they are here."""

    plan: Plan
    tables: Tables
    verdicts: pd.DataFrame
    notes: tuple[str, ...] = ()
    trials: Trials | None = None


def make_tables(plan: Plan, records: Mapping[str, Record], mlflow_run_ids: Mapping[str, str]) -> Tables:
    """The three tables of a sweep from its records."""
    runs = runs_table(plan, records, mlflow_run_ids)
    return Tables(runs, history_table(plan, records), summary_table(plan, runs))


def with_mlflow_ids(runs: pd.DataFrame, mlflow_run_ids: Mapping[str, str]) -> pd.DataFrame:
    """The table of runs as it is once they are logged."""
    return runs.assign(mlflow_run_id=runs["run_id"].map(mlflow_run_ids).astype("string"))


def runs_table(plan: Plan, records: Mapping[str, Record], mlflow_run_ids: Mapping[str, str]) -> pd.DataFrame:
    """One row per run that has a record: identity, settings, metrics, seconds.

    `seconds_shared_by`: runs that trained in one stack; `seconds` is the run's share of the stack's time.
    `epochs_to_target`, `seconds_to_target` (training time): missing for a run that never reached the target.
    """
    runs = _done(plan, records)
    done = [records[run.run_id] for run in runs]
    outcomes = [_outcome(record) | _to_target(record, plan.target) for record in done]
    values: dict[str, Iterable[Any]] = {
        "run_id": [record.run_id for record in done],
        "mlflow_run_id": [mlflow_run_ids.get(record.run_id) for record in done],
        "status": [record.status for record in done],
        "seed": [run.seed for run in runs],
    }
    settings = [run.settings for run in runs]  # a record may be older than a setting
    values |= {n: [each[n] for each in settings] for n in SETTINGS if n != "seed"}
    names = (*metric_names(plan), "seconds_shared_by")
    values |= {n: [outcome.get(n) for outcome in outcomes] for n in names}
    return frame(values)


def history_table(plan: Plan, records: Mapping[str, Record]) -> pd.DataFrame:
    """One row per run and evaluated epoch: run_id, seed, the axes, epoch, metrics, then monitors, sorted."""
    import pandas as pd

    runs = [run for run in _done(plan, records) if records[run.run_id].history]
    done = [records[run.run_id] for run in runs]
    monitors = sorted({n for record in done for n in record.history} - {"epoch", *HISTORY})
    lengths = [len(record.history["epoch"]) for record in done]
    head = {"run_id": [record.run_id for record in done]}
    settings = [run.settings for run in runs]
    head |= {n: [each[n] for each in settings] for n in ("seed", *plan.axes)}
    body = {n: _joined(done, lengths, n) for n in ("epoch", *HISTORY, *monitors)}
    repeated = frame(head).take(np.repeat(np.arange(len(done)), lengths)).reset_index(drop=True)
    return pd.concat([repeated, frame(body)], axis=1)


def summary_table(plan: Plan, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per point: axes, what was chosen for it, n, failed, diverged, pruned, and of each metric the
    mean over finished runs, its interval, and the difference to the baseline point with its interval, paired
    over their common seeds. Seconds that runs of a stack share have no interval: they are one time, not
    several.

    `runs`: the rows of `runs_table`. `failed` counts every run with a record that ended in no other of these
    ways, such as one that timed out, nor is `stuck` (see `standing`); `target_reached` the finished runs that
    reached the target: a point where some did not has no mean epochs and seconds to it.
    """
    names = metric_names(plan)
    metrics = samples(plan, runs, names)
    if plan.target is not None:
        some_missed = np.isnan(metrics[-1]) & ~np.isnan(metrics[names.index("epochs_done")])
        metrics[-len(TO_TARGET) :, some_missed.any(axis=1)] = np.nan
    mean, low, high, _ = interval_of_mean(plan, metrics)
    difference, *limits, _ = interval_of_mean(plan, metrics - metrics[:, plan.baseline, None])
    shared = _shared(plan, runs)
    for k in (k for k, name in enumerate(names) if "seconds" in name):
        low[k, shared] = high[k, shared] = np.nan
        for limit in limits:
            limit[k, shared | shared[plan.baseline]] = np.nan
    settings = [plan.settings_at(number) for number in range(len(plan.points))]
    values: dict[str, Iterable[Any]] = {n: [each[n] for each in settings] for n in (*plan.axes, *plan.tuned)}
    values |= _counts(plan, runs)
    columns = (mean, low, high, difference, *limits)
    for k, metric in enumerate(names):
        values |= {f"{metric}_{s}": column[k] for s, column in zip(SUMMARY_PARTS, columns, strict=True)}
    return frame(values)


def _shared(plan: Plan, runs: pd.DataFrame) -> NDArray[np.bool_]:
    """At which points a run shares its stack's time with others."""
    together = runs[(runs["seconds_shared_by"] > 1).fillna(False)]
    return np.bincount(point_numbers(plan, together), minlength=len(plan.points)) > 0


def _done(plan: Plan, records: Mapping[str, Record]) -> list[Run]:
    return [run for run in plan.runs if run.run_id in records]


def _outcome(record: Record) -> dict[str, float | int | None]:
    """Metrics and timings of a record under the names of the columns."""
    values = record.metrics | {n: record.timings.get(n) for n in ("seconds", "evaluation_seconds")}
    epochs, seconds = values.get("epochs_done"), values["seconds"]
    per_epoch = seconds / epochs if epochs and seconds is not None else None
    shared_by = record.timings.get("shared_by")
    return values | {"seconds_per_epoch": per_epoch, "seconds_shared_by": shared_by}


def _to_target(record: Record, target: float | None) -> dict[str, float | int | None]:
    """Epoch and training seconds at which validation accuracy first was at least `target`; empty if never."""
    history = record.history
    for row, accuracy in enumerate(history.get("validation_accuracy", [])):
        if target is not None and accuracy is not None and accuracy >= target and history["epoch"][row]:
            figures = (history["epoch"][row], history["seconds"][row])
            return dict(zip(TO_TARGET, figures, strict=True))
    return {}


def _joined(done: Sequence[Record], lengths: Sequence[int], column: str) -> list[Any]:
    """One column of all histories, end to end; None for a run that lacks it."""
    pairs = zip(done, lengths, strict=True)
    return list(chain.from_iterable(record.history.get(column) or [None] * n for record, n in pairs))


def _counts(plan: Plan, runs: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    points, status = point_numbers(plan, runs), runs["status"].to_numpy(object)
    kinds = {"n": status == "finished", "diverged": status == "diverged", "pruned": status == "pruned"}
    kinds["failed"] = ~(kinds["n"] | kinds["diverged"] | kinds["pruned"] | (status == STUCK))
    names = ["n", "failed", "diverged", "pruned"]
    if plan.target is not None:
        kinds["target_reached"] = kinds["n"] & runs["epochs_to_target"].notna().to_numpy(bool)
        names.append("target_reached")
    return {name: np.bincount(points[kinds[name]], minlength=len(plan.points)) for name in names}
