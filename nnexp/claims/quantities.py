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

from nnexp.claims.curves import STATISTICS
from nnexp.claims.metrics import better, check_metric, check_recorded
from nnexp.claims.places import Point, select
from nnexp.errors import UserError, unknown

PAIRS = ("difference", "ratio")
OVER_SEEDS = ("sd", "share")
NAMES = (*STATISTICS, *PAIRS, *OVER_SEEDS)
TO_TARGET = ("epochs_to", "seconds_to")
TAKES_BETTER = ("best", "best_epoch", *TO_TARGET)  # make sense only where one way is better
UNITLESS = ("best_epoch", "increases", *TO_TARGET)  # in epochs or seconds, whatever the metric is in
SETTINGS: dict[str, Any] = {"monitor": (), "hidden_layers": 1, "evaluate_every": 1}


@dataclass(frozen=True)
class Premises:
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
        if self.statistic in TO_TARGET:
            return -1
        return 0 if self.statistic in ("best_epoch", "increases", "mean_step") else self.curve_better

    @property
    def curve_better(self) -> int:
        """The same for the values of its curve."""
        return 0 if self.relative_to else better(self.metric)

    @property
    def is_accuracy(self) -> bool:
        """Whether its values are fractions of examples."""
        if self.statistic in ("difference", "sd"):
            return all(part.is_accuracy for part in self.parts)
        plain = self.statistic not in UNITLESS and not self.relative_to
        return plain and self.metric.endswith("accuracy")

    @property
    def is_time(self) -> bool:
        return any(q.statistic == "seconds_to" or "seconds" in q.metric + q.relative_to for q in self.leaves)

    @property
    def of_kept_weights(self) -> bool:
        """Whether it is evaluated once, at the end of a run: what every run has of the test data."""
        return self.statistic == "final" and self.metric.startswith("test_") and not self.relative_to


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number within its range; a UserError tells otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"{name} must be a number, got {value!r}")
    if not low <= value <= high:
        limits = f">= {low:g}" if high == math.inf else f"within {low:g} and {high:g}"
        raise UserError(f"{name} must be {limits}, got {value!r}")
    return float(value)


def read_quantity(
    raw: Any, sweep: Premises, along: str | None = None, at: Point | None = None, other: str | None = None
) -> Quantity:
    """The quantity that a sweep file states. With `along`, its points differ along that axis.

    `at`, `other`: partial point and sweep that it takes over from the quantity around it.

    Raises:
        UserError: it cannot be understood, or no run of the sweep has it.
    """
    statistic = _statistic(raw)
    if not isinstance(raw.get("at", {}), Mapping):
        raise UserError(f"at must be a partial point such as {{batch_size: 10}}, got {raw['at']!r}")
    at, other = {**(at or {}), **raw.get("at", {})}, raw.get("sweep", other)
    if other is not None and not isinstance(other, str):
        raise UserError(f"sweep must be the name of a sweep, got {other!r}")
    if statistic in STATISTICS or (statistic == "share" and raw["share"] == "diverged"):
        return _checked(_leaf(raw, statistic, at, other), sweep, along)
    items = raw[statistic] if statistic in PAIRS else [raw[statistic]]
    if statistic in PAIRS and (not isinstance(items, Sequence) or len(items) != 2 or isinstance(items, str)):
        raise UserError(f"{statistic} must be a list of two quantities, got {items!r}")
    parts = tuple(read_quantity(item, sweep, along, at, other) for item in items)
    for part in parts:
        if part.statistic in OVER_SEEDS:
            raise UserError(f"{statistic} takes a number of each seed, got {part.statistic}")
    limit, above = _limit(raw) if statistic == "share" else (None, True)
    return Quantity(statistic, number=limit, above=above, parts=parts)


def _statistic(raw: Any) -> str:
    """The one statistic that a quantity names; every other key goes with it."""
    if not isinstance(raw, Mapping) or not raw:
        raise UserError(f"a quantity must be a mapping such as {{best: validation_accuracy}}, got {raw!r}")
    named = [key for key in raw if key in NAMES]
    if len(named) > 1:
        raise UserError(f"a quantity must have one statistic, got {' and '.join(named)}")
    for key in [] if named else raw:
        raise unknown("statistic", key, NAMES)
    allowed = [named[0], "at", "sweep"]
    if named[0] in STATISTICS:
        allowed += ["best_of", "relative_to", *filter(None, [STATISTICS[named[0]].number])]
    elif named[0] == "share" and raw["share"] != "diverged":
        allowed += ["above", "below"]
    for key in raw:
        if key not in allowed:
            raise unknown(f"key beside {named[0]}", key, allowed)
    return str(named[0])


def _limit(raw: Mapping[str, Any]) -> tuple[float, bool]:
    given = [key for key in ("above", "below") if key in raw]
    if len(given) != 1:
        raise UserError(f"share must have above or below, got {' and '.join(given) or 'neither'}")
    return number(given[0], raw[given[0]]), given[0] == "above"


def _leaf(raw: Mapping[str, Any], statistic: str, at: Point, other: str | None) -> Quantity:
    """A statistic of a metric, with its number."""
    metric, best_of, relative_to, value = raw[statistic], raw.get("best_of"), raw.get("relative_to", ""), None
    if metric != "diverged":
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
    found = Quantity(statistic, metric, value, True, place, other, best_of, relative_to)
    if statistic in TAKES_BETTER and not found.curve_better:
        told = f"{metric} relative to {relative_to}" if relative_to else metric
        raise UserError(f"{statistic} takes an accuracy or a cost, got {told}")
    if best_of is not None and not found.better:
        raise UserError(f"best_of takes an accuracy, a cost or a time, got {statistic} {metric}")
    return found


def _checked(found: Quantity, sweep: Premises, along: str | None) -> Quantity:
    if found.is_time and not sweep.timing:
        raise UserError(
            f"a claim about time takes a sweep with timing: true, got {found.statistic} {found.metric}"
        )
    if found.sweep is None:
        for i in select(sweep.points, dict(found.at), along or found.best_of):
            _check_run(found, {**sweep.settings, **sweep.points[i]})
    return found


def _check_run(found: Quantity, settings: Mapping[str, Any]) -> None:
    """Runs with these settings have the metric, and the epochs that the statistic asks for."""
    for metric in filter(None, (found.metric, found.relative_to)):
        check_recorded(metric, settings, at_end=found.of_kept_weights)
    epochs, every = settings["epochs"], settings["evaluate_every"]
    name = STATISTICS[found.statistic].number if found.statistic in STATISTICS else None
    if name in ("epoch", "epochs") and found.number is not None:
        watched = bool(set(settings["monitor"]) - {"test"})  # these monitors look before training, too
        number(name, int(found.number), 0 if name == "epoch" and watched else 1, epochs)
        if name == "epoch" and found.number != epochs and (not every or found.number % every):
            raise UserError(f"epoch must be one that is evaluated (every {every}), got {found.number:g}")
