"""Sweeps with known results, made without training."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from numpy.typing import NDArray

from nnexp.data import DataSpec, Judged, Sizes, judged
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.points import DATA_KNOBS
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.store.record import BEST, FINAL, Record, Status

SIZES = {
    "digits": Sizes(300, 297, 10, 39),
    "mnist": Sizes(10_000, 10_000, 10, 1_090),
    "fashion_mnist": Sizes(10_000, 10_000, 10, 1_000),
    "synthetic": Sizes(250, 250, 10, 25),
    "nand": Sizes(4, 4, 2, 3),
}


def make_plan(
    axes: Mapping[str, Sequence[Any]], seeds: int = 3, baseline: int = 0, images: int = 1_000_000, **base: Any
) -> Plan:
    """A plan as the planner would make it; run ids count the runs.

    `images`: validation and test examples of data that do not come with nnexp.
    """
    points: list[dict[str, Any]] = []
    runs: list[Run] = []
    for number, values in enumerate(product(*axes.values())):
        given = base | dict(zip(axes, values, strict=True))
        knobs = {("name" if k == "data" else k): given.pop(k) for k in ("data", *DATA_KNOBS) if k in given}
        for seed in range(seeds):
            hyperparameters = replace(Hyperparameters.of(given), seed=seed)
            runs.append(Run(f"{len(runs):012x}", hyperparameters, DataSpec(**knobs), number))
        points.append({axis: runs[-1].settings[axis] for axis in axes})
    return Plan(
        name="known",
        question="What does the known sweep show?",
        axes=tuple(axes),
        points=tuple(points),
        seeds=tuple(range(seeds)),
        runs=tuple(runs),
        baseline=baseline,
        sweep_id="00000000",
        sizes=known_sizes((run.data for run in runs), Sizes(images, images, 10, images // 10)),
    )


def known_sizes(data: Iterable[DataSpec], own: Sizes = SIZES["digits"]) -> dict[Judged, Sizes]:
    """Without a look at the files; `own`: of data that do not come with nnexp."""
    sizes: dict[Judged, Sizes] = {}
    for spec in data:
        whole = SIZES.get(spec.name, own)
        validation = spec.validation_size or whole.validation
        majority = whole.majority * validation // whole.validation
        sizes[judged(spec)] = Sizes(validation, whole.test, whole.classes, majority)
    return sizes


def with_seeds(plan: Plan, seeds: Sequence[int]) -> Plan:
    """The plan with the first so many seeds of each point, as rounds until decided leave it."""
    runs = tuple(run for run in plan.runs if run.seed < seeds[run.point])
    return replace(plan, runs=runs, seeds=tuple(range(max(seeds))), until=UntilDecided(min(seeds), 40))


def make_record(
    run: Run, accuracy: float | None = 0.9, status: Status = "finished", epochs: int = 2
) -> Record:
    """A record whose validation accuracy ends at `accuracy`; without one, its run failed."""
    if accuracy is None:
        status = status if status != "finished" else "failed"
    history: dict[str, list[Any]] = {}
    metrics: dict[str, Any] = {}
    if accuracy is not None:
        history = {
            "epoch": list(range(1, epochs + 1)),
            "training_cost": [1 / (epoch + 1) for epoch in range(1, epochs + 1)],
            "training_accuracy": [0.99] * epochs,
            "validation_cost": [0.3] * epochs,
            "validation_accuracy": [accuracy - 0.01 * (epochs - epoch) for epoch in range(1, epochs + 1)],
            "test_cost": [None] * epochs,
            "test_accuracy": [None] * epochs,
            "penalty": [0.0] * epochs,
            "seconds": [0.1 * epoch for epoch in range(1, epochs + 1)],
        }
        names = ("training_cost", "training_accuracy", "validation_cost", "validation_accuracy", "penalty")
        metrics = {"epochs_done": epochs} | {f"final_{name}": history[name][-1] for name in names}
        metrics |= {"best_epoch": epochs, "best_validation_cost": 0.3, "best_validation_accuracy": accuracy}
        metrics |= {"test_cost": 0.4, "test_accuracy": accuracy - 0.02}
    timings: dict[str, Any] = {"started": "2024-01-01T00:00:00Z", "ended": "2024-01-01T00:00:01Z"}
    timings |= {"seconds": 0.1 * epochs, "evaluation_seconds": 0.05, "shared_by": 1}
    return Record(run.run_id, status, run.settings, history, metrics, timings, {"host": "a"}, None)


def with_curves(record: Record, **columns: Sequence[float | None]) -> Record:
    """The record with these columns of its history, and the metrics that follow from them."""
    history = record.history | {name: list(values) for name, values in columns.items()}
    metrics = dict(record.metrics) | {"epochs_done": history["epoch"][-1]}
    metrics |= {f"final_{name}": history[name][-1] for name in FINAL}
    rows = [row for row, epoch in enumerate(history["epoch"]) if epoch]
    best = max(rows, key=lambda row: history["validation_accuracy"][row])  # the first of equal ones
    metrics |= {f"best_{name}": history[name][best] for name in BEST} | {"best_epoch": history["epoch"][best]}
    return replace(record, history=history, metrics=metrics)


def make_records(
    plan: Plan, accuracies: NDArray[Any] | Sequence[Sequence[float | None]]
) -> dict[str, Record]:
    """Records of a sweep whose final validation accuracies are `accuracies[point][seed]` (None: failed)."""
    flat = [None if a is None else float(a) for row in accuracies for a in row]
    return {run.run_id: make_record(run, a) for run, a in zip(plan.runs, flat, strict=True)}
