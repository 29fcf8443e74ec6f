"""Runs that are hard to log right: no numbers, failures, no data set, long and foreign texts."""

import math
from dataclasses import replace
from pathlib import Path

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from nnexp.tracking.tracker import Submission
from tests.tracking.samples import a_record, many, save_weights

KINDS, OF_EACH = 9, 2


def odd_submissions(name: str, folder: Path) -> tuple[Plan, list[Submission]]:
    """Each kind of run twice; those of one kind have each their own figures."""
    plan = many(name, KINDS * OF_EACH)
    networks = [
        save_weights(folder / "weights.npz"),
        save_weights(folder / "float64.npz", "float64"),
        None,
    ]
    submissions = []
    for number, run in enumerate(plan.runs):
        record = a_record(run)
        record = _odd(number % KINDS, replace(record, metrics=record.metrics | {"test_cost": number / 7}))
        network = networks[{2: 2, 3: 2, 6: 1}.get(number % KINDS, 0)]
        submissions.append(Submission(run, record, network))
    return plan, submissions


def _odd(kind: int, record: Record) -> Record:
    environment, metrics = record.environment, record.metrics
    match kind:
        case 1:  # no numbers, the latest of a curve and the model's own among them
            curve: list[float | int | None] = [math.nan, math.inf, -math.inf]
            no_numbers = {"test_accuracy": math.inf, "test_cost": math.nan}
            return replace(
                record, history=record.history | {"training_cost": curve}, metrics=metrics | no_numbers
            )
        case 2:
            told = "Traceback:\n  ...\nÜberlauf: 8 GiB\n"
            return replace(record, status="timed_out", history={}, metrics={}, traceback=told)
        case 3:
            return replace(record, status="killed")
        case 4:
            return replace(record, status="diverged", environment=environment | {"dataset_digest": None})
        case 5:  # longer than MLflow keeps
            return replace(record, settings=record.settings | {"optimizer": "o" * 7000})
        case 6:
            foreign = {"host": "höst 計算機 \U0001f600", "branch": "a\nb\t'\"\\%"}
            return replace(record, environment=environment | foreign)
        case 7:
            return replace(record, environment=environment | {"dataset_digest": "e" * 64})
        case 8:  # more values than one call takes, and no figures of the network that was kept
            values = {f"monitor_{i}": [float(i + e) for e in range(3)] for i in range(400)}
            bare = {"epochs_done": 3, "final_training_cost": 0.25}
            return replace(record, history=record.history | values, metrics=bare)
    return record
