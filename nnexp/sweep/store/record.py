"""Records: what a run leaves behind, durable before anything else sees it. The only writer of records."""

import hashlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from nnexp.errors import UserError
from nnexp.files import replacing, sync_folder
from nnexp.nn import History, Model
from nnexp.nn.result import Result
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.store.model_file import load_model, save_model
from nnexp.sweep.store.seal import SEAL, ends_of, opened, sealed

Status = Literal["finished", "diverged", "failed", "timed_out", "killed", "pruned"]
BEST = ("validation_cost", "validation_accuracy")
FINAL = ("training_cost", "training_accuracy", *BEST, "penalty")
DONE: tuple[Status, ...] = ("finished", "diverged")
FAILED: tuple[Status, ...] = ("failed", "timed_out")
WRITERS = 16  # threads, which wait for the disk together
STATUS = re.compile(rb'\{"run_id": "\w+", "status": "(\w+)"')  # how the file of a record begins


@dataclass(frozen=True)
class Record:
    """One run as it ended. Plain values only: a record is one JSON file beside one `.npz` of weights.

    `settings`: flat, every hyperparameter and data knob by its one name (`data`, `train_size`, ...,
    `learning_rate`, ..., `seed`), in the order of the CSV columns.
    `history`: columns as in `nnexp.nn.Result`. `metrics`: `epochs_done`, `final_*`, `best_epoch`,
    `best_*`, `test_cost`, `test_accuracy`; empty for a failed run.
    `timings`: `started`, `ended` (ISO 8601, UTC), `seconds`, `evaluation_seconds`, `shared_by` (runs of the
    stack), `alone` (while no other run trained).
    """

    run_id: str
    status: Status
    settings: dict[str, Any]
    history: History
    metrics: dict[str, float | int | None]
    timings: dict[str, Any]
    environment: dict[str, Any]
    traceback: str | None = None


def metrics_of(result: Result) -> dict[str, float | int | None]:
    """Final and best figures of a history; best is the first maximum of the validation accuracy."""
    history = result.history
    rows = [row for row, epoch in enumerate(history["epoch"]) if epoch]  # 0: before training
    if not rows:
        return {"epochs_done": result.epochs_done}
    final, best = rows[-1], max(rows, key=lambda row: (history["validation_accuracy"][row] or 0.0, -row))
    metrics: dict[str, float | int | None] = {"epochs_done": result.epochs_done}
    metrics |= {f"final_{name}": history[name][final] for name in FINAL}
    metrics |= {"best_epoch": history["epoch"][best]}
    metrics |= {f"best_{name}": history[name][best] for name in BEST}
    known = result.test_cost is not None and math.isfinite(result.test_cost)
    return metrics | {"test_cost": result.test_cost if known else None, "test_accuracy": result.test_accuracy}


def record_of(outcome: Outcome, environment: dict[str, Any], *, alone: bool = False) -> Record:
    """The record of a run that ended, well or not; `alone`: while no other run trained."""
    result = outcome.result
    timings: dict[str, Any] = {"started": outcome.started.isoformat(), "ended": outcome.ended.isoformat()}
    if result is not None:
        timings |= {
            "seconds": result.seconds,
            "evaluation_seconds": result.evaluation_seconds,
            "shared_by": result.stack_size,
            "alone": alone and result.stack_size == 1 and not outcome.begun_at,
        }
    return Record(
        run_id=outcome.run.run_id,
        status=outcome.status,
        settings=outcome.run.settings,
        history={} if result is None else result.history,
        metrics={} if result is None else metrics_of(result),
        timings=timings,
        environment=environment | dict(outcome.machine),
        traceback=outcome.traceback,
    )


def weights_path(folder: Path, run_id: str) -> Path:
    """Where a record's weights lie."""
    return folder / f"{run_id}.npz"


def write(folder: Path, record: Record, model: Model | None) -> None:
    """Make `record` durable in `folder`. Raises as `write_all`."""
    write_all(folder, [(record, model)])


def write_all(folder: Path, ended: Sequence[tuple[Record, Model | None]]) -> None:
    """Make records durable in `folder`, at once: the disk takes as long for one as for sixteen.

    Raises:
        OSError: one cannot be written; others may be there.
    """
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda pair: _write(folder, *pair), ended))
    sync_folder(folder)


def _write(folder: Path, record: Record, model: Model | None) -> None:
    """Weights first, then the JSON file that makes them a record."""
    body = vars(record) | {"weights_sha256": None, "weights_size": None}
    if model is not None:
        weights = BytesIO()
        save_model(weights, model)
        content = weights.getvalue()
        with replacing(weights_path(folder, record.run_id)) as file:
            file.write(content)
        body |= {"weights_sha256": hashlib.sha256(content).hexdigest(), "weights_size": len(content)}
    with replacing(folder / f"{record.run_id}.json") as file:
        file.write(sealed(body))


def read(path: Path) -> Record:
    """The record in a JSON file.

    Raises:
        ValueError: the file is torn or damaged, or its weights are missing.
    """
    body = opened(path.read_bytes())
    size, digest = body.pop("weights_size"), body.pop("weights_sha256")
    if digest is not None:
        try:
            size_now = os.stat(weights_path(path.parent, body["run_id"])).st_size
        except FileNotFoundError:
            raise ValueError("its weights are missing") from None
        if size_now != size:
            raise ValueError("its weights are cut")
    return Record(**body)


def status_in(path: str | Path) -> str:
    """The status in a record's file, from its two ends: whether what stands between is whole is not known.

    Empty for a file that does not begin and end as a record does, or cannot be read.
    """
    try:
        start, end = ends_of(path)
    except OSError:
        return ""
    begins = STATUS.match(start)
    return begins[1].decode() if begins and end.startswith(SEAL) else ""


def whole_weights(path: Path) -> Path | None:
    """The weights that the run of the record in a JSON file kept, if any. Reads all of them.

    Raises:
        ValueError: the record or its weights are not what was written, or not there.
    """
    digest = opened(path.read_bytes()).get("weights_sha256")
    if digest is None:
        return None
    weights = weights_path(path.parent, path.stem)
    if not weights.exists():
        raise ValueError("its weights are missing")
    if hashlib.sha256(weights.read_bytes()).hexdigest() != digest:
        raise ValueError("its weights are not those that it ended with")
    return weights


def kept_weights(folder: Path, run_id: str) -> Path | None:
    """The weights of a run, whole; None if it kept none. A damaged record is set aside.

    Raises:
        UserError: there is no record of the run, or it is damaged.
    """
    path = folder / f"{run_id}.json"
    try:
        return whole_weights(path)
    except FileNotFoundError:
        raise UserError(f"run {run_id} has no record: {path} does not exist") from None
    except ValueError as error:
        set_aside(path)
        problem = f"the record of run {run_id} is damaged ({error}): set aside"
        raise UserError(f"{problem}, the sweep's own command trains the run again") from error


def read_model(folder: Path, run_id: str) -> Model:
    """The network that a run kept. Raises as `kept_weights`, and for a run that kept none."""
    weights = kept_weights(folder, run_id)
    if weights is None:
        raise UserError(f"run {run_id} kept no weights: only a run that trained to its end does")
    return load_model(weights)


def set_aside(path: Path) -> None:
    """Rename the file of a damaged record, so that its run counts as not trained.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        path.rename(path.with_suffix(".damaged"))
    except OSError as error:
        raise UserError(f"{path} is damaged and cannot be set aside: {error.strerror}") from error


def read_all(paths: Mapping[str, Path]) -> tuple[dict[str, Record], dict[str, str]]:
    """The valid records among the files `run_id -> path`, and what is wrong with the others."""
    whole: dict[str, Record] = {}
    damaged: dict[str, str] = {}
    for run_id, path in paths.items():
        try:
            whole[run_id] = read(path)
        except FileNotFoundError:  # a sweep that somebody removes at this moment
            continue
        except (ValueError, TypeError, KeyError, OSError) as error:
            damaged[run_id] = str(error)
    return whole, damaged
