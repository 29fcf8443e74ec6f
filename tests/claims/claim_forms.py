"""Checks in every form that the book's claims take, and sweeps with known curves to judge them by."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from nnexp.claims.parsing import Claim, parse_claims
from nnexp.claims.sweep_runs import Frames
from nnexp.claims.verdicts import judge
from nnexp.nn import MONITORS
from nnexp.results.tables import history_table, runs_table
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from tests.results.sweeps import make_plan, make_record, make_records, with_curves

BATCHES = [{"batch_size": size} for size in (1, 10, 20, 100)]
NETS = [
    {"hidden_size": size, "initializer": name}
    for size in (30, 100)
    for name in ("lecun_normal", "standard_normal")
]
TIME = {"timing": True}
TWO = {"batch_size": [10, 100]}
OWN = "own.npz"  # data whose accuracies may be any number
# One check of each form that the book's claims take: (points of the sweep, check, what else is known of it).
FORMS: dict[str, tuple[list[dict[str, Any]], str, dict[str, Any]]] = {
    "best of seeds within a range": (
        [{}],
        "{left: {best: test_accuracy}, low: 0.946, high: 0.959, over: best}",
        {},
    ),
    "median within": (
        [{}],
        "{left: {best: validation_accuracy}, low: 0.962, high: 0.9695, over: median}",
        {},
    ),
    "every seed within": (
        BATCHES,
        "{left: {final: test_accuracy, at: {batch_size: 10}}, low: 0.09, high: 0.4, over: each}",
        {},
    ),
    "exactly": ([{}], "{left: {best: validation_accuracy}, low: 0.1, high: 0.1, over: each}", {}),
    "last against first epoch": (
        [{}],
        "{left: {final: test_accuracy}, rel: '>', right: {at_epoch: test_accuracy, epoch: 1}, over: median}",
        {},
    ),
    "paired, with a margin": (
        NETS,
        "{left: {at_epoch: validation_accuracy, epoch: 1, at: {hidden_size: 30, initializer: lecun_normal}},"
        " rel: '>', margin: 0.03, over: paired, right: {at_epoch: validation_accuracy, epoch: 1,"
        " at: {hidden_size: 30, initializer: standard_normal}}}",
        {},
    ),
    "another sweep's point": (
        [{}],
        "{left: {best: test_accuracy}, rel: '>', margin: 0.04, over: each,"
        " right: {best: test_accuracy, sweep: book/overfitting, at: {lambda_l2: 0.0}}}",
        {},
    ),
    "a recorded number": (
        [{"train_size": 100}, {"train_size": 200}],
        "{left: {final: validation_accuracy, at: {train_size: 100}}, rel: '>', right: 0.2507, over: each}",
        {},
    ),
    "difference between two points within": (
        BATCHES,
        "{left: {difference: [{final: validation_accuracy, at: {batch_size: 1}},"
        " {final: validation_accuracy, at: {batch_size: 10}}]}, low: -0.006, high: 0.006, over: median}",
        {},
    ),
    "gap of one run": (
        BATCHES,
        "{left: {difference: [{best: training_accuracy}, {best: test_accuracy}], at: {batch_size: 10}},"
        " low: 0.018, high: 0.032, over: median}",
        {},
    ),
    "mean of the first epochs": (
        [{}],
        "{left: {mean_first: validation_accuracy, epochs: 4}, low: 0.4, high: 0.8}",
        {},
    ),
    "epoch of the best": ([{}], "{left: {best_epoch: test_cost}, low: 9, high: 26, over: median}", {}),
    "jitter": (
        [{"learning_rate": 0.25}, {"learning_rate": 2.5}],
        "{left: {mean_step: training_cost, epochs: 10, at: {learning_rate: 2.5}}, rel: '>', times: 5,"
        " right: {mean_step: training_cost, epochs: 10, at: {learning_rate: 0.25}}, over: median}",
        {},
    ),
    "number of increases": ([{}], "{left: {increases: training_cost}, low: 0, high: 1, over: median}", {}),
    "spread over seeds": (
        [{"lambda_l2": 0.0}, {"lambda_l2": 5.0}],
        "{left: {sd: {best: test_accuracy}, at: {lambda_l2: 0}}, rel: '>',"
        " right: {sd: {best: test_accuracy}, at: {lambda_l2: 5}}}",
        {},
    ),
    "share of runs with a dead class": (
        [{}],
        "{left: {share: {final: dead_classes}, above: 0}, low: 0.5}",
        {},
    ),
    "share that grows along an axis": (
        [{"hidden_size": size} for size in (20, 30, 50)],
        "{left: {share: {final: dead_classes}, above: 0}, along: hidden_size, rel: '>='}",
        {},
    ),
    "share of diverged runs": ([{}], "{left: {share: diverged}, rel: '<=', right: 0}", {}),
    "ratio of layers before training": (
        [{}],
        "{left: {ratio: [{at_epoch: gradient_norm_bias_3, epoch: 0},"
        " {at_epoch: gradient_norm_bias_1, epoch: 0}]}, low: 15, high: 35, over: median}",
        {"hidden_layers": 3},
    ),
    "one layer above another at every epoch": (
        [{}],
        "{left: {lowest: gradient_norm_bias_3, relative_to: gradient_norm_bias_1}, rel: '>', right: 1,"
        " over: each}",
        {"hidden_layers": 3},
    ),
    "in the first epochs": (
        [{}],
        "{left: {lowest_first: gradient_norm_bias_3, relative_to: gradient_norm_bias_1, epochs: 20},"
        " low: 1, over: each}",
        {"hidden_layers": 3},
    ),
    "a rebound": (
        [{}],
        "{left: {at_epoch: gradient_norm_bias_1, epoch: 30}, rel: '>', times: 2,"
        " right: {lowest: gradient_norm_bias_1}, over: each}",
        {},
    ),
    "share of seeds where a layer is above another": (
        [{}],
        "{left: {share: {at_epoch: gradient_norm_bias_2, relative_to: gradient_norm_bias_1, epoch: 0},"
        " above: 1}, low: 0.9}",
        {"hidden_layers": 2},
    ),
    "cost with its penalty": (
        [{}],
        "{left: {final: objective}, low: 0.28, high: 0.315, over: median}",
        {},
    ),
    "a rule that ended the run": ([{}], "{left: {final: epochs_done}, high: 299, over: each}", {}),
    "ratio of ratios": (
        [{"activation": "sigmoid"}, {"activation": "tanh"}],
        "{left: {ratio: [{at_epoch: gradient_norm_bias_2, epoch: 0},"
        " {at_epoch: gradient_norm_bias_1, epoch: 0}], at: {activation: sigmoid}}, rel: '>', times: 5,"
        " right: {ratio: [{at_epoch: gradient_norm_bias_2, epoch: 0},"
        " {at_epoch: gradient_norm_bias_1, epoch: 0}], at: {activation: tanh}}, over: median}",
        {"hidden_layers": 2},
    ),
    "monotone along an axis": (
        BATCHES,
        "{left: {epochs_to: validation_accuracy, target: 0.95}, along: batch_size, between: [10, 100],"
        " rel: '>=', over: median}",
        {},
    ),
    "ratio of epochs": (
        BATCHES,
        "{left: {epochs_to: validation_accuracy, target: 0.95, at: {batch_size: 100}}, rel: '>', times: 10,"
        " right: {epochs_to: validation_accuracy, target: 0.95, at: {batch_size: 20}}}",
        {},
    ),
    "ratio of times": (
        BATCHES,
        "{left: {final: seconds_per_epoch, at: {batch_size: 1}}, rel: '>', times: 4,"
        " right: {final: seconds_per_epoch, at: {batch_size: 10}}}",
        TIME,
    ),
    "ratio of times within": (
        BATCHES,
        "{left: {ratio: [{final: seconds_per_epoch, at: {batch_size: 100}}, {final: seconds_per_epoch,"
        " at: {batch_size: 1}}]}, low: 0.01, high: 1, over: median}",
        TIME,
    ),
    "optimum inside the grid": (
        BATCHES,
        "{left: {seconds_to: validation_accuracy, target: 0.95}, along: batch_size, optimum: inside,"
        " over: median}",
        TIME,
    ),
    "equal within": (
        BATCHES,
        "{equal: {left: {final: validation_accuracy, at: {batch_size: 10}},"
        " right: {final: validation_accuracy, at: {batch_size: 20}}, within: 0.002}}",
        {},
    ),
    "the best point": (
        BATCHES,
        "{left: {best: validation_accuracy, best_of: batch_size}, rel: '>', margin: 0.005, over: median,"
        " right: {best: validation_accuracy, at: {batch_size: 1}}}",
        {},
    ),
}


def parsed(
    check: Any, points: list[dict[str, Any]], timing: bool = False, epochs: int = 30, **settings: Any
) -> Claim:
    claim = {"id": "A-1", "text": "It is so.", "source": "a book", "check": check}
    settings = {"monitor": MONITORS} | settings
    return parse_claims([claim], list(points[0]), points, epochs=epochs, timing=timing, settings=settings)[0]


def frames(plan: Plan, records: Mapping[str, Record]) -> Frames:
    return plan, runs_table(plan, records, {}), history_table(plan, records)


def verdicts(
    checks: Any,
    sweep: Frames,
    others: Callable[[str], Frames] | None = None,
    timing: bool = False,
    **settings: Any,
) -> pd.DataFrame:
    """The verdicts on checks, one claim each, or on claims as they are."""
    claims = [c if "text" in c else {"id": f"C-{i}", "text": "So.", "check": c} for i, c in enumerate(checks)]
    plan = sweep[0]
    epochs = plan.runs[0].hyperparameters.epochs
    parsed = parse_claims(
        claims,
        plan.axes,
        plan.points,
        epochs=epochs,
        timing=timing,
        settings={"monitor": MONITORS} | settings,
    )
    return judge(parsed, *sweep, others)


def verdict(check: Any, sweep: Frames, **known: Any) -> pd.Series:
    return verdicts([check], sweep, **known).iloc[0]


def of_accuracies(
    accuracies: NDArray[Any] | Sequence[Sequence[float | None]], images: int = 1_000_000, **axes: Any
) -> Frames:
    """A finished sweep whose last validation accuracies are `accuracies[point][seed]`, on so many images."""
    plan = make_plan(axes or TWO, seeds=len(accuracies[0]), images=images, epochs=2, data=OWN)
    return frames(plan, make_records(plan, accuracies))


def of_curves(
    curves: Mapping[float, Sequence[Sequence[float]]], axis: str = "batch_size", **more: Any
) -> Frames:
    """A finished sweep with the validation accuracies `curves[value of the axis][seed][epoch]`."""
    seeds = len(next(iter(curves.values())))
    epochs = len(next(iter(curves.values()))[0])
    plan = make_plan({axis: list(curves)}, seeds=seeds, epochs=epochs, data=OWN)
    flat = [list(curve) for rows in curves.values() for curve in rows]
    records = {}
    for run, curve in zip(plan.runs, flat, strict=True):
        record = make_record(run, curve[-1], epochs=len(curve))
        records[run.run_id] = with_curves(record, validation_accuracy=curve, **more)
    return frames(plan, records)
