"""Two sweeps side by side, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnexp.report.build import answer_of
from nnexp.results.by_point import accuracy_metric, samples
from nnexp.results.means import interval_of_mean
from nnexp.results.tables import Results
from nnexp.statistics.intervals import mean_interval
from nnexp.sweep.question.plan import Plan
from nnexp.text import count, spelled

PointsAndSeeds = NDArray[np.float64]  # (points, seeds)
Both = tuple[str, str]  # a text of each


@dataclass(frozen=True)
class Pair:
    """`heads`: what each is; `settings`: those that differ; `rows`: the validation accuracies, in %, at the
    points that both have, a text under each of `headings`."""

    heads: Mapping[str, Both]
    settings: Mapping[str, Both]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def pair_of(names: Both, first: Results, second: Results) -> Pair:
    """Two sweeps with these names."""
    both = (first, second)
    answers = [answer_of(results) for results in both]
    heads = {
        "sweep": names,
        "question": [answer.question or "-" for answer in answers],
        "runs": [f"{len(each.tables.runs)} of {count(len(each.plan.runs), 'run')} ended" for each in both],
        "best": [answer.result.text if answer.result else "not known yet" for answer in answers],
    }
    headings = (*sorted(first.plan.axes), "first", "second", "second minus first, in points")
    return Pair(
        {name: (texts[0], texts[1]) for name, texts in heads.items()},
        differing(_settings(first.plan), _settings(second.plan)),
        headings,
        tuple(_rows(first, second)),
    )


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Both]:
    """Name -> both values, of what is not the same."""
    values = {name: (spelled(a.get(name)), spelled(b.get(name))) for name in dict.fromkeys([*a, *b])}
    return {name: both for name, both in values.items() if both[0] != both[1]}


def _settings(plan: Plan) -> dict[str, str]:
    """Each setting with the values that the runs have, in order."""
    settings = [run.settings for run in plan.runs]
    values = {name: list(dict.fromkeys(spelled(each[name]) for each in settings)) for name in settings[0]}
    return {name: ",".join(several) for name, several in values.items()}


def _rows(first: Results, second: Results) -> list[tuple[str, ...]]:
    numbers = [_numbers_of_points(results.plan) for results in (first, second)]
    common = [point for point in numbers[0] if point in numbers[1]]
    if not common:
        return []
    before = _accuracies(first, [numbers[0][point] for point in common])
    after = _accuracies(second, [numbers[1][point] for point in common])
    plan = first.plan if first.plan.until else second.plan
    gaps = _differences(before, after, plan if first.plan.seeds == second.plan.seeds else None)
    columns = zip(common, mean_interval(before).mean, mean_interval(after).mean, gaps, strict=True)
    return [(*(value for _, value in point), _percent(a), _percent(b), gap) for point, a, b, gap in columns]


def _accuracies(results: Results, points: Sequence[int]) -> PointsAndSeeds:
    """The validation accuracies at the points of these numbers."""
    metric = accuracy_metric(results.plan)
    values: PointsAndSeeds = samples(results.plan, results.tables.runs, [metric])[0, list(points)]
    return values


def _numbers_of_points(plan: Plan) -> dict[tuple[tuple[str, str], ...], int]:
    """Each point, its axes in a fixed order, and its number."""
    points = ([(axis, spelled(value)) for axis, value in point.items()] for point in plan.points)
    return {tuple(sorted(point, key=lambda pair: pair[0])): number for number, point in enumerate(points)}


def _differences(first: PointsAndSeeds, second: PointsAndSeeds, plan: Plan | None) -> list[str]:
    """second - first at each point; of pairs, where both have the same seeds, with the interval of `plan`."""
    if plan is None:
        return [_percent(gap, "+") for gap in mean_interval(second).mean - mean_interval(first).mean]
    mean, low, high, _ = interval_of_mean(plan, second - first)
    halves = [f" ± {_percent(half)}" if half == half else "" for half in (high - low) / 2]  # not NaN
    return [_percent(gap, "+") + half for gap, half in zip(mean, halves, strict=True)]


def _percent(fraction: float, sign: str = "") -> str:
    return "-" if np.isnan(fraction) else f"{100 * fraction:{sign}.2f}"
