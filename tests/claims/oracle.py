"""A slow second reading of claims, straight from the sweep file's mapping, in plain Python.

It decides what is decided without an interval: `over` median, best or each, and sd, share. None for the rest.
"""

import math
import statistics
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from nnexp.claims.samples import Frames

Others = Callable[[str], Frames]
HIGHER, LOWER = 1, -1
RELATIONS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
STATISTICS: dict[str, Callable[[list[float], list[float], float, int], float]] = {
    # of the epochs and values of a run after epoch 0; `n`: the number that the statistic takes; `way`: better
    "final": lambda epochs, values, n, way: values[-1],
    "best": lambda epochs, values, n, way: max(values) if way == HIGHER else min(values),
    "lowest": lambda epochs, values, n, way: min(values),
    "highest": lambda epochs, values, n, way: max(values),
    "best_epoch": lambda epochs, values, n, way: epochs[
        values.index(max(values) if way == HIGHER else min(values))
    ],
    "increases": lambda epochs, values, n, way: sum(b > a for a, b in pairwise(values)),
    "at_epoch": lambda epochs, values, n, way: values[epochs.index(n)],
    "mean_first": lambda epochs, values, n, way: statistics.fmean(
        v for e, v in zip(epochs, values, strict=True) if e <= n
    ),
    "lowest_first": lambda epochs, values, n, way: min(
        v for e, v in zip(epochs, values, strict=True) if e <= n
    ),
    "mean_last": lambda epochs, values, n, way: statistics.fmean(
        v for e, v in zip(epochs, values, strict=True) if e > epochs[-1] - n
    ),
    "mean_step": lambda epochs, values, n, way: statistics.fmean(
        abs(values[i] - values[i - 1]) for i in range(1, len(values)) if epochs[i] > epochs[-1] - n
    ),
    "epochs_to": lambda epochs, values, n, way: next(
        (e for e, v in zip(epochs, values, strict=True) if way * v >= way * n), math.inf
    ),
}
STATISTICS["seconds_to"] = STATISTICS["epochs_to"]  # of the seconds at those epochs


def holds(check: Mapping[str, Any], own: Frames, others: Others) -> bool | None:
    """Whether a check holds; None where an interval decides."""
    over = check.get("over")
    if set(check["left"]) & {"sd", "share"}:
        over = "median"  # there is one number of all seeds
    if over not in ("median", "best", "each") or "optimum" in check:
        return None
    if "along" in check:
        axis, (low, high) = check["along"], check.get("between", (-math.inf, math.inf))
        grid = sorted({point[axis] for point in own[0].points if low <= point[axis] <= high})
        at = check["left"].get("at", {})
        lefts = [check["left"] | {"at": {**at, axis: value}} for value in grid]
        values = [quantity(left, own, others, over) for left in lefts]
        return all(_side_by_side(check, after, before, over) for before, after in pairwise(values))
    left, right = quantity(check["left"], own, others, over), check.get("right")
    right = quantity(right, own, others, over) if isinstance(right, Mapping) else right
    return _side_by_side(check, left, right, over)


def _side_by_side(check: Mapping[str, Any], left: Mapping[int, float], right: Any, over: str) -> bool:
    way = _way(check["left"])
    take = {"median": statistics.median, "best": max if way == HIGHER else min}.get(over)
    if take:
        a = take(left.values())
        b = take(right.values()) if isinstance(right, Mapping) else right
        return _meets(check, a, b)
    if isinstance(right, Mapping):
        return all(_meets(check, left[seed], right[seed]) for seed in left)
    return all(_meets(check, value, right) for value in left.values())


def _meets(check: Mapping[str, Any], a: float, b: float | None) -> bool:
    if "rel" not in check:
        return bool(check.get("low", -math.inf) <= a <= check.get("high", math.inf))
    assert b is not None
    limit = b * check["times"] if "times" in check else b + check.get("margin", 0)
    return bool(RELATIONS[check["rel"]](a, limit))


def _way(stated: Mapping[str, Any]) -> int:
    """Which way is better, of the statistic or the metric that a quantity names."""
    if "epochs_to" in stated or "seconds_to" in stated:
        return LOWER
    return _way_of(next((str(v) for k, v in stated.items() if k in STATISTICS), ""))


def _way_of(metric: str) -> int:
    return HIGHER if metric.endswith("accuracy") else LOWER


def quantity(stated: Mapping[str, Any], own: Frames, others: Others, over: str) -> dict[int, float]:
    """seed -> value of a quantity as the sweep file states it; of sd and share the same for all seeds."""
    around = {key: stated[key] for key in ("at", "sweep") if key in stated}
    for name in ("difference", "ratio"):
        if name in stated:
            a, b = (quantity(around | part, own, others, over) for part in _parts(stated[name], around))
            return {s: a[s] - b[s] if name == "difference" else a[s] / b[s] for s in a}
    if "sd" in stated:
        values = quantity(_parts([stated["sd"]], around)[0], own, others, over).values()
        return {0: statistics.stdev(values)}
    if stated.get("share") == "diverged":
        return {0: 0.0}  # no run of these sweeps has diverged
    if "share" in stated:
        values = quantity(_parts([stated["share"]], around)[0], own, others, over).values()
        counted = [v > stated["above"] if "above" in stated else v < stated["below"] for v in values]
        return {0: statistics.fmean(counted)}
    return _at_a_point(stated, own, others, over)


def _parts(parts: list[Mapping[str, Any]], around: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts of a quantity, each with the place of the whole."""
    return [{**around, **part, "at": {**around.get("at", {}), **part.get("at", {})}} for part in parts]


def _at_a_point(stated: Mapping[str, Any], own: Frames, others: Others, over: str) -> dict[int, float]:
    frames = others(stated["sweep"]) if "sweep" in stated else own
    plan, axis = frames[0], stated.get("best_of")
    at = {k: tuple(v) if isinstance(v, list) else v for k, v in stated.get("at", {}).items()}
    points = [i for i, point in enumerate(plan.points) if all(point[k] == v for k, v in at.items())]
    assert len(points) == 1 or axis
    by_point = [_of_runs(stated, frames, i) for i in points]
    way = _way(stated)
    rank = {"best": max if way == HIGHER else min}.get(over, statistics.median)
    return max(by_point, key=lambda values: way * rank(values.values()))


def _of_runs(stated: Mapping[str, Any], frames: Frames, point: int) -> dict[int, float]:
    """seed -> the statistic of the run, from its rows in the history."""
    plan, runs, history = frames
    name = next(key for key in stated if key in STATISTICS)
    metric, number = stated[name], next((stated[k] for k in ("epoch", "epochs", "target") if k in stated), 0)
    values = {}
    for run in (run for run in plan.runs if run.point == point):
        if metric in runs and name == "final":
            values[run.hyperparameters.seed] = float(runs.set_index("run_id").loc[run.run_id, metric])
            continue
        rows = history[history["run_id"] == run.run_id]
        rows = rows if name == "at_epoch" else rows[rows["epoch"] > 0]
        times = rows["seconds" if name == "seconds_to" else "epoch"]
        column = rows["training_cost"] + rows["penalty"] if metric == "objective" else rows[metric]
        if "relative_to" in stated:
            column = column / rows[stated["relative_to"]]
        values[run.hyperparameters.seed] = STATISTICS[name](
            times.astype(float).tolist(), column.astype(float).tolist(), number, _way_of(metric)
        )
    return values
