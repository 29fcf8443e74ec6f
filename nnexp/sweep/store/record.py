"""Records: what a run leaves behind once it has ended."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from nnexp.nn import History
from nnexp.nn.result import Result
from nnexp.sweep.pool.worker import Outcome

Status = Literal["finished", "diverged", "failed", "timed_out", "killed", "pruned"]
BEST = ("validation_cost", "validation_accuracy")
FINAL = ("training_cost", "training_accuracy", *BEST, "penalty")
DONE: tuple[Status, ...] = ("finished", "diverged")
FAILED: tuple[Status, ...] = ("failed", "timed_out")


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
