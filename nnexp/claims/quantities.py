"""What a claim compares: a statistic of a metric at a point, read from a sweep file and checked.

    {best: validation_accuracy, at: {batch_size: 10}}         STATISTIC: METRIC, then the number it takes
    {epochs_to: validation_accuracy, target: 0.95, at: ...}
    {difference: [{best: training_accuracy}, {best: test_accuracy}], at: ...}    seed by seed; also ratio
    {sd: {best: test_accuracy}, at: ...}                      over the seeds; also share, above or below

`at` is a partial point that selects one point of the sweep (none where there is but one); beside
difference, ratio, sd and share it holds for their parts. `sweep: NAME` takes another sweep's point, and
`best_of: AXIS` the best one along an axis. `relative_to: METRIC` divides the curve by another one, epoch by
epoch: {lowest: gradient_norm_bias_2, relative_to: gradient_norm_bias_1}. `{share: diverged}` is the share of
runs that diverged.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnexp.claims.curves import STATISTICS, better, check_metric, check_recorded
from nnexp.claims.places import Point, asking_the_runs, select_points
from nnexp.errors import UserError, unknown

PAIRS = ("difference", "ratio")
OVER_SEEDS = ("sd", "share")
NAMES = (*STATISTICS, *PAIRS, *OVER_SEEDS)
DIVERGED = "diverged"  # stands for a metric in `share: diverged`
USUAL_SETTINGS: dict[str, Any] = {"monitor": (), "hidden_layers": 1, "evaluate_every": 1}


@dataclass(frozen=True)
class Design:
    """What is known of a sweep before it runs. `settings` hold at every point, unless they are an axis."""

    points: Sequence[Point]
    timing: bool
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Quantity:
    """A number per seed at one point; `sd` and `share`: one number of all seeds.

    `number`: the epoch, epochs or target of the statistic, or the limit of a share; `above`: which side of
    the limit counts. `at`: the partial point. `parts`: two of a difference or ratio, one of sd and share.
    """

    statistic: str
    metric: str = ""
    number: float | None = None
    above: bool = True
    at: tuple[tuple[str, Any], ...] = ()
    sweep: str | None = None
    best_of: str | None = None
    relative_to: str = ""
    parts: tuple["Quantity", ...] = ()

    @property
    def leaves(self) -> Iterator["Quantity"]:
        """The quantities that this one is made of and that have a metric."""
        for part in self.parts:
            yield from part.leaves
        if not self.parts:
            yield self

    @property
    def better(self) -> int:
        """1: the higher the better, -1: the lower, 0: neither."""
        own = STATISTICS[self.statistic].better if self.statistic in STATISTICS else None
        return self.curve_better if own is None else own

    @property
    def curve_better(self) -> int:
        """The same for the values of its curve."""
        return 0 if self.relative_to else better(self.metric)

    @property
    def is_accuracy(self) -> bool:
        """Whether its values are fractions of examples."""
        if self.statistic in ("difference", "sd"):
            return all(part.is_accuracy for part in self.parts)
        of_metric = self.statistic in STATISTICS and STATISTICS[self.statistic].of_metric
        return of_metric and not self.relative_to and self.metric.endswith("accuracy")

    @property
    def is_time(self) -> bool:
        return any(q.statistic == "seconds_to" or "seconds" in q.metric + q.relative_to for q in self.leaves)

    @property
    def column(self) -> str | None:
        """The column of runs.csv that holds it, if one does."""
        if self.relative_to or self.statistic not in STATISTICS:
            return None
        return STATISTICS[self.statistic].columns.get(self.metric)


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """The value as a finite number within its range; raises UserError if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"{name} must be a number, got {value!r}")
    if not low <= value <= high:
        limits = f">= {low:g}" if high == math.inf else f"within {low:g} and {high:g}"
        raise UserError(f"{name} must be {limits}, got {value!r}")
    return float(value)


def read_quantity(
    raw: Any, design: Design, along: str | None = None, at: Point | None = None, other: str | None = None
) -> Quantity:
    """The quantity that a sweep file states. With `along`, its points differ along that axis.

    `at`, `other`: the partial point and the sweep of the quantity around it, which hold for it as well.

    Raises:
        UserError: it cannot be understood; `NoAnswerError`: no run of the sweep has it.
    """
    statistic = _statistic(raw)
    if not isinstance(raw.get("at", {}), Mapping):
        raise UserError(f"at must be a partial point such as {{batch_size: 10}}, got {raw['at']!r}")
    at, other = {**(at or {}), **raw.get("at", {})}, raw.get("sweep", other)
    if other is not None and not isinstance(other, str):
        raise UserError(f"sweep must be the name of a sweep, got {other!r}")
    if statistic in STATISTICS or (statistic == "share" and raw["share"] == DIVERGED):
        quantity = _leaf(raw, statistic, at, other)
        with asking_the_runs():
            _check_runs(quantity, design, along)
        return quantity
    items = raw[statistic] if statistic in PAIRS else [raw[statistic]]
    if statistic in PAIRS and (not isinstance(items, Sequence) or len(items) != 2 or isinstance(items, str)):
        raise UserError(f"{statistic} must be a list of two quantities, got {items!r}")
    parts = tuple(read_quantity(item, design, along, at, other) for item in items)
    for part in parts:
        if part.statistic in OVER_SEEDS:
            raise UserError(f"{statistic} takes a number of each seed, got {part.statistic}")
    limit, above = _limit(raw, parts[0]) if statistic == "share" else (None, True)
    return Quantity(statistic, number=limit, above=above, parts=parts)


def _statistic(raw: Any) -> str:
    """The one statistic that a quantity names; every other key goes with it."""
    if not isinstance(raw, Mapping) or not raw:
        raise UserError(f"a quantity must be a mapping such as {{best: validation_accuracy}}, got {raw!r}")
    names = [key for key in raw if key in NAMES]
    if len(names) > 1:
        raise UserError(f"a quantity must have one statistic, got {' and '.join(names)}")
    for key in [] if names else raw:
        raise unknown("statistic", key, NAMES)
    statistic = str(names[0])
    allowed = [statistic, "at", "sweep"]
    if statistic in STATISTICS:
        allowed += ["best_of", "relative_to", *filter(None, [STATISTICS[statistic].number])]
    elif statistic == "share" and raw["share"] != DIVERGED:
        allowed += ["above", "below"]
    for key in raw:
        if key not in allowed:
            raise unknown(f"key beside {statistic}", key, allowed)
    return statistic


def _limit(raw: Mapping[str, Any], part: Quantity) -> tuple[float, bool]:
    """The limit of a share of seeds, and whether those above it count."""
    sides = [key for key in ("above", "below") if key in raw]
    if len(sides) != 1:
        raise UserError(f"share must have above or below, got {' and '.join(sides) or 'neither'}")
    limit = number(sides[0], raw[sides[0]])
    if part.is_accuracy and abs(limit) > 1:
        raise UserError(f"{sides[0]} must be within -1 and 1, since an accuracy is a fraction, got {limit:g}")
    return limit, sides[0] == "above"


def _leaf(raw: Mapping[str, Any], statistic: str, at: Point, other: str | None) -> Quantity:
    """A statistic of a metric, with its number."""
    metric, best_of, relative_to, value = raw[statistic], raw.get("best_of"), raw.get("relative_to", ""), None
    if metric != DIVERGED:
        check_metric(metric, statistic, curve="relative_to" in raw)
    if "relative_to" in raw:
        check_metric(relative_to, statistic, curve=True)
    if statistic in STATISTICS and (name := STATISTICS[statistic].number):
        if name not in raw:
            raise UserError(f"{statistic} must have {name}, got {dict(raw)}")
        least = 1 if name == "epochs" else 0
        value = number(name, raw[name], least, 1 if name == "target" and better(metric) > 0 else math.inf)
        if name != "target" and not value.is_integer():
            raise UserError(f"{name} must be a whole number, got {raw[name]!r}")
    place = tuple(at.items())
    quantity = Quantity(statistic, metric, value, True, place, other, best_of, relative_to)
    if statistic in STATISTICS and STATISTICS[statistic].takes_better and not quantity.curve_better:
        curve = f"{metric} relative to {relative_to}" if relative_to else metric
        raise UserError(f"{statistic} takes an accuracy or a cost, got {curve}")
    if best_of is not None and not quantity.better:
        raise UserError(f"best_of takes an accuracy, a cost or a time, got {statistic} {metric}")
    return quantity


def _check_runs(quantity: Quantity, design: Design, along: str | None) -> None:
    """Raise `UserError` unless the runs of the sweep have the quantity."""
    statistic, metric = quantity.statistic, quantity.metric
    if quantity.is_time and not design.timing:
        raise UserError(f"a claim about time needs a sweep with timing: true, got {statistic} {metric}")
    if quantity.sweep is None:
        for i in select_points(design.points, dict(quantity.at), along or quantity.best_of):
            _check_run(quantity, {**design.settings, **design.points[i]})


def _check_run(quantity: Quantity, settings: Mapping[str, Any]) -> None:
    """Runs with these settings have the metric, and the epochs that the statistic asks for."""
    for metric in filter(None, (quantity.metric, quantity.relative_to)):
        check_recorded(metric, settings, at_end=quantity.column is not None)
    epochs, every = settings["epochs"], settings["evaluate_every"]
    name = STATISTICS[quantity.statistic].number if quantity.statistic in STATISTICS else None
    if name in ("epoch", "epochs") and quantity.number is not None:
        from_start = bool(set(settings["monitor"]) - {"test"})  # these monitors look before training, too
        number(name, int(quantity.number), 0 if name == "epoch" and from_start else 1, epochs)
        if name == "epoch" and quantity.number != epochs and (not every or quantity.number % every):
            raise UserError(f"epoch must be one that is evaluated (every {every}), got {quantity.number:g}")
