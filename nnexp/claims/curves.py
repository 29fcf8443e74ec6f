"""The metrics that claims name, and the statistics of one run's curve, a metric against the epoch.

Everything that is known of a statistic stands in its row of `STATISTICS`.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnexp.errors import UserError, unknown
from nnexp.statistics.intervals import Floats
from nnexp.sweep.store.record import FINAL

OBJECTIVE = "objective"  # training_cost + penalty: what training makes small; the book calls it training cost
RUN_METRICS = ("epochs_done", "seconds_per_epoch", "evaluation_seconds")  # one value per run
OF_CURVES = (
    *(f"{part}_{what}" for part in ("training", "validation", "test") for what in ("cost", "accuracy")),
    *("penalty", OBJECTIVE, "seconds", "dead_classes"),
)
OF_LAYERS = re.compile(
    r"(?:(gradient_norm)_(?:bias|weight)|(saturated_share|weight_norm|small_weights|update_norm))_([1-9]\d*)"
)
LAYER_EXAMPLES = (
    *("gradient_norm_bias_1", "gradient_norm_weight_1", "saturated_share_1"),
    *("weight_norm_1", "small_weights_1", "update_norm_1"),
)


def better(metric: str) -> int:
    """1: the higher the better, -1: the lower, 0: neither."""
    if metric.endswith("accuracy"):
        return 1
    smaller = metric.endswith("cost") or "seconds" in metric or metric in ("epochs_done", OBJECTIVE)
    return -1 if smaller else 0


def check_metric(metric: Any, statistic: str, *, curve: bool) -> None:
    """The metric has a name; `curve`: one that has a value at every epoch."""
    names = OF_CURVES if curve else (*OF_CURVES, *RUN_METRICS)
    if not isinstance(metric, str) or not (metric in names or OF_LAYERS.fullmatch(metric)):
        raise unknown("metric", metric, (*names, *LAYER_EXAMPLES))
    if metric in RUN_METRICS and statistic != "final":
        raise UserError(f"{metric} is one number per run: its statistic must be final, got {statistic}")


def check_recorded(metric: str, settings: Mapping[str, Any], *, at_end: bool) -> None:
    """Runs with these settings record the metric; `at_end`: once, at the end of the run."""
    monitors, layer = settings["monitor"], OF_LAYERS.fullmatch(metric)
    monitor = layer[1] or layer[2] if layer else metric if metric == "dead_classes" else ""
    if metric.startswith("test_") and not at_end:
        monitor = "test"
    if monitor and monitor not in monitors:
        raise UserError(f"{metric} by epoch needs monitor.{monitor}=true, got {list(monitors)}")
    sizes = settings.get("hidden_size")
    hidden = len(sizes) if isinstance(sizes, list | tuple) else settings["hidden_layers"]
    layers = hidden + (not metric.startswith("saturated_share"))
    if layer and int(layer[3]) > layers:
        raise UserError(f"layer must be within 1 and {layers}, got {metric}")


class Curve(NamedTuple):
    """A metric of one run: `epochs`, `values`, `seconds` (rows,), missing values left out.

    `last`: the last epoch of the run. `better`: 1 if a higher value is better, -1 if a lower, 0 if neither.
    """

    epochs: Floats
    values: Floats
    seconds: Floats
    last: float
    better: int


def after_start(curve: Curve) -> Curve:
    """Without epoch 0, which is before training."""
    rows = curve.epochs > 0
    return curve._replace(epochs=curve.epochs[rows], values=curve.values[rows], seconds=curve.seconds[rows])


def _at(curve: Curve, epoch: float) -> float:
    values = curve.values[curve.epochs == epoch]
    return float(values[0]) if len(values) else math.nan


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan


def _best(curve: Curve) -> int:
    """The row of the first best value."""
    return int(np.argmax(curve.better * curve.values))


def _mean_first(curve: Curve, epochs: float) -> float:
    return _mean(curve.values[curve.epochs <= epochs]) if curve.last >= epochs else math.nan


def _lowest_first(curve: Curve, epochs: float) -> float:
    first = curve.values[curve.epochs <= epochs]
    return float(first.min()) if len(first) and curve.last >= epochs else math.nan


def _mean_step(curve: Curve, epochs: float) -> float:
    """The mean |change| between neighbouring rows, in the last epochs."""
    return _mean(np.abs(np.diff(curve.values))[curve.epochs[1:] > curve.last - epochs])


def _first_at_target(times: Floats, curve: Curve, target: float) -> float:
    """The first of `times` (rows,) at which the target is reached; infinite if it never is."""
    rows = np.flatnonzero(curve.better * curve.values >= curve.better * target)
    return float(times[rows[0]]) if len(rows) else math.inf


class Statistic(NamedTuple):
    """A number that is made of a run's curve.

    `words`: how it is told, with its `metric` and `number`. `of`: its value; NaN where a curve has none.
    `number`: what it takes beside the metric, by name.
    `better`: which way its values are better; None: as those of the metric. `takes_better`: it makes sense
    only where the metric has a better way. `of_metric`: its values are in the metric's unit. `chooses`: it
    takes an epoch by the values. `columns`: metric -> column of runs.csv that holds the same number.
    """

    words: str
    of: Callable[[Curve, float], float]
    number: str | None = None
    better: int | None = None
    takes_better: bool = False
    of_metric: bool = True
    chooses: bool = False
    columns: Mapping[str, str] = {}


FINAL_COLUMNS = {
    **{name: f"final_{name}" for name in FINAL},
    **{name: name for name in (*RUN_METRICS, "test_cost", "test_accuracy")},
}
BEST_COLUMNS = {"validation_accuracy": "best_validation_accuracy"}
STATISTICS = {
    "final": Statistic("final {metric}", lambda curve, _: _at(curve, curve.last), columns=FINAL_COLUMNS),
    "best": Statistic(
        "best {metric}",
        lambda curve, _: float(curve.values[_best(curve)]),
        takes_better=True,
        chooses=True,
        columns=BEST_COLUMNS,
    ),
    "lowest": Statistic("lowest {metric}", lambda curve, _: float(curve.values.min()), chooses=True),
    "highest": Statistic(
        "highest {metric}", lambda curve, _: float(curve.values.max()), chooses=True, columns=BEST_COLUMNS
    ),
    "best_epoch": Statistic(
        "epoch of the best {metric}",
        lambda curve, _: float(curve.epochs[_best(curve)]),
        better=0,
        takes_better=True,
        of_metric=False,
        chooses=True,
        columns={"validation_accuracy": "best_epoch"},
    ),
    "increases": Statistic(
        "number of increases of {metric}",
        lambda curve, _: float((np.diff(curve.values) > 0).sum()),
        better=0,
        of_metric=False,
    ),
    "at_epoch": Statistic("{metric} after epoch {number}", _at, "epoch"),
    "mean_first": Statistic("mean {metric} of the first {number} epochs", _mean_first, "epochs"),
    "lowest_first": Statistic(
        "lowest {metric} of the first {number} epochs", _lowest_first, "epochs", chooses=True
    ),
    "mean_last": Statistic(
        "mean {metric} of the last {number} epochs",
        lambda curve, n: _mean(curve.values[curve.epochs > curve.last - n]),
        "epochs",
    ),
    "mean_step": Statistic(
        "mean step of {metric} in the last {number} epochs", _mean_step, "epochs", better=0
    ),
    "epochs_to": Statistic(
        "epochs to {metric} {number}",
        lambda curve, target: _first_at_target(curve.epochs, curve, target),
        number="target",
        better=-1,
        takes_better=True,
        of_metric=False,
        chooses=True,
    ),
    "seconds_to": Statistic(
        "seconds to {metric} {number}",
        lambda curve, target: _first_at_target(curve.seconds, curve, target),
        number="target",
        better=-1,
        takes_better=True,
        of_metric=False,
        chooses=True,
    ),
}


def statistic_of(name: str, curve: Curve, number: float | None) -> float:
    """The value of a statistic; NaN where the run has none. Rows are the evaluated epochs."""
    if name != "at_epoch":
        curve = after_start(curve)
    return STATISTICS[name].of(curve, number or 0.0) if len(curve.values) else math.nan
