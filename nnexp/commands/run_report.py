"""The page of one run: what `nnexp show RUN` prints."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nnexp.commands.lookup import name_of
from nnexp.console import make_table
from nnexp.data import DataSpec
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.plan import Run
from nnexp.sweep.question.points import key_of
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.plan_file import read_plan
from nnexp.sweep.store.record import Record
from nnexp.text import moment, percent, spelled
from nnexp.tracking import read_logged

CURVE_ROWS = 12  # of the learning curve
PARTS = ("training", "validation", "test")


def tell(run_id: str, homes: Sequence[Path], sweeps_dir: str, console: Console) -> None:
    """Print all that is known of a run, from the newest of its sweeps, `homes`, that has its record."""
    path = next((path for home in reversed(homes) if (path := _record_file(home, run_id)).exists()), None)
    folder = path.parents[1] if path else homes[-1]
    plan = read_plan(folder, all_seeds=True)
    run = next(run for run in plan.runs if run.run_id == run_id)
    record, status = _read(path, folder)
    console.print(f"{run_id}: {plan.label(run)}")
    console.print(f"status: {status}")
    console.print(f"sweep: {', '.join(name_of(home, sweeps_dir) for home in homes)}")
    _tell_settings(run, console)
    if record:
        _tell_record(record, console)
    _tell_places(run_id, homes, path, console)
    if record and record.traceback:
        _section(console, "Traceback")
        console.print(record.traceback.rstrip())


def _record_file(folder: Path, run_id: str) -> Path:
    return folder / "records" / f"{run_id}.json"


def _read(path: Path | None, folder: Path) -> tuple[Record | None, str]:
    """The record, and the run's status in words."""
    if path is None:
        holder = holder_of(folder)
        return None, f"pending; its sweep is trained by {holder}" if holder else "pending"
    try:
        record = records.read(path)
    except (ValueError, TypeError, KeyError) as error:
        return None, f"pending: its record is damaged ({error})"
    return record, record.status.replace("_", " ")


def _section(console: Console, heading: str, table: Table | None = None) -> None:
    console.print()
    console.print(heading, style="bold")
    if table:
        console.print(table)


def _pairs(values: Mapping[str, object]) -> Table:
    """Names and values, a line each."""
    table = make_table("name", "value")
    table.show_header = False
    for name, value in values.items():
        table.add_row(name, spelled(value))
    return table


def _tell_settings(run: Run, console: Console) -> None:
    """What differs from the defaults, then the rest."""
    usual = Run("", Hyperparameters(), DataSpec(), 0).settings
    settings = {key_of(name): value for name, value in run.settings.items()}
    own = {key_of(name): value for name, value in run.settings.items() if value != usual[name]}
    if own:
        _section(console, "Settings that differ from the defaults", _pairs(own))
    _section(console, "Other settings", _pairs({k: v for k, v in settings.items() if k not in own}))


def _tell_record(record: Record, console: Console) -> None:
    """Figures, learning curve, times, environment."""
    if len(record.metrics) > 1:
        _section(console, "Figures", _figures(record))
    if record.history.get("epoch"):
        _section(console, "Learning curve", _curve(record))
    times = {"started": moment(record.timings["started"]), "ended": moment(record.timings["ended"])}
    rest = {k: _rounded(v) for k, v in record.timings.items() if k not in times}
    _section(console, "Times", _pairs(times | rest))
    _section(console, "Environment", _pairs(record.environment))


def _figures(record: Record) -> Table:
    """Costs and accuracies at the end, at the best epoch, and of the test."""
    metrics = record.metrics
    weights = "best" if Hyperparameters.of(_hyperparameters(record)).keeps_best else "final"
    table = make_table("", "epoch", "cost", "accuracy", right=("epoch", "cost", "accuracy"))
    epochs = {"final": metrics["epochs_done"], "best": metrics["best_epoch"]}
    rows = [("final training", "final"), ("final validation", "final"), ("best validation", "best")]
    for row, which in rows:
        name = row.replace(" ", "_")
        cost, accuracy = metrics[f"{name}_cost"], metrics[f"{name}_accuracy"]
        table.add_row(row, spelled(epochs[which]), _rounded(cost), percent(accuracy))
    test = (_rounded(metrics["test_cost"]), percent(metrics["test_accuracy"]))
    table.add_row(f"test ({weights} weights)", spelled(epochs[weights]), *test)
    return table


def _curve(record: Record) -> Table:
    """At most `CURVE_ROWS` epochs, evenly chosen, the first and the last among them."""
    history = record.history
    parts = [part for part in PARTS if any(v is not None for v in history[f"{part}_cost"])]
    headings = [f"{part} {what}" for part in parts for what in ("cost", "accuracy")]
    table = make_table("epoch", *headings, "seconds", right=("epoch", *headings, "seconds"))
    rows = len(history["epoch"])
    lines = min(rows, CURVE_ROWS)
    for row in sorted({round(i * (rows - 1) / max(1, lines - 1)) for i in range(lines)}):
        cells = [spelled(history["epoch"][row])]
        for part in parts:
            accuracy = history[f"{part}_accuracy"][row]
            cells += [_rounded(history[f"{part}_cost"][row]), percent(accuracy)]
        table.add_row(*cells, _rounded(history["seconds"][row]))
    return table


def _rounded(value: Any) -> str:
    """A figure in four digits."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _hyperparameters(record: Record) -> dict[str, Any]:
    names = Hyperparameters.__dataclass_fields__
    return {name: value for name, value in record.settings.items() if name in names}


def _tell_places(run_id: str, homes: Sequence[Path], path: Path | None, console: Console) -> None:
    """Where the run is in MLflow, and where its files are."""
    logged = {
        f"in {line.store}": line.mlflow_run_id
        for home in homes
        for line in read_logged(home)
        if line.run_id == run_id
    }
    _section(console, "MLflow", _pairs(logged or {"run": "not logged"}))
    if path:
        files = {"record": str(path)}
        weights = records.weights_path(path.parent, run_id)
        files |= {"weights": str(weights)} if weights.exists() else {}
        _section(console, "Files", _pairs(files))
