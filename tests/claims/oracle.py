"""A slow second reading of claims, straight from the sweep file's mapping, in plain Python and SciPy."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import stats

from nnexp.claims.sweep_runs import Frames

Others = Callable[[str], Frames]
HIGHER, LOWER = 1, -1
WEAKEST_FIRST = ("refuted", "fails", "undecided", "holds", "reproduced")
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


def told(check: Mapping[str, Any], own: Frames, others: Others, tests: int) -> str | None:
    """The verdict on a check, out of `tests` of its claim; None for an optimum that tests decide."""
    over = _over(check)
    if "optimum" in check:
        return None
    pairs = list(_pairs(check, own, others, over))
    verdicts = [_told(check, left, right, over, tests) for left, right in pairs]
    return min(verdicts, key=WEAKEST_FIRST.index)


def decisions_in(checks: Sequence[Mapping[str, Any]], own: Frames) -> int:
    """How many tests these checks make."""
    return sum(len(_grid(check, own)) - 1 if "rel" in check and "along" in check else 1 for check in checks)


def _over(check: Mapping[str, Any]) -> str:
    if "equal" in check:
        return str(check["equal"].get("over", "paired"))
    for statistic in ("sd", "share"):
        if statistic in check["left"]:
            return statistic
    return str(
        check.get("over", "paired" if isinstance(check.get("right"), Mapping) or "along" in check else "mean")
    )


def _grid(check: Mapping[str, Any], own: Frames) -> list[Any]:
    axis, (low, high) = check["along"], check.get("between", (-math.inf, math.inf))
    return sorted({point[axis] for point in own[0].points if low <= point[axis] <= high})


def _pairs(
    check: Mapping[str, Any], own: Frames, others: Others, over: str
) -> Iterator[tuple[dict[int, float], Any]]:
    """The two sides of each comparison; seed -> value, or a number, or None."""
    sides = check.get("equal", check)
    if "along" in check:
        at = check["left"].get("at", {})
        lefts = [check["left"] | {"at": {**at, check["along"]: value}} for value in _grid(check, own)]
        yield from ((b, a) for a, b in pairwise(quantity(left, own, others, over) for left in lefts))
        return
    right = sides.get("right")
    yield (
        quantity(sides["left"], own, others, over),
        quantity(right, own, others, over) if isinstance(right, Mapping) else right,
    )


def _told(check: Mapping[str, Any], left: Mapping[int, float], right: Any, over: str, tests: int) -> str:
    wide = 1 - 0.05 / tests
    level = 0.90 if "equal" in check else 0.95
    limits = [_interval(check, left, right, over, each) for each in (level, wide)]
    if math.isnan(limits[0][0]):
        return "holds" if _holds(check, left, right, over) else "fails"
    if all(_within(check, limit, right) == 0 for limit in limits[0]):
        return "reproduced"
    sides = {_within(check, limit, right) for limit in limits[1]}
    return "refuted" if len(sides) == 1 and 0 not in sides else "undecided"


def _within(check: Mapping[str, Any], effect: float, right: Any) -> int:
    """Whether an effect (left, left - right, or left / right) is too low, right, or too high."""
    if "rel" not in check:
        low, high = check.get("low", -math.inf), check.get("high", math.inf)
        if "equal" in check:
            low, high = -check["equal"]["within"], check["equal"]["within"]
        return -1 if effect < low else 1 if effect > high else 0
    limit = check.get("times", check.get("margin", 0)) + (0 if isinstance(right, Mapping) else right)
    wrong = -1 if ">" in check["rel"] else 1
    return 0 if RELATIONS[check["rel"]](effect, limit) else wrong


def _interval(
    check: Mapping[str, Any], left: Mapping[int, float], right: Any, over: str, level: float
) -> tuple[float, float]:
    """On left, left - right or left / right; NaN for none."""
    two = isinstance(right, Mapping)
    if over in ("median", "share"):
        of = _median_limits if over == "median" else _share_limits
        if not two:
            return of(list(left.values()), level)
        (a, b), (c, d) = (of(list(side.values()), (1 + level) / 2) for side in (left, right))
        return (a / d, b / c) if "times" in check else (a - d, b - c)
    if over not in ("mean", "paired"):
        return math.nan, math.nan
    a = np.array([left[seed] for seed in left])
    b = np.array([right[seed] for seed in left]) if two else np.zeros(len(a))
    positive = min(*a, *b) > 0
    if not np.isfinite([*a, *b]).all() or ("times" in check and not positive):
        return -math.inf, math.inf
    sample = np.log(a) - np.log(b) if "times" in check else a - b
    half = stats.t.ppf(0.5 + level / 2, len(a) - 1) * np.std(sample, ddof=1) / math.sqrt(len(a))
    low, high = float(sample.mean() - half), float(sample.mean() + half)
    return (math.exp(low), math.exp(high)) if "times" in check else (low, high)


def _median_limits(values: list[float], level: float) -> tuple[float, float]:
    """The k-th value from either end: fewer than k of n lie below the median with probability bdtr(k - 1)."""
    n, values = len(values), sorted(values)
    trimmed = [k for k in range(1, n // 2 + 1) if 2 * stats.binom.cdf(k - 1, n, 0.5) <= 1 - level]
    return (values[trimmed[-1] - 1], values[-trimmed[-1]]) if trimmed else (math.nan, math.nan)


def _share_limits(values: list[float], level: float) -> tuple[float, float]:
    low, high = stats.binomtest(int(sum(values)), len(values)).proportion_ci(level)
    return float(low), float(high)


def _holds(check: Mapping[str, Any], left: Mapping[int, float], right: Any, over: str) -> bool:
    """Whether what has no interval holds for these seeds."""
    if over == "each":
        pairs = [(left[seed], right[seed] if isinstance(right, Mapping) else right) for seed in left]
        return all(_meets(check, a, b) for a, b in pairs)
    best = max if _way(check["left"]) == HIGHER else min
    take: Callable[[Any], float] = {"median": statistics.median, "sd": statistics.stdev}.get(over, best)
    a, b = (take(side.values()) if isinstance(side, Mapping) else side for side in (left, right))
    return _meets(check, a, b)


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
    """seed -> value of a quantity as the sweep file states it; of a share 1 for the seeds that count."""
    around = {key: stated[key] for key in ("at", "sweep") if key in stated}
    for name in ("difference", "ratio"):
        if name in stated:
            a, b = (quantity(around | part, own, others, over) for part in _parts(stated[name], around))
            return {s: a[s] - b[s] if name == "difference" else a[s] / b[s] for s in a}
    if "sd" in stated:
        return quantity(_parts([stated["sd"]], around)[0], own, others, over)
    if stated.get("share") == "diverged":
        frames = others(stated["sweep"]) if "sweep" in stated else own
        return dict.fromkeys(frames[0].seeds, 0.0)  # no run of these sweeps has diverged
    if "share" in stated:
        values = quantity(_parts([stated["share"]], around)[0], own, others, over)
        above = {
            s: v > stated["above"] if "above" in stated else v < stated["below"] for s, v in values.items()
        }
        return {seed: float(each) for seed, each in above.items()}
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
